package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"depfetch/cmd/internal/console"
)

//go:embed init.toml
var template []byte

func (c *command) initCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "init",
		Short: "Start a lockfile, with the comments that teach the format",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			f, err := os.OpenFile(c.name(), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
			if errors.Is(err, fs.ErrExist) {
				return console.Usagef("deplock add adds to it", "%s is there already", c.name())
			}
			if err != nil {
				return err
			}
			_, err = f.Write(template)
			if err := errors.Join(err, f.Close()); err != nil {
				os.Remove(c.name())
				return err
			}
			fmt.Fprintf(c.stdout, "%s is started; deplock add NAME URL adds to it\n", c.name())
			return nil
		},
	}
}
