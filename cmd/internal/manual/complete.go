package manual

import (
	"fmt"
	"slices"
	"strings"
)

// Bash returns a script that completes commands and options in bash. The values of options
// and the arguments are completed as names of files.
func (p *Page) Bash() []byte {
	var b strings.Builder
	name := p.Command[0]
	fmt.Fprintf(&b, "# bash completion of %s\n\n_%s() {\n\tlocal cur=${COMP_WORDS[COMP_CWORD]} i command= words=\n", name, name)
	fmt.Fprintf(&b, "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n\t\tcase ${COMP_WORDS[i]} in\n\t\t%s) command=${COMP_WORDS[i]}; break ;;\n\t\tesac\n\tdone\n", strings.Join(p.commands(), "|"))
	fmt.Fprintf(&b, "\tcase ${COMP_WORDS[COMP_CWORD-1]} in\n\t%s) return ;;\n\tesac\n\tcase $command in\n", strings.Join(p.valued(), "|"))
	for _, c := range append(p.Commands, p) {
		pattern, words := c.Command[len(c.Command)-1], c.options()
		if c == p {
			pattern, words = "'' | *", slices.Concat(p.commands(), words)
		}
		fmt.Fprintf(&b, "\t%s) words='%s' ;;\n", pattern, strings.Join(words, " "))
	}
	fmt.Fprintf(&b, "\tesac\n\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\ncomplete -o default -F _%s %s\n", name, name)
	return []byte(b.String())
}

// Zsh returns the same for zsh.
func (p *Page) Zsh() []byte {
	var b strings.Builder
	name := p.Command[0]
	fmt.Fprintf(&b, "#compdef %s\n\n_%s() {\n\tlocal -a commands=(\n", name, name)
	for _, c := range p.Commands {
		fmt.Fprintf(&b, "\t\t%s\n", quoted(c.Command[1]+":"+strings.ReplaceAll(c.Short, ":", `\:`)))
	}
	b.WriteString("\t)\n\tlocal -a options\n\tcase ${words[(r)(" + strings.Join(p.commands(), "|") + ")]} in\n")
	for _, c := range append(p.Commands, p) {
		pattern := c.Command[len(c.Command)-1]
		if c == p {
			pattern = "*"
		}
		fmt.Fprintf(&b, "\t%s) options=(\n", pattern)
		for _, o := range slices.Concat(c.Options, c.Global) {
			about := strings.NewReplacer("[", `\[`, "]", `\]`, ":", `\:`).Replace(o.About)
			value, repeated := "", ""
			if o.Value != "" {
				value = ":" + o.Value + ":_files"
			}
			if strings.HasSuffix(o.Value, "Array") {
				repeated = "*"
			}
			if o.Short != "" && o.Value == "" {
				fmt.Fprintf(&b, "\t\t%s\n", quoted("-"+o.Short+"["+about+"]"))
			}
			if o.Value != "" {
				o.Long += "="
			}
			fmt.Fprintf(&b, "\t\t%s\n", quoted(repeated+"--"+o.Long+"["+about+"]"+value))
		}
		b.WriteString("\t) ;;\n")
	}
	fmt.Fprintf(&b, "\tesac\n\t_arguments -s $options '1: :{_describe command commands; _files}' '*:file:_files'\n}\n\nif [ \"$funcstack[1]\" = _%s ]; then _%s \"$@\"; else compdef _%s %s; fi\n", name, name, name, name)
	return []byte(b.String())
}

// Fish returns the same for fish.
func (p *Page) Fish() []byte {
	var b strings.Builder
	name := p.Command[0]
	fmt.Fprintf(&b, "# fish completion of %s\n", name)
	for _, c := range p.Commands {
		fmt.Fprintf(&b, "complete -c %s -n __fish_use_subcommand -a %s -d %s\n", name, c.Command[1], quoted(c.Short))
	}
	for _, c := range append(p.Commands, p) {
		condition := "__fish_use_subcommand"
		if c != p {
			condition = quoted("__fish_seen_subcommand_from " + c.Command[1])
		}
		for _, o := range slices.Concat(c.Options, c.Global) {
			fmt.Fprintf(&b, "complete -c %s -n %s -l %s", name, condition, o.Long)
			if o.Short != "" {
				fmt.Fprintf(&b, " -s %s", o.Short)
			}
			if o.Value != "" {
				b.WriteString(" -r")
			}
			fmt.Fprintf(&b, " -d %s\n", quoted(o.About))
		}
	}
	return []byte(b.String())
}

// commands returns the names of the commands below p.
func (p *Page) commands() (names []string) {
	for _, c := range p.Commands {
		names = append(names, c.Command[len(c.Command)-1])
	}
	return names
}

// options returns the options of p.
func (p *Page) options() (names []string) {
	for _, o := range slices.Concat(p.Options, p.Global) {
		names = append(names, "--"+o.Long)
	}
	return names
}

// valued returns the options that take a value, of p and of all below it.
func (p *Page) valued() (names []string) {
	for _, c := range p.All() {
		for _, o := range slices.Concat(c.Options, c.Global) {
			if o.Value != "" && !o.Optional {
				names = append(names, "--"+o.Long)
				if o.Short != "" {
					names = append(names, "-"+o.Short)
				}
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// quoted returns a word of the shells.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
