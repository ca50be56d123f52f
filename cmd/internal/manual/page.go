// Package manual makes manual pages and shell completions out of what programs print for
// --help, so that they say what the programs say, with the same words.
//
// It guarantees that every line of a help is in the page: what it does not know the form of
// stands there as it is. It refuses a help without a usage.
package manual

import (
	"fmt"
	"regexp"
	"strings"
)

// Page is what there is to know of a program or of one of its commands.
type Page struct {
	Command  []string // as it is called: the program, and what comes after it
	Short    string   // what it does, in a few words
	About    string
	Usage    []string
	Options  []Option // its own
	Global   []Option // those of all commands
	Examples string
	Commands []*Page // those below it
}

// Option is an option of a command line.
type Option struct {
	Short, Long string // without hyphens; Short may be empty
	Value       string // what its value is, or empty
	Optional    bool   // the value may be left out
	About       string
}

// Read returns the page of a program, with those of all its commands, from what help prints
// for a command and --help. short says in a few words what the program does.
func Read(program, short string, help func(command ...string) (string, error)) (*Page, error) {
	return read([]string{program}, short, help)
}

func read(command []string, short string, help func(...string) (string, error)) (*Page, error) {
	text, err := help(command[1:]...)
	if err != nil {
		return nil, fmt.Errorf("%s --help: %w", strings.Join(command, " "), err)
	}
	p := &Page{Command: command, Short: short}
	below, err := p.parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s --help: %w", strings.Join(command, " "), err)
	}
	for _, c := range below {
		if c[0] == "help" {
			continue
		}
		sub, err := read(append(command[:len(command):len(command)], c[0]), c[1], help)
		if err != nil {
			return nil, err
		}
		p.Commands = append(p.Commands, sub)
	}
	return p, nil
}

var (
	heading = regexp.MustCompile(`^(Usage|Examples|Available Commands|Flags|Global Flags):$`)
	option  = regexp.MustCompile(`^ +(?:-(.), )?--([^ ]+)(?: ([^ \[]+)(\[=\S*\])?)?   +(.*)$`)
	listed  = regexp.MustCompile(`^  (\S+) +(.*)$`)
)

// parse reads a help, and returns names and descriptions of the commands that it lists.
func (p *Page) parse(text string) (below [][2]string, err error) {
	section, rest := "", []string{}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \n")
		if m := heading.FindStringSubmatch(line); m != nil {
			section = m[1]
			continue
		}
		switch section {
		case "Usage":
			if line != "" {
				p.Usage = append(p.Usage, strings.TrimSpace(line))
			}
		case "Examples":
			p.Examples += line + "\n"
		case "Available Commands":
			if m := listed.FindStringSubmatch(line); m != nil {
				below = append(below, [2]string{m[1], m[2]})
			} else if line != "" {
				return nil, fmt.Errorf("this does not list a command: %q", line)
			}
		case "Flags", "Global Flags":
			m := option.FindStringSubmatch(line)
			o := &p.Options
			if section == "Global Flags" {
				o = &p.Global
			}
			switch {
			case m != nil:
				*o = append(*o, Option{Short: m[1], Long: m[2], Value: m[3], Optional: m[4] != "", About: m[5]})
			case line == "" || strings.HasPrefix(line, `Use "`): // how to get the page of a command
			default:
				return nil, fmt.Errorf("this is no option: %q", line)
			}
		default:
			if usage, ok := strings.CutPrefix(line, "Usage: "); ok && len(p.Usage) == 0 {
				p.Usage = []string{usage}
				continue
			}
			rest = append(rest, line)
		}
	}
	p.About = strings.Trim(strings.Join(rest, "\n"), "\n")
	p.Examples = strings.Trim(p.Examples, "\n")
	if len(p.Usage) == 0 {
		return nil, fmt.Errorf("it has no usage")
	}
	return below, nil
}

// All returns the page and all below it.
func (p *Page) All() []*Page {
	all := []*Page{p}
	for _, c := range p.Commands {
		all = append(all, c.All()...)
	}
	return all
}

// Name returns the name of the page, as deplock-trust-list.
func (p *Page) Name() string { return strings.Join(p.Command, "-") }
