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

	from    []*Fetch // the downloads whose bytes it is made of
	content content  // what it is of them
	origin  origin   // what it was at first, if that says more than its text
	sums    []string // the files whose checksum it is
	unset   bool     // in a build without arguments it is empty

	many  bool    // it is not known, and unquoted: it may be several words, or none
	array *array  // of a variable: it is an array of bash
	parts []Value // what it is made of, if it is not known
}

// content says what a value is of the downloads that it is made of.
type content int

const (
	madeOf content = iota // something made of them
	packed                // their bytes, unpacked: no text
	whole                 // all that the one download sends
)

// origin tells apart the unknown values that commands treat in a way of their own.
type origin int

const (
	ordinary   origin = iota
	process           // the file of <( … ): its text is that, with what the command prints
	temporary         // a name that mktemp makes, or one that begins with it
	lastStatus        // $?
	fetched           // what an earlier stage has downloaded
	looked            // where a program is: its text is $(which NAME)
)

// Text returns a known value.
func Text(s string) Value { return Value{Text: s} }

// Unknown returns a value that is not known.
func Unknown(text, why string) Value { return Value{Text: text, Why: why} }

// Known reports whether the value is known.
func (v Value) Known() bool { return v.Why == "" }

// with returns a value of another text that is made of v.
func (v Value) with(text string) Value {
	v.Text, v.parts, v.array = text, nil, nil
	return v
}

// withoutDownloads returns the value with no downloads that it is made of.
func (v Value) withoutDownloads() Value {
	if v.content != madeOf {
		v.origin = fetched
	}
	v.from, v.content = nil, madeOf
	parts := v.parts
	v.parts = nil
	for _, p := range parts {
		v.parts = append(v.parts, p.withoutDownloads())
	}
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
	if len(values) > 0 {
		out.origin = values[0].origin
	}
	for _, v := range values {
		b.WriteString(v.Text)
		if out.Why == "" {
			out.Why = v.Why
		}
		out.add(v)
	}
	if out.Text = b.String(); len(out.Text) > maxText {
		return Value{Text: out.Text[:80] + "…", Why: "it is too long", from: out.from}
	}
	if out.Why != "" {
		for _, v := range values {
			if v.parts != nil {
				out.parts = append(out.parts, v.parts...)
			} else {
				v.many, v.array = false, nil
				out.parts = append(out.parts, v)
			}
		}
		if len(out.parts) > maxParts {
			out.parts = nil
		}
	}
	return out
}

// The bounds of a value: how long it may be, in bytes, and of how many parts it is
// kept what it is made of.
const (
	maxText  = 1 << 15
	maxParts = 1 << 8
)

// either returns what a value is that is one of several, for a reason if they
// differ. The first that is not known stands for them in text.
func either(text, why string, values ...Value) Value {
	first := values[0]
	same := true
	for _, v := range values[1:] {
		same = same && v.Text == first.Text && v.Why == first.Why && v.array == first.array
	}
	out := first
	if !same {
		out = Unknown(text, why)
		out.add(first)
	}
	for _, v := range values[1:] {
		out.add(v)
	}
	return out
}

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
	if v.content == packed || other.content == packed {
		v.content = packed
	} else {
		v.content = madeOf
	}
	v.unset = false
	if len(v.sums) > maxParts {
		v.sums = v.sums[:maxParts]
	}
}
