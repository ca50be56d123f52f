package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/exit"
	"depfetch/fetch/source"
	"depfetch/lock"
	"depfetch/lock/advisory"
	"depfetch/lock/release"
	"depfetch/lock/update"
)

// vulnerabilityFlags are the options of audit --vulnerabilities.
type vulnerabilityFlags struct {
	on       bool
	severity string
	api      string
	database string
	offline  bool
	inspect  bool
	sarif    bool
}

const vulnerabilitiesLong = `

With --vulnerabilities it downloads nothing, and asks OSV (https://osv.dev), which has
GitHub's advisories too, what is known of each pinned version whose address is that of
a registry's package, or of a release on GitHub: by its tag, by which OSV knows above
all programs in C and C++. All others are listed as not asked. It exits 1 if there is a
vulnerability at or above --severity, or of unknown severity, that policy.ignore of
the lockfile does not accept for a reason until a day, and 3 if OSV cannot be asked.
Where no fixed version is known that could be locked, GitHub is asked for a newer one,
unless --offline is given. --database takes the place of OSV: a directory with
ECOSYSTEM/all.zip as OSV exports them (npm, Go, PyPI, crates.io, Maven, RubyGems, GIT),
or one such zip. Images are not looked into.

With --inspect it also asks about what programs of Go were built from: their own
modules, those that they need and the standard library, as the build information in
each file says. Files come out of the cache or are downloaded, and verified as
always; one that is not to be had is reported, with exit code 3 or 4 if nothing is
found in the others. A program has a module's fault only if it calls that code, which govulncheck
can tell.`

func (f *vulnerabilityFlags) register(flags *pflag.FlagSet) {
	flags.BoolVar(&f.on, "vulnerabilities", false, "ask OSV for known vulnerabilities of what is pinned")
	flags.StringVar(&f.severity, "severity", "low", "with --vulnerabilities: the least severity that counts: low, medium, high or critical")
	flags.StringVar(&f.database, "database", "", "with --vulnerabilities: a copy of OSV's database to look into, in the place of its API")
	flags.BoolVar(&f.offline, "offline", false, "with --vulnerabilities: ask no server; needs --database")
	flags.BoolVar(&f.inspect, "inspect", false, "with --vulnerabilities: also ask about what programs of Go were built from; downloads what is not in the cache")
	flags.BoolVar(&f.sarif, "sarif", false, "with --vulnerabilities: SARIF 2.1.0, for code scanning")
	flags.StringVar(&f.api, "osv-api", "", "the base URL of OSV's API (default "+advisory.DefaultAPI+")")
}

// check refuses options that do not go together, also with a number of lockfiles. changed
// reports whether one is given.
func (f *vulnerabilityFlags) check(changed func(string) bool, lockfiles int, asJSON, signatures bool) error {
	if !f.on {
		for _, name := range []string{"severity", "database", "offline", "inspect", "sarif", "osv-api"} {
			if changed(name) {
				return console.Usagef("", "--%s goes with --vulnerabilities", name)
			}
		}
		return nil
	}
	switch {
	case signatures:
		return console.Usagef("run it once with each", "--signatures and --vulnerabilities do not go together")
	case asJSON && f.sarif:
		return console.Usagef("", "--json and --sarif do not go together")
	case lockfiles > 1 && f.sarif:
		return console.Usagef("run it once for each", "--sarif writes one log, and --lock names %d lockfiles", lockfiles)
	case f.offline && f.database == "":
		return console.Usagef("https://google.github.io/osv.dev/data/ says where OSV exports it", "--offline needs --database")
	case f.database != "" && f.api != "":
		return console.Usagef("", "--database and --osv-api do not go together")
	}
	return nil
}

