package main

import (
	"cmp"

	"github.com/spf13/cobra"

	"depfetch/fetch/atomicfile"
	"depfetch/lock/schema"
)

// schemaPage is the address of the schema, if the build of a release gives it.
var schemaPage string

// schemaName is what the schema is called beside a lockfile.
const schemaName = "deps.lock.schema.json"

func (c *command) schemaCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON schema of the lockfile, for editors",
		Long: `schema prints the JSON schema (draft 7) of deps.lock.toml. Editors that know TOML by taplo,
as Even Better TOML, Helix and Neovim do, complete and explain keys by it, and
underline what is wrong, if a line of the lockfile above all keys names it:

  #:schema ./deps.lock.schema.json

deplock init --schema writes both.`,
		Example: `  deplock schema -o deps.lock.schema.json`,
		Args:    arguments(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			output, err := outputName(cmd)
			if err != nil {
				return err
			}
			return c.writeOutput(output, schema.JSON())
		},
	}
	cmd.Flags().StringP("output", "o", "", "the file that it is written to, in the place of stdout")
	return cmd
}

// writeSchema writes the schema to a file, which may be that of an earlier version.
func writeSchema(name string) error { return atomicfile.Write(name, schema.JSON(), 0o644) }

// schemaLine returns the line of a new lockfile that names the schema, or nothing.
func schemaLine(wanted bool) string {
	if !wanted && schemaPage == "" {
		return ""
	}
	return "#:schema " + cmp.Or(schemaPage, "./"+schemaName) + "\n"
}
