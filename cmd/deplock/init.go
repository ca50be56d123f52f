package main

import (
	_ "embed"
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/spf13/cobra"

	"depfetch/cmd/internal/console"
	"depfetch/fetch/atomicfile"
)

//go:embed init.toml
var template []byte

func (c *command) initCommand() *cobra.Command {
	var withSchema bool
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Start a lockfile, with the comments that teach the format",
		Args:  arguments(0, 0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			err := atomicfile.Create(c.name(), append([]byte(schemaLine(withSchema)), template...), 0o644)
			if errors.Is(err, fs.ErrExist) {
				return console.Usagef("deplock add adds to it", "%s is there already", c.name())
			}
			if err != nil {
				return err
			}
			if withSchema && schemaPage == "" {
				if err := writeSchema(filepath.Join(filepath.Dir(c.name()), schemaName)); err != nil {
					return err
				}
			}
			c.printf("%s is started; deplock add NAME adds a tool that a catalogue knows, deplock add NAME URL anything\n", c.name())
			return nil
		},
	}
	cmd.Flags().BoolVar(&withSchema, "schema", false, "name the JSON schema on the first line, and write it beside the lockfile as "+schemaName)
	return cmd
}
