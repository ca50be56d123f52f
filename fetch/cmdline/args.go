package cmdline

import (
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// Fault is the kind of an Error. The programs have an exit code for each.
type Fault byte

// The kinds of errors.
const (
	Usage   Fault = iota // the command line
	URL                  // an address that cannot be read
	Scheme               // an address whose scheme is not fetched or not allowed
	Read                 // a file of the command line that cannot be read
	Output               // an output that cannot be written
	Timeout              // a limit on the time
	Size                 // a limit on the size
	Exists               // an output that is there already
)

// Error is an error with its kind.
type Error struct {
	Err   error
	Fault Fault
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// Bad returns an error of usage whose message is the words, joined. Inlining it
// would cost 4 kB.
//
//go:noinline
func Bad(words ...string) error { return errors.New(strings.Join(words, "")) }

// RefusedError says that an option asks for what a pinned fetch cannot do.
type RefusedError struct{ Name, Reason string }

func (e *RefusedError) Error() string { return e.Name + " is refused: " + e.Reason }

// Refuse returns a RefusedError. Inlining it would cost 1 kB.
//
//go:noinline
func Refuse(name, reason string) error { return &RefusedError{name, reason} }

// Defer stores the first RefusedError in refused, drops further ones, and returns every
// other error, so that a command line is read to its end after a refusal.
func Defer(refused *error, err error) error {
	var r *RefusedError
	if !errors.As(err, &r) {
		return err
	}
	if *refused == nil {
		*refused = err
	}
	return nil
}

// ErrStop is returned by the act of Parse to stop reading.
var ErrStop = errors.New("stop")

// Parse reads arguments, and calls act for each option and, with a nil option, for
// each of the other arguments, in order. An unknown option ends it with an error. After a
// refused option the rest is read before the error is returned. gnu is as for Lex. If
// act returns ErrStop, Parse ends without an error.
func (t Table) Parse(args []string, gnu bool, act func(o *Option, value string, on bool) error) (refused error) {
	for a := range t.Lex(args, gnu) {
		err := a.Err
		switch o := a.Option; {
		case err != nil || o != nil && (o.Class == Tune || o.Class == Deny && !a.On):
		case o != nil && o.Class == Amount:
			if digits := strings.TrimPrefix(a.Value, "-"); digits == "" || digits[0] < '.' || digits[0] > '9' || digits[0] == '/' {
				err = Bad(o.Name(), " ", a.Value, ": want a number")
			}
		case o != nil && o.Class == Deny:
			err = Refuse(o.Name(), o.Reason)
		default:
			err = act(o, a.Value, a.On)
		}
		if err == ErrStop {
			return nil
		}
		if err = Defer(&refused, err); err != nil {
			return err
		}
	}
	return refused
}

// Values are the values of options, by their long names. A switch that is on has "1".
type Values struct {
	all map[string][]string
	// Err is the first value that could not be read.
	Err error
}

// Add adds a value to those of an option.
func (v *Values) Add(o *Option, value string, on bool) {
	if o.Kind != Value {
		value = ""
		if on {
			value = "1"
		}
	}
	v.Set(o.Long, append(v.All(o.Long), value)...)
}

// Set replaces the values of an option.
func (v *Values) Set(name string, values ...string) {
	if v.all == nil {
		v.all = make(map[string][]string)
	}
	v.all[name] = values
}

// All returns all values of an option, in order.
func (v *Values) All(name string) []string { return v.all[name] }

// Last returns the value that was given last to one of several options. Their names are
// one string, separated by blanks.
func (v *Values) Last(names string) (last string) {
	for _, name := range strings.Fields(names) {
		if all := v.All(name); len(all) > 0 && all[len(all)-1] != "" {
			last = all[len(all)-1]
		}
	}
	return last
}

// On reports whether one of several switches is on.
func (v *Values) On(names string) bool { return v.Last(names) != "" }

// Off reports whether a switch was turned off explicitly.
func (v *Values) Off(name string) bool { return len(v.All(name)) > 0 && !v.On(name) }

// Seconds returns the duration that the last of several options gives, as a number of
// seconds, or of minutes, hours or days with a letter after it.
func (v *Values) Seconds(names string) time.Duration {
	digits := v.Last(names)
	if digits == "" {
		return 0
	}
	unit := time.Second
	switch digits[len(digits)-1] {
	case 'm':
		unit = time.Minute
	case 'h':
		unit = time.Hour
	case 'd':
		unit = 24 * time.Hour
	}
	f, err := strconv.ParseFloat(strings.TrimRight(digits, "smhd"), 64)
	if err != nil || !(f >= 0 && f < 1e6) {
		v.fail(names, digits, "a number of seconds")
		return 0
	}
	return time.Duration(f * float64(unit))
}

// Number returns the value of an option as a number, or none if it was not given.
func (v *Values) Number(name string, base int, none int64) int64 {
	s := v.Last(name)
	if s == "" {
		return none
	}
	n, err := strconv.ParseInt(s, base, 48)
	if err != nil || n < 0 {
		v.fail(name, s, "a number")
	}
	return n
}

// Size returns the value of an option in bytes, which may have a multiplier as its last
// letter, or 0.
func (v *Values) Size(name string) int64 {
	digits := v.Last(name)
	if digits == "" {
		return 0
	}
	shift := strings.IndexByte("bkmgtp", digits[len(digits)-1]|0x20)
	if shift >= 0 {
		digits = digits[:len(digits)-1]
	}
	n, err := strconv.ParseInt(digits, 10, 63-10*max(shift, 0))
	if err != nil || n < 0 {
		v.fail(name, digits, "a number of bytes")
	}
	return n << (10 * max(shift, 0))
}

func (v *Values) fail(names, value, want string) {
	if v.Err == nil {
		v.Err = Bad("--", strings.ReplaceAll(names, " ", " or --"), " ", value, ": want ", want)
	}
}

// maxText is the largest file that may continue a command line, in bytes.
const maxText = 8 << 20

// ReadText returns the content of a file, or of in for "-".
func ReadText(name string, in io.Reader) (string, error) {
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return "", &Error{err, Read}
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, maxText))
	if err == nil && len(text) == maxText {
		err = Bad(name, " is too long")
	}
	if err != nil {
		return "", &Error{err, Read}
	}
	return string(text), nil
}
