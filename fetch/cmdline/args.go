package cmdline

import (
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// Fault is the kind of an Error: what a program has an exit code for.
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

// Bad returns an error of usage that is made of words. It and others that are called
// from everywhere are not inlined, which would cost kilobytes each.
//
//go:noinline
func Bad(words ...string) error { return errors.New(strings.Join(words, "")) }

// RefusedError says that an option asks for what a pinned fetch cannot do.
type RefusedError struct{ Name, Reason string }

func (e *RefusedError) Error() string { return e.Name + " is refused: " + e.Reason }

// Refuse returns a RefusedError.
//
//go:noinline
func Refuse(name, reason string) error { return &RefusedError{name, reason} }

// Defer keeps the first refusal for the end of a command line, and returns errors of
// other kinds.
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

// ErrStop is what act returns to read no further.
var ErrStop = errors.New("stop")

// Parse reads arguments, and calls act for each option and, with a nil option, for
// each of the other arguments, in their order. Unknown options end it; what is refused
// is an error too, but what stands behind it is read. Gnu is that of Lex. Where act
// returns ErrStop, reading ends without an error.
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

// Values are what options say, by their long names. A switch that is on says "1".
type Values struct {
	all map[string][]string
	// Err is the first value that could not be read.
	Err error
}

// Add adds what an option says.
func (v *Values) Add(o *Option, value string, on bool) {
	if o.Kind != Value {
		value = ""
		if on {
			value = "1"
		}
	}
	v.Set(o.Long, append(v.All(o.Long), value)...)
}

// Set replaces what an option says.
func (v *Values) Set(name string, values ...string) {
	if v.all == nil {
		v.all = make(map[string][]string)
	}
	v.all[name] = values
}

// All returns what an option says each time.
//
//go:noinline
func (v *Values) All(name string) []string { return v.all[name] }

// Last returns what the last of several options says that says something. Their
// names are one string, with blanks between.
//
//go:noinline
func (v *Values) Last(names string) (last string) {
	for _, name := range strings.Fields(names) {
		if all := v.All(name); len(all) > 0 && all[len(all)-1] != "" {
			last = all[len(all)-1]
		}
	}
	return last
}

// On reports whether one of several switches is on.
//
//go:noinline
func (v *Values) On(names string) bool { return v.Last(names) != "" }

// Off reports whether a switch is off that says something.
func (v *Values) Off(name string) bool { return len(v.All(name)) > 0 && !v.On(name) }

// Seconds returns the time that the last of several options says: a number of
// seconds, or with a letter behind it of minutes, hours or days.
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

// Number returns a number, or none if the option is not there.
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

// Size returns a number of bytes, which a letter behind it multiplies, or 0.
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

// maxText is how large a file may be that continues a command line, in bytes.
const maxText = 8 << 20

// ReadText returns what a file holds, or in for "-".
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
