package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/exit"
	"depfetch/cmd/internal/lockfile"
	"depfetch/fetch/printable"
	"depfetch/lock"
	"depfetch/lock/catalogue"
)

// found is a tool of a catalogue.
type found struct {
	Name        string          `json:"name"`      // that add takes: the shortest that means no other
	FullName    string          `json:"full_name"` // of the entry
	Catalogue   string          `json:"catalogue"`
	Commands    []string        `json:"commands"`
	Platforms   []lock.Platform `json:"platforms"` // of its newest versions; none if it is built from source
	Description string          `json:"description"`
	Page        string          `json:"page,omitempty"`
}

func (c *command) searchCommand() *cobra.Command {
	var (
		f      catalogueFlags
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "search WORD…",
		Short: "Find tools in the catalogues by name or description; exits 1 if there is none",
		Long: `search lists the tools whose names, commands, descriptions or search words hold every
WORD: by what name deplock add takes them, for which platforms of Linux, macOS and
Windows their newest versions are, and what they are. A name that several tools share
is written in full.`,
		Example: "  deplock search kubernetes schemas",
		Args:    arguments(1, many, "a word"),
		RunE: func(cmd *cobra.Command, words []string) error {
			file, err := c.fileOrNone()
			if err != nil {
				return err
			}
			registries, err := c.registries(cmd.Context(), f, file)
			if err != nil {
				return err
			}
			tools, err := search(registries, words)
			if err != nil {
				return err
			}
			if len(tools) == 0 {
				hint := ""
				if len(file.Catalogue) == 0 {
					hint = "deplock catalogue update pins the public catalogue, which knows more"
				}
				return &console.Error{Err: fmt.Errorf("no catalogue knows a tool for %s", strings.Join(words, " ")), Code: exit.Failure, Hint: hint}
			}
			return c.printFound(tools, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "an object a line")
	cmd.Flags().BoolVar(&f.allowHTTP, "allow-http", false, "read a registry of --catalogue over plain http")
	f.register(cmd)
	f.online.register(cmd)
	return cmd
}

// fileOrNone reads the lockfile, or takes an empty one where there is none.
func (c *command) fileOrNone() (*lock.File, error) {
	if fileExists(c.name()) || len(c.lockFiles) > 0 {
		return lockfile.Read(c.name())
	}
	return lock.Parse(c.name(), []byte("version = 1\n"))
}

// search returns what several registries have for words, in their order.
func search(registries []*catalogue.Registry, words []string) ([]found, error) {
	var tools []found
	for _, r := range registries {
		entries, err := r.Search(slices.Clone(words)...)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			commands := e.Commands()
			tool := found{
				Name: shortName(registries, e), FullName: e.FullName(), Catalogue: r.Name, Commands: commands,
				Platforms: e.Platforms(), Description: e.Description, Page: e.Page(),
			}
			if !slices.ContainsFunc(tools, func(t found) bool { return t.FullName == tool.FullName }) {
				tools = append(tools, tool)
			}
		}
	}
	return tools, nil
}

// shortName returns the shortest name that stands for an entry and no other.
func shortName(registries []*catalogue.Registry, e *catalogue.Entry) string {
	for _, name := range e.Commands() {
		if is, err := catalogue.Lookup(registries, name); err == nil && is == e && len(name) < len(e.FullName()) {
			return name
		}
	}
	return e.FullName()
}

func (c *command) printFound(tools []found, asJSON bool) error {
	if asJSON {
		enc := json.NewEncoder(printable.JSON(c.stdout))
		enc.SetEscapeHTML(false)
		for _, t := range tools {
			if err := enc.Encode(t); err != nil {
				return err
			}
		}
		return nil
	}
	t := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tPLATFORMS\tDESCRIPTION")
	for _, tool := range tools {
		fmt.Fprintf(t, "%s\t%s\t%s\n", printable.String(tool.Name), platformsText(tool.Platforms), printable.String(strings.TrimSpace(tool.Description)))
	}
	return t.Flush()
}

// platformsText returns platforms shortly: linux/amd64,arm64 darwin/arm64.
func platformsText(platforms []lock.Platform) string {
	if len(platforms) == 0 {
		return "from source"
	}
	var words []string
	last := ""
	for _, p := range platforms {
		os, arch, _ := strings.Cut(p.String(), "/")
		if os == last {
			words[len(words)-1] += "," + arch
		} else {
			words = append(words, p.String())
		}
		last = os
	}
	return strings.Join(words, " ")
}