// vulnerabilities looks for what is known of what is selected.
func (c *command) vulnerabilities(ctx context.Context, f vulnerabilityFlags, o online, args []string, asJSON bool) error {
	s, err := c.lawfulSelection(args)
	if err != nil {
		return err
	}
	least, err := advisory.ParseLevel(f.severity)
	if err != nil {
		return console.Usagef("", "--severity: %w", err)
	}
	client, err := c.client(o, s.file)
	if err != nil {
		return err
	}
	client.Fetch.Offline = f.offline
	report, err := c.audited(ctx, client, f, o, s, least)
	if err != nil {
		return err
	}
	if len(args) > 0 {
		report.Unused = nil // they may be about the others
	}
	for i := range report.Findings {
		if report.Findings[i].Counts() {
			c.code = exit.Failure
		}
	}
	var newer map[string]update.Newest
	if !f.offline && !f.sarif {
		newer = c.newerVersions(ctx, client, o, s, report)
	}
	switch {
	case f.sarif:
		return c.vulnerabilitiesSARIF(s.file, report)
	case asJSON:
		return c.vulnerabilitiesJSON(s.file, report, newer)
	}
	c.vulnerabilitiesText(report, least, newer)
	if len(report.Unasked) > 0 && !f.inspect {
		c.console.Hintf("--inspect asks about what programs of Go were built from, too")
	}
	return nil
}

// audited asks what is known of what is selected.
func (c *command) audited(ctx context.Context, client *update.Client, f vulnerabilityFlags, o online, s selected, least advisory.Level) (*advisory.Report, error) {
	ignores, err := s.file.Ignores()
	if err != nil {
		return nil, err
	}
	from, err := c.advisories(f, o)
	if err != nil {
		return nil, err
	}
	all := subjects(s)
	var unasked []advisory.Unasked
	if f.inspect {
		if all, unasked, err = c.inspectedSubjects(ctx, client, s); err != nil {
			return nil, err
		}
	}
	report, err := advisory.Audit(ctx, from, all, advisory.Policy{Ignores: ignores, Least: least, Now: time.Now()})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, console.Usagef("--database names a directory with ECOSYSTEM/all.zip in it, or one all.zip", "%w", err)
	}
	if err != nil {
		return nil, err
	}
	report.Unasked = append(report.Unasked, unasked...)
	for _, d := range s.deps {
		if len(d.Locked) == 0 {
			report.Unasked = append(report.Unasked, advisory.Unasked{Subject: advisory.Subject{Name: d.Name, Version: d.Version}, Why: "it is not locked"})
		}
	}
	return report, nil
}

// advisories returns what is asked for vulnerabilities.
func (c *command) advisories(f vulnerabilityFlags, o online) (advisory.Source, error) {
	if f.database != "" {
		return advisory.Database{Path: f.database}, nil
	}
	cfg, err := c.config(o, &lock.File{}) // the policy is about files, not about what is asked of them
	if err != nil {
		return nil, err
	}
	api := source.New(cfg)
	return &advisory.Client{
		API: f.api, Retries: o.Retries,
		HTTP: &release.Client{Transport: api, UserAgent: "deplock/" + version, Rewrites: cfg.Rewrites, Authorize: api.Authorize},
	}, nil
}

// severityText returns a severity with its score.
func severityText(s advisory.Severity) string {
	if s.Vector == "" {
		return s.Level.String()
	}
	return fmt.Sprintf("%s %.1f", s.Level, s.Score)
}

