// Package edit changes the text of a lockfile and keeps everything else of it
// byte for byte: comments, blank lines, order, quotes, spaces, ends of line, a
// byte order mark, a missing newline at the end. Whatever layout of TOML the
// file is written in, tables, dotted keys or inline tables, an edit is written
// in the layout of its neighbours.
//
// Every edit is checked. The text that it gives is parsed as a lockfile and
// decoded as TOML, and must differ from the text before in what the verb names
// and in nothing else; otherwise the verb returns an error and the document is
// as it was. Setting what is already there changes no byte.
//
// The package edits valid lockfiles only, though their lines may be stale or
// against the policy. It refuses an edit that would make the lockfile invalid,
// that names a dependency which is not there, or that could not keep a comment
// beside what it is about.
//
// [Update] edits a file in place: two processes at once lose no edit, and the
// file holds the old text or the new one, whenever the program ends. A text
// editor takes no lock; what it saves between reading and writing is noticed
// and kept, but for the moment between the last look and the rename.
package edit

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"depfetch/lock"
)

const byteOrderMark = "\ufeff"

// Document is the text of a lockfile. Each of its verbs changes the text or
// returns an error and changes nothing. It is not safe for concurrent use.
type Document struct {
	name string
	mark string // the byte order mark, or ""
	tree *tree  // of the text behind the mark
	file *lock.File
	root map[string]any // what the text must decode to
	held bool           // the check waits for the end of a batch

	// What waits for the end of a batch, or for an edit that has to see it:
	// new values in the places of others. To read the text again after each
	// would take time quadratic in their number.
	pending []change
	edits   int // made so far
}

// Parse reads a lockfile, which must be valid; see [lock.Parse] for the error
// if it is not. Its name is used in errors only.
func Parse(name string, data []byte) (*Document, error) {
	d := &Document{name: name}
	text, marked := strings.CutPrefix(string(data), byteOrderMark)
	if marked {
		d.mark = byteOrderMark
	}
	var err error
	if d.file, err = lock.Parse(name, data); err != nil {
		return nil, err
	}
	if d.root, err = decode(text); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := d.setText(text); err != nil {
		return nil, err
	}
	return d, nil
}

// File returns the lockfile as it is now; within a batch, as it was before.
func (d *Document) File() *lock.File { return d.file }

// Bytes returns the text as it is now; within a batch, what has been edited may
// not be in it yet.
func (d *Document) Bytes() []byte { return []byte(d.mark + d.tree.text) }

// Batch makes one edit of all that f does with d: the result is checked once,
// at the end, which is faster for many edits of a large file. If f or the check
// fails, d is as it was before.
func (d *Document) Batch(f func(*Document) error) error {
	if d.held {
		return f(d)
	}
	return d.transact("", func() error {
		d.held = true
		defer func() { d.held = false }()
		if err := f(d); err != nil {
			return err
		}
		return d.flush()
	}, func() {})
}

// edit runs one verb: change edits the text, and expect does to the decoded
// dependency what the verb names. A dependency that is not there is an error.
func (d *Document) edit(dep string, change func() error, expect func(values map[string]any)) error {
	values, ok := d.deps()[dep].(map[string]any)
	if !ok {
		return fmt.Errorf("%s: there is no dependency %q", d.name, dep)
	}
	return d.transact(dep, change, func() { expect(values) })
}

// transact edits the text by change and the decoded document by expect, and
// checks the result, unless a batch will. If either fails, d is as it was. The
// dependency, which may be empty, is for errors.
func (d *Document) transact(dep string, change func() error, expect func()) error {
	before := *d
	err := change()
	if err == nil && (d.edits != before.edits || d.tree.text != before.tree.text) {
		expect()
		if !d.held {
			err = d.check(before.tree, dep)
		}
	}
	if err != nil {
		*d = before
		if !d.held {
			d.root, _ = decode(d.tree.text) // has been decoded before
		}
	}
	return err
}

// change is a piece of text to put in the place of another.
type change struct {
	span
	text string
}

// replace puts values in the places of others, in a batch when flush is called.
func (d *Document) replace(changes []change) error {
	if len(changes) == 0 {
		return nil
	}
	if !d.held {
		return d.splice(changes...)
	}
	d.edits++
	for _, c := range changes {
		i := slices.IndexFunc(d.pending, func(p change) bool { return p.span == c.span })
		if i < 0 {
			d.pending = append(d.pending, c)
			continue
		}
		d.pending = slices.Clone(d.pending) // what the verb began with stays
		d.pending[i] = c
	}
	return nil
}

// flush makes the changes that are pending. Whatever looks at the tree to change
// more than a value calls it first.
func (d *Document) flush() error {
	pending := d.pending
	if d.pending = nil; len(pending) == 0 {
		return nil
	}
	return d.splice(pending...)
}

// splice makes changes, which must not overlap, and reads the text again.
func (d *Document) splice(changes ...change) error {
	d.edits++
	slices.SortStableFunc(changes, func(a, b change) int { return a.start - b.start })
	var b strings.Builder
	at := 0
	for _, c := range changes {
		b.WriteString(d.tree.text[at:c.start])
		b.WriteString(c.text)
		at = c.end
	}
	b.WriteString(d.tree.text[at:])
	return d.setText(b.String())
}

// setText replaces the text.
func (d *Document) setText(text string) error {
	t, err := parseTree(text)
	if err != nil {
		return d.refuse(text, err.offset, "", "%s", err.msg)
	}
	d.tree = t
	return nil
}

// refuse returns the error that a byte of text is laid out in a way that this
// package does not edit.
func (d *Document) refuse(text string, offset int, dep, format string, args ...any) error {
	before := text[:offset]
	start := strings.LastIndexByte(before, '\n') + 1
	line, col := 1+strings.Count(before, "\n"), 1+utf8.RuneCountInString(before[start:])
	if dep != "" {
		dep = "deps." + key(dep) + ": "
	}
	return fmt.Errorf("%s:%d:%d: %scannot edit this safely: %s", d.name, line, col, dep, fmt.Sprintf(format, args...))
}

// deps returns the decoded dependencies. It may be nil.
func (d *Document) deps() map[string]any {
	deps, _ := d.root["deps"].(map[string]any)
	return deps
}

// locked returns the decoded locked lines of a dependency. It may be nil.
func (d *Document) locked(dep string) map[string]any {
	values, _ := d.deps()[dep].(map[string]any)
	locked, _ := values["locked"].(map[string]any)
	return locked
}
