package cmdline

import (
	"iter"
	"strings"
)

// Arg is an option of a command line, or an operand. Word and At give the position of
// its Value, for callers that know only parts of the words.
type Arg struct {
	Option *Option // nil for an operand, and with Err
	On     bool    // false for --no-NAME and, where switches have values, --NAME=off
	Value  string  // of an option that takes one, or the operand
	Word   int     // the index of the word that holds Value, or else the option
	At     int     // where Value begins in it, in bytes
	Err    error   // the option is unknown or ambiguous, or lacks a value
}

// Lex returns the options and operands of words, in order. It continues after an Arg
// with an Err. gnu selects wget's syntax: switches may have a value, as in --quiet=off,
// and -n negates the letters after it.
func (t Table) Lex(words []string, gnu bool) iter.Seq[Arg] {
	return func(yield func(Arg) bool) {
		l := lexer{table: t, words: words, gnu: gnu, yield: yield}
		for l.at < len(words) && !l.stopped {
			word := words[l.at]
			switch {
			case word == "--" && !l.operands:
				l.operands = true
			case !l.operands && strings.HasPrefix(word, "--"):
				l.long(word)
			case !l.operands && strings.HasPrefix(word, "-") && (word != "-" || !gnu):
				l.shorts(word)
			default:
				l.emit(Arg{On: true, Value: word, Word: l.at})
			}
			l.at++
		}
	}
}

// lexer is the state of Lex.
type lexer struct {
	table    Table
	words    []string
	gnu      bool
	yield    func(Arg) bool
	at       int  // the index of the current word
	operands bool // all further words are operands
	stopped  bool
}

func (l *lexer) emit(a Arg) { l.stopped = l.stopped || !l.yield(a) }

// value emits an option with its value: the rest of the word from at on, or the next
// word if at is 0.
func (l *lexer) value(o *Option, at int) {
	if at > 0 {
		l.emit(Arg{Option: o, On: true, Value: l.words[l.at][at:], Word: l.at, At: at})
	} else if l.at++; l.at < len(l.words) {
		l.emit(Arg{Option: o, On: true, Value: l.words[l.at], Word: l.at})
	} else {
		l.emit(Arg{Word: l.at - 1, Err: Bad(o.Name(), " requires a value")})
	}
}

// long handles --NAME, --no-NAME, --NAME VALUE and --NAME=VALUE, which curl has
// since 8.16.
func (l *lexer) long(word string) {
	name, value, has := strings.Cut(word[2:], "=")
	o, on, err := l.table.Long(name)
	at := len(name) + 3
	switch {
	case err != nil:
		l.emit(Arg{Word: l.at, Err: err})
	case o.Kind == Value && has:
		l.value(o, at)
	case o.Kind == Value:
		l.value(o, 0)
	case has && !l.gnu:
		l.emit(Arg{Word: l.at, Err: Bad(o.Name(), " takes no value")})
	default:
		l.emit(Arg{Option: o, On: on && Truth(value), Value: value, Word: l.at, At: min(at, len(word))})
	}
}

// shorts handles -abc and -abVALUE.
func (l *lexer) shorts(word string) {
	if word == "-" {
		l.emit(Arg{Word: l.at, Err: Bad("unknown option -")})
	}
	for i := 1; i < len(word) && !l.stopped; i++ {
		if l.gnu && word[i] == 'n' {
			l.negated(word[i+1:])
			return
		}
		o, err := l.table.Short(word[i : i+1])
		switch {
		case err != nil:
			l.emit(Arg{Word: l.at, Err: err})
		case o.Kind != Value:
			l.emit(Arg{Option: o, On: true, Word: l.at, At: len(word)})
		case i+1 < len(word):
			l.value(o, i+1)
			return
		default:
			l.value(o, 0)
			return
		}
	}
}

// negated handles the letters of -n, which may be the next word.
func (l *lexer) negated(letters string) {
	if letters == "" {
		if l.at++; l.at == len(l.words) {
			l.emit(Arg{Word: l.at - 1, Err: Bad("-n requires a letter")})
			return
		}
		letters = l.words[l.at]
	}
	for _, c := range letters {
		o, err := l.table.Short("n" + string(c))
		l.emit(Arg{Option: o, Word: l.at, At: len(l.words[l.at]), Err: err})
		if l.stopped {
			return
		}
	}
}

// Truth reads the value of a switch.
func Truth(s string) bool {
	switch strings.ToLower(s) {
	case "off", "no", "0":
		return false
	}
	return true
}