func (c *command) vulnerabilitiesText(r *advisory.Report, least advisory.Level, newer map[string]update.Newest) {
	counted, below, ignored := 0, 0, 0
	for i := range r.Findings {
		f := &r.Findings[i]
		switch {
		case f.Below:
			below++
			continue
		case !f.Counts():
			ignored++
			c.printf("%s %s: %s until %s: %s\n", c.console.Mark("warning", "ignored      "), shownSubject(f.Subject), f.Ignored.ID, f.Ignored.Until.Format(time.DateOnly), f.Ignored.Reason)
			continue
		}
		counted++
		ids := f.ID
		if len(f.Aliases) > 0 {
			ids += " (" + strings.Join(f.Aliases, ", ") + ")"
		}
		c.printf("%s %s: %s\n", c.console.Mark("error", fmt.Sprintf("%-13s", severityText(f.Severity))), shownSubject(f.Subject), strings.TrimSuffix(ids+": "+f.Summary, ": "))
		if f.Severity.Level == advisory.Unknown {
			c.printf("  its severity is not known, so it counts\n")
		}
		if f.Expired {
			c.printf("  %s\n", f.Ignored.Fault("", "ignored until "+f.Ignored.Until.Format(time.DateOnly)+", which is over"))
		}
		if f.Fixed != "" {
			c.printf("  fixed in %s\n", fixedIn(f))
		} else {
			c.printf("  no fixed version is known\n")
		}
		c.printf("  %s\n", f.Link())
	}
	for _, u := range r.Unasked {
		c.printf("%s %s: %s\n", c.console.Mark("warning", "not asked    "), shownSubject(u.Subject), u.Why)
	}
	for _, i := range r.Unused {
		c.console.Warnf("%v", i.Fault("", i.ID+" is not known of anything that is pinned; the entry can go"))
	}
	for _, hint := range updates(r, newer) {
		c.console.Hintf("%s", hint)
	}
	summary := count(counted, "vulnerability")
	if below > 0 {
		summary += fmt.Sprintf(", %d below %s", below, least)
	}
	if ignored > 0 {
		summary += fmt.Sprintf(", %d ignored", ignored)
	}
	asked, byTag := count(len(r.Asked), "version")+" asked about", 0
	for _, s := range r.Asked {
		if advisory.ByTag(s) {
			byTag++
		}
	}
	if byTag > 0 {
		asked += fmt.Sprintf(", %d by tag alone", byTag)
	}
	c.printf("%s; %s, %d not\n", summary, asked, len(r.Unasked))
}

// updates returns the commands that lead to versions without the findings that count, and
// to those that may be without them.
func updates(r *advisory.Report, newer map[string]update.Newest) (hints []string) {
	var all []advisory.Finding
	for _, f := range r.Findings {
		if f.Counts() {
			all = append(all, f)
		}
	}
	for len(all) > 0 {
		s := all[0].Subject
		n := slices.IndexFunc(all, func(f advisory.Finding) bool { return f.Subject != s })
		if n < 0 {
			n = len(all)
		}
		hint := ""
		if s.Module != "" || advisory.ByTag(s) {
			hint = newerHint(s, newer)
		} else if spelled := s.Spelled(advisory.FixedVersion(all[:n])); spelled != "" {
			hint = "deplock update " + s.Name + "@" + spelled
		}
		if hint != "" && !slices.Contains(hints, hint) {
			hints = append(hints, hint)
		}
		all = all[n:]
	}
	return hints
}

// jsonVulnerability is a line of audit --vulnerabilities --json.
type jsonVulnerability struct {
	// Status is affected, ignored or below of a vulnerability; none of a version without
	// one, not-asked of one that nobody can be asked about, and unused of an entry of
	// policy.ignore.
	Status  string `json:"status"`
	Name    string `json:"name,omitempty"`
	Version string `json:"version,omitempty"`
	// Module is that of Go which PURL is about, if what is pinned was built from it.
	Module   string   `json:"module,omitempty"`
	Built    string   `json:"module_version,omitempty"`
	PURL     string   `json:"purl,omitempty"`
	AskedBy  string   `json:"asked_by,omitempty"` // tag, if OSV was asked by that of a repository or its commit, of which it knows less
	ID       string   `json:"id,omitempty"`
	Aliases  []string `json:"aliases,omitempty"`
	Severity string   `json:"severity,omitempty"`
	Score    *float64 `json:"score,omitempty"`
	Vector   string   `json:"vector,omitempty"`
	Summary  string   `json:"summary,omitempty"`
	Fixed    string   `json:"fixed,omitempty"`
	// Update is the version to update to, as the lockfile spells it: the first without any
	// finding of this version that counts.
	Update  string `json:"update,omitempty"`
	Newer   string `json:"newer,omitempty"` // the newest version, where that is all there is to say: of a module's finding, and of one by a tag
	URL     string `json:"url,omitempty"`
	Until   string `json:"until,omitempty"`
	Expired bool   `json:"expired,omitempty"`
	Reason  string `json:"reason,omitempty"` // of an entry, or why nobody was asked
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
}

