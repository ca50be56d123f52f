package script

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"depfetch/fetch/cmdline"
	"depfetch/fetch/cmdline/curl"
	"depfetch/fetch/cmdline/wget"
)

// options are those of a command line that take an argument.
type options struct {
	short string   // letters
	long  []string // without dashes
}

// option is one option or operand.
type option struct {
	name  string // without dashes; empty for an operand
	value Value
}

// parse splits arguments as getopt_long does. Long options may be abbreviated.
func (o options) parse(args []Value) []option {
	var all []option
	for i := 0; i < len(args); i++ {
		a := args[i]
		text := a.Text
		next := func() Value {
			if i+1 < len(args) {
				i++
				return args[i]
			}
			return Value{}
		}
		switch {
		case text == "--":
			for _, a := range args[i+1:] {
				all = append(all, option{"", a})
			}
			return all
		case strings.HasPrefix(text, "--"):
			name, value, given := strings.Cut(text[2:], "=")
			opt := option{name, a.with(value)}
			for _, l := range o.long {
				if l == name && !given {
					opt.value = next()
				}
			}
			all = append(all, opt)
		case len(text) > 1 && text[0] == '-':
			for j := 1; j < len(text); j++ {
				letter := text[j : j+1]
				if !strings.Contains(o.short, letter) {
					all = append(all, option{letter, Value{}})
					continue
				}
				v := a.with(text[j+1:])
				if v.Text == "" {
					v = next()
				}
				all = append(all, option{letter, v})
				break
			}
		default:
			all = append(all, option{"", a})
		}
	}
	return all
}

// tables are the options of curl and wget, which the drop-in commands have too.
var tables = map[string]func() cmdline.Table{
	"curl": sync.OnceValue(curl.Table),
	"wget": sync.OnceValue(wget.Table),
}

// lex returns the options and operands of curl or wget.
func lex(program string, args []Value) []option {
	words := make([]string, len(args))
	for i, a := range args {
		if words[i] = a.Text; !a.Known() && a.Text == "" {
			words[i] = "${}"
		}
	}
	var all []option
	for a := range tables[program]().Lex(words, program == "wget") {
		o := option{value: args[a.Word]}
		switch {
		case a.Err != nil:
			// One that is not known of is taken to have no value.
			if o.name = strings.TrimLeft(words[a.Word], "-"); o.name == "" {
				o.name = "-"
			}
		case a.Option != nil:
			if o.name = a.Option.Long; !a.On {
				o.name = "no-" + o.name
			}
			o.value = args[a.Word].with(a.Value)
		}
		all = append(all, o)
	}
	return all
}

// operands returns those operands that are addresses. What is not quoted and not set
// is no word at all; it is left out if something else is an address.
func operands(urls []Value) []Value {
	sure := slices.ContainsFunc(urls, func(v Value) bool {
		return strings.Contains(v.Text, "://") || v.Known() && strings.Contains(v.Text, ".")
	})
	return slices.DeleteFunc(slices.Clone(urls), func(v Value) bool {
		bare := v.many && onlyName.MatchString(v.Text)
		return bare && (sure || flags.MatchString(v.Text)) || v.Known() && strings.Trim(v.Text, " ") == ""
	})
}

var (
	onlyName = regexp.MustCompile(`^\$(\{\w+\}|@|\(.*\))$`)
	flags    = regexp.MustCompile(`(?i)(flag|opt|arg|param)s?\}$`)
)
