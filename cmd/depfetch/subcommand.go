package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"depfetch/cmd/internal/console"
	"depfetch/fetch/spelling"
)

// subcommand is one thing that depfetch does: the program itself, or what its first
// argument names.
//
// cobra would do this, and does for deplock. What it links beside (templates, completion
// for four shells) is 2 % of a program that is copied into builds, where nobody completes a
// command line.
type subcommand struct {
	name    string
	args    string // as the usage line has them
	short   string
	long    string // in the place of short in its help
	example string
	flags   *pflag.FlagSet // its own
	raw     bool           // it reads its options itself
	run     func(ctx context.Context, flags *pflag.FlagSet, args []string) error
}

// commandLine is the program itself and its subcommands.
type commandLine struct {
	subcommand
	version string
	global  *pflag.FlagSet // the options of all subcommands
	below   []*subcommand  // by name
}

// execute runs what a command line asks for.
func (l *commandLine) execute(ctx context.Context, args []string, stdout io.Writer) error {
	s, args := l.find(args)
	help := s.name == "help"
	if help {
		s, args = l.find(args)
	}
	if s.raw && !help {
		return s.run(ctx, nil, args)
	}
	own := pflag.NewFlagSet("", pflag.ContinueOnError)
	own.SortFlags = s.flags.SortFlags
	own.AddFlagSet(s.flags)
	if s == &l.subcommand {
		own.AddFlagSet(l.global)
	}
	asked := own.BoolP("help", "h", false, "help for "+s.name)
	version := new(bool)
	if s == &l.subcommand {
		version = own.BoolP("version", "v", false, "version for "+s.name)
	}
	all := pflag.NewFlagSet("", pflag.ContinueOnError)
	all.AddFlagSet(own)
	all.AddFlagSet(l.global)
	if err := all.Parse(args); err != nil {
		return console.OptionError(err, l.path(s), all)
	}
	switch {
	case help && s == &l.subcommand && all.NArg() > 0:
		return l.unknown(all.Arg(0))
	case help || *asked:
		return l.help(stdout, s, own)
	case *version:
		_, err := fmt.Fprintf(stdout, "%s version %s\n", l.name, l.version)
		return err
	}
	return s.run(ctx, all, all.Args())
}

// find returns the subcommand that is named by the first argument that is neither an
// option nor the value of one, or else the program itself, and the arguments without that.
func (l *commandLine) find(args []string) (*subcommand, []string) {
	known := pflag.NewFlagSet("", pflag.ContinueOnError)
	known.AddFlagSet(l.flags)
	known.AddFlagSet(l.global)
	for i := 0; i < len(args) && args[i] != "--"; i++ {
		if strings.HasPrefix(args[i], "-") && args[i] != "-" {
			if takesNext(known, args[i]) {
				i++
			}
			continue
		}
		for _, s := range l.below {
			if s.name == args[i] {
				return s, slices.Concat(args[:i], args[i+1:])
			}
		}
		break
	}
	return &l.subcommand, args
}

// unknown returns the error of usage for a subcommand that is not there.
func (l *commandLine) unknown(name string) error {
	hint := l.name + " --help lists the commands"
	if near := l.near(name); near != "" {
		hint = "did you mean " + l.name + " " + near + "?"
	}
	return console.Usagef(hint, "unknown command %q", name)
}

// near returns the subcommand that is written much like name, or "".
func (l *commandLine) near(name string) string {
	var names []string
	for _, s := range l.below {
		names = append(names, s.name)
	}
	return spelling.Nearest(name, names)
}

// takesNext reports whether the value of an option is the next argument.
func takesNext(known *pflag.FlagSet, arg string) bool {
	name, long := strings.CutPrefix(arg, "--")
	f := known.Lookup(name) // not if a value follows in the same argument
	if !long {
		f = known.ShorthandLookup(arg[len(arg)-1:])
		if first := known.ShorthandLookup(arg[1:2]); len(arg) > 2 && (first == nil || first.NoOptDefVal == "") {
			return false // -fFILE
		}
	}
	return f != nil && f.NoOptDefVal == ""
}

// path returns how s is called.
func (l *commandLine) path(s *subcommand) string {
	if s == &l.subcommand {
		return l.name
	}
	return l.name + " " + s.name
}

// help writes what there is to know about s, whose own options are in flags.
func (l *commandLine) help(w io.Writer, s *subcommand, flags *pflag.FlagSet) error {
	var b bytes.Buffer
	text := s.long
	if text == "" {
		text = s.short
	}
	fmt.Fprintf(&b, "%s\n\nUsage:\n  %s %s", text, l.path(s), s.args)
	switch {
	case s.raw:
		fmt.Fprintf(&b, "\n\nUse \"%s --help\" for its options and exit codes.\n", l.path(s))
	case s != &l.subcommand:
		fmt.Fprintf(&b, " [flags]\n\nFlags:\n%s\nGlobal Flags:\n%s", flags.FlagUsages(), l.global.FlagUsages())
	default:
		fmt.Fprintf(&b, " [flags]\n  %s [command]\n\nExamples:\n%s\n\nAvailable Commands:\n", l.name, s.example)
		for _, c := range l.below {
			fmt.Fprintf(&b, "  %-8s  %s\n", c.name, c.short)
		}
		fmt.Fprintf(&b, "\nFlags:\n%s\nUse \"%s [command] --help\" for more information about a command.\n", flags.FlagUsages(), l.name)
	}
	_, err := w.Write(b.Bytes())
	return err
}
