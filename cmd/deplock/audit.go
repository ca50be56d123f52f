package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/exit"
	"depfetch/fetch"
	"depfetch/fetch/source"
	"depfetch/lock/update"
)

func (c *command) auditCommand() *cobra.Command {
	var (
		o          online
		asJSON     bool
		signatures bool
		known      vulnerabilityFlags
	)
	cmd := &cobra.Command{
		Use:   "audit [NAME|URL…]",
		Short: "Ask upstream whether it still serves the locked bytes; never a cache or mirror",
		Long: `audit downloads every locked line, those of [urls] included, from its origin and
tells apart: the same bytes, other bytes under the same URL, nothing there any more,
moved for good, and unreachable. Where a rule of --rewrite leads, nothing is
unreachable, not gone: upstream itself has not said so. With --cache and the old
bytes in it, it names the members in which two archives differ. With --signatures, a
line whose signature does not hold any more is unverified: the key has expired, say, or
is revoked. It exits 1 if upstream has changed or a dependency is not locked, and 3 if all that
is wrong is that something could not be reached.` + vulnerabilitiesLong,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := known.check(cmd.Flags().Changed, len(c.lockFiles), asJSON, signatures); err != nil {
				return err
			}
			if known.on {
				return c.vulnerabilities(cmd.Context(), known, o, args, asJSON)
			}
			s, err := c.lawfulSelection(args)
			if err != nil {
				return err
			}
			client, err := c.client(o, s.file)
			if err != nil {
				return err
			}
			findings, err := client.Audit(cmd.Context(), s.deps, s.pins, signatures)
			if err != nil {
				return err
			}
			if asJSON {
				err = c.auditJSON(findings)
			} else {
				c.auditText(findings, signatures)
			}
			c.judgeUncompared(s, len(args) > 0, len(findings) > 0)
			return err
		},
	}
	cmd.Flags().BoolVar(&signatures, "signatures", false, "also verify the signatures again, with the keys as they are now")
	cmd.Flags().BoolVar(&asJSON, "json", false, "an object a line, for every locked line, or with --vulnerabilities for what is known of each")
	o.register(cmd)
	known.register(cmd.Flags())
	return cmd
}

// judge sets the exit code of a look at several places, of which one is fine, could not be
// asked, or neither.
func (c *command) judge(fine, unreachable bool) {
	switch {
	case fine:
	case unreachable && c.code == exit.OK:
		c.code = exit.Unavailable
	case !unreachable:
		c.code = exit.Failure
	}
}

// judgeUncompared says what of a selection has nothing that upstream could be compared with:
// what is not locked, which counts as a finding, and what a person has left unpinned, which
// counts where the arguments name that alone.
func (c *command) judgeUncompared(s selected, named, compared bool) {
	for _, d := range s.deps {
		if what := unlocked(s.file, d, nil); what != "" {
			c.console.Warnf("%s: not compared: not locked for %s", d.Name, what)
			c.console.Hintf("deplock update %s", d.Name)
			c.code = exit.Failure
		}
	}
	if compared {
		return
	}
	_, unpinned := splitPins(s.pins)
	for _, p := range unpinned {
		c.console.Warnf("%s: not compared: it is unpinned: %s", source.Redact(p.URL), p.Unpinned)
		if named {
			c.code = exit.Failure
		}
	}
	if len(s.deps) == 0 && len(unpinned) == 0 {
		c.console.Warnf("%s: nothing is pinned, so nothing was compared", c.name())
	}
}

