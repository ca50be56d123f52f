package console

import (
	"errors"

	"github.com/spf13/pflag"

	"depfetch/fetch/spelling"
)

// OptionError returns the error of usage for what pflag says of the options of a command.
// Its hint is the option of flags that is meant, if one is written much like it, or else
// where they are listed.
func OptionError(err error, command string, flags *pflag.FlagSet) error {
	hint := command + " --help shows the options"
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "" {
		var names []string
		flags.VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if near := spelling.Nearest(unknown.GetSpecifiedName(), names); near != "" {
			hint = "did you mean --" + near + "? " + hint
		}
	}
	return Usagef(hint, "%w", err)
}
