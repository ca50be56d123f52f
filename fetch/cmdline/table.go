// Package cmdline holds what the parsers of curl's and wget's command lines share:
// tables of options, and addresses in the normal form in which they are compared.
//
// It guarantees that an option is known or an error: none is skipped. What a
// pinned fetch cannot do is refused by the option's name, with the reason.
package cmdline

import "strings"

// Class says how an option is treated.
type Class byte

// The classes of options.
const (
	Act    Class = '+' // the parser acts on it
	Tune   Class = '~' // accepted: it tunes a transfer and cannot change its result
	Amount Class = '#' // the same, and its value has to be an amount
	Deny   Class = '-' // refused, with Option.Reason
)

// Kind says what an option takes.
type Kind byte

// The kinds of options.
const (
	Switch Kind = '.' // nothing
	Bool   Kind = '!' // nothing, and it can be negated: --no-NAME
	Value  Kind = '=' // a value
)

// Option is a line of a table.
type Option struct {
	Short  string // one letter, or empty
	Long   string // without dashes
	Kind   Kind
	Class  Class
	Reason string // why it is refused, if Class is Deny
}

// Name returns the option as a person writes it.
func (o *Option) Name() string { return "--" + o.Long }

// Table holds the options of a program.
type Table []Option

// ParseTable reads a table from its text. A line is the class, the kind and the
// long name, which a short one may precede: "+=o,output". A line that begins with
// a colon gives the reason for the refused options below it.
func ParseTable(text string) Table {
	var t Table
	var reason string
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		if r, ok := strings.CutPrefix(line, ":"); ok {
			reason = strings.TrimSpace(r)
			continue
		}
		for _, word := range strings.Fields(line) {
			o := Option{Class: Class(word[0]), Kind: Kind(word[1]), Long: word[2:]}
			if short, long, ok := strings.Cut(o.Long, ","); ok {
				o.Short, o.Long = short, long
			}
			if o.Class == Deny {
				o.Reason = reason
			}
			t = append(t, o)
		}
	}
	return t
}

// Short returns the option of a letter.
func (t Table) Short(letter string) (*Option, error) {
	for i := range t {
		if t[i].Short == letter {
			return &t[i], nil
		}
	}
	return nil, Bad("unknown option -", letter)
}

// Long returns the option of a long name, or of the beginning of one alone, and
// whether the name turns it on: --no-NAME turns it off.
func (t Table) Long(name string) (o *Option, on bool, err error) {
	o, err = t.find(name)
	if o == nil && err == nil {
		if positive, ok := strings.CutPrefix(name, "no-"); ok {
			if o, err = t.find(positive); o != nil && o.Kind == Bool {
				return o, false, nil
			}
		}
		if err == nil {
			err = Bad("unknown option --", name)
		}
	}
	return o, true, err
}

// find returns the option with this name, or the only one whose name begins with it, or
// nil.
func (t Table) find(name string) (found *Option, err error) {
	for i := range t {
		switch {
		case t[i].Long == name:
			return &t[i], nil
		case !strings.HasPrefix(t[i].Long, name):
		case found != nil:
			err = Bad("--", name, " may be --", found.Long, " or --", t[i].Long)
		default:
			found = &t[i]
		}
	}
	if err != nil {
		found = nil
	}
	return found, err
}
