package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/exit"
	"depfetch/cmd/internal/lockfile"
	"depfetch/fetch/digest"
	"depfetch/fetch/printable"
	"depfetch/lock/dockerfile"
	"depfetch/lock/scan"
	"depfetch/lock/scan/sarif"
)

// rulesPage is the address of lock/scan/RULES.md, if the build of a release gives it.
var rulesPage string

// scanFlags are the options of scan.
type scanFlags struct {
	level     string
	ignore    []string
	format    string
	platforms []string
	context   string
	contexts  []string
}

const scanLong = `scan reads Dockerfiles and reports what they download or start from without a
pin, and checks that check nothing. It runs nothing and asks no server. PATH is a
file, or a directory that is searched for files called Dockerfile, Dockerfile.*,
*.Dockerfile or Containerfile; without it, the working directory is.

Scripts that COPY, ADD or a mount takes from the build context and a RUN runs are
read too, and findings in them name the script. The context is the directory of the
Dockerfile, unless --context says otherwise.

A finding at or above --level ends it with exit code 1. A comment in the
Dockerfile turns a rule off, for the instruction or the line behind it:

  # deplock ignore=unpinned-image
  FROM debian:bookworm

Rules, which %s explains with examples:
`

func (c *command) scanCommand() *cobra.Command {
	var f scanFlags
	long := fmt.Sprintf(scanLong, cmp.Or(rulesPage, "lock/scan/RULES.md in the repository of depfetch"))
	for _, r := range scan.Rules() {
		long += fmt.Sprintf("  %-18s %-8s %s\n", r.ID, r.Level, r.Title)
	}
	cmd := &cobra.Command{
		Use:   "scan [PATH…]",
		Short: "Report what Dockerfiles download or start from without a pin",
		Long:  long,
		Args:  cobra.ArbitraryArgs,
		RunE:  func(_ *cobra.Command, paths []string) error { return c.scan(f, paths) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.level, "level", "warning", "the least finding that ends it with exit code 1: note, warning or error")
	flags.StringArrayVar(&f.ignore, "ignore", nil, "a rule to leave out; may be given again")
	flags.StringVar(&f.format, "format", "text", "text, json (an object a line), sarif (SARIF 2.1.0, for code scanning) or gitlab (its Code Quality report)")
	flags.StringArrayVar(&f.platforms, "platform", nil, "a platform to read the files for; may be given again (default linux/amd64 and linux/arm64)")
	flags.StringVar(&f.context, "context", "", "the build context, whose scripts are read (default the directory of each Dockerfile)")
	flags.StringArrayVar(&f.contexts, "build-context", nil, "the name of a further context, NAME or NAME=WHERE as docker build has it, which is no image; may be given again")
	return cmd
}

// contextNames returns the names of values of --build-context.
func contextNames(values []string) []string {
	var names []string
	for _, v := range values {
		name, _, _ := strings.Cut(v, "=")
		names = append(names, name)
	}
	return names
}

// options returns what to look for, and the least level that is a failure.
func (f scanFlags) options() (opts scan.Options, level scan.Level, err error) {
	if level, err = scan.ParseLevel(f.level); err != nil {
		return opts, level, console.Usagef("", "--level: %w", err)
	}
	for _, ids := range f.ignore {
		for _, id := range strings.Split(ids, ",") {
			if _, err := scan.FindRule(id); err != nil {
				return opts, level, console.Usagef("", "--ignore: %w", err)
			}
			opts.Ignore = append(opts.Ignore, id)
		}
	}
	opts.Contexts = contextNames(f.contexts)
	opts.Platforms, err = parsePlatforms(f.platforms)
	return opts, level, err
}

func (c *command) scan(f scanFlags, paths []string) error {
	opts, level, err := f.options()
	if err != nil {
		return err
	}
	render, ok := map[string]func([]scan.Finding, int) error{
		"text": c.scanText, "json": c.scanJSON, "gitlab": c.scanGitLab,
		"sarif": func(all []scan.Finding, _ int) error { return sarif.Write(c.stdout, version, rulesPage, all) },
	}[f.format]
	if !ok {
		return console.Usagef("", "--format %q: write one of text, json, sarif, gitlab", f.format)
	}
	names, err := dockerfiles(paths, nil)
	if err != nil {
		return err
	}
	var (
		all  []scan.Finding
		errs []error
		seen = make(map[string]bool)
	)
	for _, name := range names {
		file, err := readDockerfile(name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		opts.LockedImage = c.lockedImage(f, name, file)
		found, err := scanFile(file, cmp.Or(f.context, filepath.Dir(name)), opts)
		errs = append(errs, err)
		for _, x := range found {
			// Several Dockerfiles may run one script.
			key := fmt.Sprintf("%q %s %d %s", x.File, x.Rule.ID, x.Start.Offset, x.Message)
			if !seen[key] {
				all = append(all, x)
			}
			seen[key] = true
		}
	}
	errs = append(errs, render(all, len(names)))
	for _, x := range all {
		if x.Level >= level {
			c.code = exit.Failure
		}
	}
	return errors.Join(errs...)
}

// lockedImage returns what says whether the lockfile of a Dockerfile has an image, for one
// that the frontend builds. A lockfile that cannot be read has none.
func (c *command) lockedImage(f scanFlags, name string, file *dockerfile.File) func(string) bool {
	if !file.Frontend() {
		return nil
	}
	lockName := c.lockFile
	if lockName == "" {
		dir, err := c.folders.contextOf(f.context, name, file)
		if err != nil {
			return nil
		}
		lockName = filepath.Join(dir, lockfile.Default)
	}
	locked, err := lockfile.Read(lockName)
	if err != nil {
		return nil
	}
	return func(image string) bool {
		_, ok := locked.Image(image)
		return ok
	}
}

// scanFile returns the findings in a Dockerfile and in the scripts that it takes from
// a context.
func scanFile(file *dockerfile.File, dir string, opts scan.Options) ([]scan.Finding, error) {
	context, err := dockerfile.OpenContext(dir)
	if err != nil {
		return nil, console.Usagef("name the directory that docker build gets", "%w", err)
	}
	defer context.Close()
	file.Context = context
	return scan.File(file, opts), nil
}

// scanText prints the findings for people: the reason of a rule and the fix
// stand with its first finding.
func (c *command) scanText(all []scan.Finding, files int) error {
	explained := make(map[string]bool)
	counts := make(map[scan.Level]int)
	for _, x := range all {
		counts[x.Level]++
		fmt.Fprintf(c.stdout, "%s:%d:%d: %s: %s [%s]\n", printable.String(x.File), x.Start.Line, x.Start.Col, c.console.Mark(x.Level.String(), x.Level.String()), x.Message, x.Rule.ID)
		if !explained[x.Rule.ID] {
			fmt.Fprintf(c.stdout, "    why: %s\n    fix: %s\n", scan.Plain(x.Rule.Why), scan.Plain(x.Rule.Fix))
		}
		explained[x.Rule.ID] = true
	}
	_, err := fmt.Fprintf(c.stdout, "%s, %s, %s, %s\n", count(files, "file"),
		count(counts[scan.Error], "error"), count(counts[scan.Warning], "warning"), count(counts[scan.Note], "note"))
	return err
}

// jsonFinding is one line of the JSON rendering.
type jsonFinding struct {
	File      string `json:"file"`
	Line      int    `json:"line"`
	Column    int    `json:"column"`
	EndLine   int    `json:"end_line"`
	EndColumn int    `json:"end_column"`
	Rule      string `json:"rule"`
	Level     string `json:"level"`
	Message   string `json:"message"`
	Why       string `json:"why"`
	Fix       string `json:"mend"` // the name that readers of this output know
}

func (c *command) scanJSON(all []scan.Finding, _ int) error {
	enc := newEncoder(c.stdout)
	for _, x := range all {
		if err := enc.Encode(jsonFinding{
			x.File, x.Start.Line, x.Start.Col, x.End.Line, x.End.Col,
			x.Rule.ID, x.Level.String(), x.Message, scan.Plain(x.Rule.Why), scan.Plain(x.Rule.Fix),
		}); err != nil {
			return err
		}
	}
	return nil
}

// qualityFinding is one entry of a Code Quality report, by
// https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format.
type qualityFinding struct {
	Description string `json:"description"`
	CheckName   string `json:"check_name"`
	Fingerprint string `json:"fingerprint"` // the same for the same finding on another line
	Severity    string `json:"severity"`
	Location    struct {
		Path  string `json:"path"`
		Lines struct {
			Begin int `json:"begin"`
		} `json:"lines"`
	} `json:"location"`
}

func (c *command) scanGitLab(all []scan.Finding, _ int) error {
	severities := map[scan.Level]string{scan.Note: "info", scan.Warning: "minor", scan.Error: "major"}
	report := []qualityFinding{}
	seen := make(map[string]int)
	for _, x := range all {
		path := filepath.ToSlash(filepath.Clean(x.File))
		what := fmt.Sprintf("%q %s %q", path, x.Rule.ID, x.Message)
		seen[what]++
		f := qualityFinding{
			Description: x.Message, CheckName: x.Rule.ID, Severity: severities[x.Level],
			Fingerprint: digest.Of(fmt.Appendf(nil, "%s %d", what, seen[what])).String(),
		}
		f.Location.Path, f.Location.Lines.Begin = path, x.Start.Line
		report = append(report, f)
	}
	enc := newEncoder(c.stdout)
	enc.SetIndent("", "  ")
	return enc.Encode(report)
}

// newEncoder returns an encoder of an object a line.
func newEncoder(w io.Writer) *json.Encoder {
	enc := json.NewEncoder(printable.JSON(w))
	enc.SetEscapeHTML(false)
	return enc
}
