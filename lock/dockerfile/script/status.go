package script

// status is how a command ends.
type status int

const (
	succeeded status = iota
	failed
	assumed  // it is taken to succeed; if that is asked, only the build can tell
	unsure   // only the build can tell
	probably // it succeeds in a build that is given no arguments
	hardly   // it fails in one
)

// ok reports whether a script goes on behind a command as behind one that succeeds.
func (s status) ok() bool { return s == succeeded || s == assumed }

// or returns how a command ends that ends in either way.
func (s status) or(other status) status {
	switch {
	case s == other:
		return s
	case s.ok() && other.ok():
		return assumed
	}
	return unsure
}

func (s status) not() status {
	switch s {
	case succeeded:
		return failed
	case failed:
		return succeeded
	case probably:
		return hardly
	case hardly:
		return probably
	}
	return unsure
}

func both(a, b status) status {
	switch {
	case a == failed || b == failed:
		return failed
	case a == succeeded:
		return b
	case b == succeeded || a == b:
		return a
	case a == assumed:
		return b
	case b == assumed:
		return a
	case a == hardly || b == hardly:
		return hardly
	}
	return unsure
}

func truth(b bool) status {
	if b {
		return succeeded
	}
	return failed
}

// context is where a command stands: what becomes of a failure, and of its input
// and output.
type context struct {
	lost    string // why a failure is not what the script ends with; empty if it is
	guarded bool   // set -e does not apply
	in      *Value // nil if it is what the script got
	out     *sink  // nil if it is printed
}

// sink collects what is printed.
type sink struct {
	values []Value
	size   int
	torn   bool // what printed it may have ended before
}

func (s *sink) value() Value {
	v := Value{}
	if len(s.values) > 0 {
		v = join(s.values...)
	}
	if s.torn && v.Known() {
		v.Why = "what is printed depends on what only the build can tell"
	}
	return v
}

// print adds a value. What is too long is not kept.
func (s *sink) print(v Value) {
	if s.size += len(v.Text); s.size > maxText || len(s.values) > maxText {
		long := Unknown("$(…)", "it is too long")
		for _, o := range s.values {
			long.add(o)
		}
		long.add(v)
		s.values, s.size = []Value{long}, 0
		return
	}
	s.values = append(s.values, v)
}

func (c context) capture() (context, *sink) {
	s := &sink{}
	c.out = s
	return c, s
}

// noErrexit is why a failure before the last command of a list is lost.
const noErrexit = "the next command runs all the same: there is no set -e"

// fate says why a failure of a command in this context does not end the script.
func (m *Machine) fate(c context) string {
	if c.lost == "" || m.errexit && !c.guarded {
		return m.outer
	}
	if c.lost == noErrexit && m.errexit {
		return "set -e does not end the script for what fails before && or ||, and the next command runs all the same"
	}
	return c.lost
}
