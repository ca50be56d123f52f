package script

import (
	"slices"
	"strings"
)

// Value is what a word stands for.
type Value struct {
	// Text is the value; if it is not known, a text for people that stands for it
	// and is the same wherever the value is the same.
	Text string
	// Why says why the value is not known; it is empty if it is.
	Why string
	// Vars are the variables of the Dockerfile that went into it.
	Vars []string

	from   []*Fetch // the downloads whose bytes it is made of
	sums   []string // the files whose checksum it is
	opaque bool     // the bytes are packed: it is no text
	all    bool     // it is all that the one download sends
	unset  bool     // in a build without arguments it is empty
}

// Text returns a known value.
func Text(s string) Value { return Value{Text: s} }

// Unknown returns a value that is not known.
func Unknown(text, why string) Value { return Value{Text: text, Why: why} }

// Known reports whether the value is known.
func (v Value) Known() bool { return v.Why == "" }

// with returns a value of another text that is made of v.
func (v Value) with(text string) Value {
	v.Text = text
	return v
}

// join returns the values one after the other.
func join(values ...Value) Value {
	if len(values) == 1 {
		return values[0]
	}
	var (
		out Value
		b   strings.Builder
	)
	for _, v := range values {
		b.WriteString(v.Text)
		if out.Why == "" {
			out.Why = v.Why
		}
		out.add(v)
	}
	if out.Text = b.String(); len(out.Text) > maxText {
		out.Text, out.Why = out.Text[:80]+"…", "it is too long"
	}
	return out
}

// maxText is how long a value may be, in bytes.
const maxText = 1 << 16

// add notes that v is made of other too.
func (v *Value) add(other Value) {
	for _, name := range other.Vars {
		if !slices.Contains(v.Vars, name) {
			v.Vars = append(v.Vars[:len(v.Vars):len(v.Vars)], name)
		}
	}
	for _, f := range other.from {
		if !slices.Contains(v.from, f) {
			v.from = append(v.from[:len(v.from):len(v.from)], f)
		}
	}
	v.sums = append(v.sums[:len(v.sums):len(v.sums)], other.sums...)
	v.opaque = v.opaque || other.opaque
	v.all, v.unset = false, false
}