// lineOf returns a line about a subject.
func lineOf(file *lock.File, status string, s advisory.Subject) jsonVulnerability {
	at := placeOf(file, s)
	by := ""
	if advisory.ByTag(s) {
		by = "tag"
	}
	return jsonVulnerability{AskedBy: by, Status: status, Name: s.Name, Version: s.Version, Module: s.Module, Built: moduleVersion(s), PURL: s.PURL, File: file.Name, Line: at.line, Column: at.col}
}

func (c *command) vulnerabilitiesJSON(file *lock.File, r *advisory.Report, newer map[string]update.Newest) error {
	var lines []jsonVulnerability
	for _, s := range r.Asked {
		if !slices.ContainsFunc(r.Findings, func(f advisory.Finding) bool { return f.Subject == s }) {
			lines = append(lines, lineOf(file, "none", s))
		}
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		status := "affected"
		if f.Below {
			status = "below"
		} else if !f.Counts() {
			status = "ignored"
		}
		l := lineOf(file, status, f.Subject)
		l.ID, l.Aliases, l.Summary, l.URL = f.ID, f.Aliases, f.Summary, f.Link()
		l.Severity, l.Vector = f.Severity.Level.String(), f.Severity.Vector
		if l.Vector != "" {
			l.Score = &f.Severity.Score
		}
		l.Fixed, l.Update = f.Fixed, f.Spelled(f.Fixed)
		if f.Counts() {
			l.Update = f.Spelled(advisory.FixedVersion(slices.DeleteFunc(slices.Clone(r.Findings), func(o advisory.Finding) bool {
				return o.Subject != f.Subject || !o.Counts()
			})))
		}
		if n := newer[f.Name]; n.Newer && (f.Module != "" || advisory.ByTag(f.Subject)) {
			l.Newer = n.Version
		}
		if f.Ignored != nil {
			l.Until, l.Expired, l.Reason = f.Ignored.Until.Format(time.DateOnly), f.Expired, f.Ignored.Reason
		}
		lines = append(lines, l)
	}
	for _, u := range r.Unasked {
		l := lineOf(file, "not-asked", u.Subject)
		l.Reason = u.Why
		lines = append(lines, l)
	}
	for _, i := range r.Unused {
		at := i.Fault("", "")
		lines = append(lines, jsonVulnerability{
			Status: "unused", ID: i.ID, Until: i.Until.Format(time.DateOnly), Reason: i.Reason, File: at.File, Line: at.Line, Column: at.Col,
		})
	}
	enc := newEncoder(c.stdout)
	for _, l := range lines {
		if err := enc.Encode(l); err != nil {
			return err
		}
	}
	return nil
}

// region is where something begins and ends in a lockfile.
type region struct{ line, col, endLine, endCol int }

// placeOf returns where the version of a subject stands, or else what it is of.
func placeOf(file *lock.File, s advisory.Subject) region {
	at := cmp.Or(file.Syntax.Find("deps", s.Name, "version"), file.Syntax.Find("deps", s.Name, "url"), file.Syntax.Find("deps", s.Name))
	for _, p := range file.URLs {
		if at == nil && source.Redact(p.URL) == s.Name {
			at = file.Syntax.Find("urls", p.URL)
		}
	}
	if at == nil {
		return region{1, 1, 1, 2}
	}
	var p region
	p.line, p.col = file.Syntax.Position(at.Start)
	p.endLine, p.endCol = file.Syntax.Position(at.End)
	return p
}