func (c *command) auditText(findings []update.Finding, signatures bool) {
	signed := 0
	count := make(map[update.Status]int)
	for _, f := range findings {
		c.judge(f.Status == update.Same, f.Status == update.Unreachable)
		count[f.Status]++
		if f.By != "" && f.Err == nil {
			signed++
		}
		where := "urls"
		if f.Dep != nil {
			where = fmt.Sprintf("%s (%s)", f.Dep.Name, f.Line.Platform)
		}
		address := fetch.ShowAddress(f.Line.URL, f.Asked)
		switch f.Status {
		case update.Moved:
			c.printf("%s        %s  %s\n  now at  %s\n", c.console.Mark("warning", "moved"), where, address, source.Redact(f.NewURL))
		case update.Changed:
			c.printf("%s      %s  %s\n  locked  sha256 %s  %s\n  now     sha256 %s  %s\n", c.console.Mark("error", "changed"), where, address,
				f.Line.Digest, sizeText(f.Line.Size), f.Got.Digest, sizeText(f.Got.Size))
			if f.Got.HTML {
				c.printf("  it is an HTML page, not the file\n")
			}
			for _, m := range f.Members {
				c.printf("  %-7s %s\n", m.How, m.Name)
			}
		case update.Unverified:
			c.printf("%s   %s  %s\n%v\n", c.console.Mark("error", "unverified"), where, address, f.Err)
		case update.Gone, update.Unreachable:
			kind := "error"
			if f.Status == update.Unreachable {
				kind = "warning"
			}
			c.printf("%s %s  %s: %v\n", c.console.Mark(kind, fmt.Sprintf("%-12s", f.Status)), where, address, brief(f.Err))
		}
	}
	for _, f := range findings {
		c.hintFinding(f)
	}
	c.printf("%d same, %d changed, %d gone, %d moved, %d unreachable\n", count[update.Same],
		count[update.Changed], count[update.Gone], count[update.Moved], count[update.Unreachable])
	if signatures {
		c.printf("signatures: %d verified, %d not\n", signed, count[update.Unverified])
	}
}

// hintFinding prints hints where upstream itself was not asked, or could not be.
func (c *command) hintFinding(f update.Finding) {
	var t *fetch.TransferError
	switch {
	case f.Status == update.Unreachable && errors.As(f.Err, &t):
		c.console.HintTransfer(t)
	case f.Status == update.Changed && f.Asked != "":
		c.console.Hintf("%s", console.RuleHint(f.Asked))
	}
}

// brief returns the cause of a failed download that counts.
func brief(err error) error {
	var t *fetch.TransferError
	if errors.As(err, &t) {
		return t.Deciding().Err
	}
	return err
}

// audited is a line of audit --json.
type audited struct {
	Name      string                `json:"name"`
	Platform  string                `json:"platform"`
	URL       string                `json:"url"`
	Asked     string                `json:"asked,omitempty"`
	Status    update.Status         `json:"status"`
	SHA256    string                `json:"sha256"`
	Size      *int64                `json:"size,omitempty"`
	NewSHA256 string                `json:"new_sha256,omitempty"`
	NewSize   *int64                `json:"new_size,omitempty"`
	NewURL    string                `json:"new_url,omitempty"`
	Members   []update.MemberChange `json:"members,omitempty"`
	By        string                `json:"by,omitempty"`
	Error     string                `json:"error,omitempty"`
}

func (c *command) auditJSON(findings []update.Finding) error {
	enc := newEncoder(c.stdout)
	for _, f := range findings {
		c.judge(f.Status == update.Same, f.Status == update.Unreachable)
		a := audited{
			Name: f.Name(), Platform: f.Line.Platform.String(), URL: source.Redact(f.Line.URL),
			Status: f.Status, SHA256: f.Line.Digest.String(), Members: f.Members, By: f.By,
		}
		if f.Line.Size != fetch.SizeUnknown {
			a.Size = &f.Line.Size
		}
		if f.Status == update.Changed {
			a.NewSHA256, a.NewSize = f.Got.Digest.String(), &f.Got.Size
		}
		if f.Asked != "" {
			a.Asked = source.Redact(f.Asked)
		}
		if f.NewURL != "" {
			a.NewURL = source.Redact(f.NewURL)
		}
		if f.Err != nil {
			a.Error = brief(f.Err).Error()
		}
		if err := enc.Encode(a); err != nil {
			return err
		}
	}
	return nil
}
