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
	"bytes"
	"fmt"
	"slices"
	"strings"

	"depfetch/lock"
)

const byteOrderMark = "\ufeff"

// Document is the text of a lockfile. Each of its verbs changes the text or
// returns an error and changes nothing. It is not safe for concurrent use.
type Document struct {
	name string
	mark string // the byte order mark, or ""
	tree tree   // of the text behind the mark
	file *lock.File
	root map[string]any // what the text must decode to
	held bool           // the check waits for the end of a batch

	refused error // why the edit under way cannot be made

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
	if bytes.HasPrefix(data, []byte(byteOrderMark)) {
		d.mark = byteOrderMark
	}
	var err error
	if d.file, err = lock.Parse(name, data); err != nil {
		return nil, err
	}
	d.tree = tree{d.file.Syntax}
	if d.root, err = decode(d.tree.Text); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return d, nil
}

// File returns the lockfile as it is now; within a batch, as it was before.
func (d *Document) File() *lock.File { return d.file }

// Bytes returns the text as it is now; within a batch, what has been edited may
// not be in it yet.
func (d *Document) Bytes() []byte { return []byte(d.mark + d.tree.Text) }

// Batch makes one edit of all that f does with d: the result is checked once,
// at the end, which is faster for many edits of a large file. If f or the check
// fails, d is as it was before.
func (d *Document) Batch(f func(*Document) error) error {
	if d.held {
		return f(d)
	}
	return d.transact(func() {
		d.held = true
		defer func() { d.held = false }()
		if d.refused = f(d); d.refused == nil {
			d.flush()
		}
	})
}

// effect is what a verb does to the decoded lockfile: the value at path becomes
// another, or goes if that is nil.
type effect struct {
	path  []string
	value any
}

// edit runs a verb that changes the text of a dependency, and by it the value of
// keys below it. A dependency that is not there is an error.
func (d *Document) edit(dep string, keys []string, value any, change func()) error {
	if d.table("deps", dep) == nil {
		return fmt.Errorf("%s: there is no dependency %q", d.name, dep)
	}
	return d.transact(change, effect{append([]string{"deps", dep}, keys...), value})
}

// transact edits the text by change, and checks that it has the effects and no
// others, unless a batch will. If either fails, d is as it was.
func (d *Document) transact(change func(), effects ...effect) error {
	before := *d
	change()
	err := d.refused
	if err == nil && (d.edits != before.edits || d.tree.Text != before.tree.Text) {
		for _, e := range effects {
			d.expect(e)
		}
		if !d.held {
			err = d.check(before.tree, effects)
		}
	}
	if err != nil {
		*d = before
		if !d.held {
			d.root, _ = decode(d.tree.Text) // has been decoded before
		}
	}
	return err
}

// expect makes the decoded document what it is to be with e.
func (d *Document) expect(e effect) {
	table, last := d.root, len(e.path)-1
	for _, key := range e.path[:last] {
		kid, ok := table[key].(map[string]any)
		if !ok {
			kid = make(map[string]any)
			table[key] = kid
		}
		table = kid
	}
	if e.value == nil {
		delete(table, e.path[last])
	} else {
		table[e.path[last]] = decoded(e.value)
	}
}

// table returns the decoded table at path, or nil if it is not there.
func (d *Document) table(path ...string) map[string]any {
	table := d.root
	for _, key := range path {
		table, _ = table[key].(map[string]any)
	}
	return table
}

// replace puts values in the places of others, in a batch when flush is called.
func (d *Document) replace(changes ...change) {
	if len(changes) == 0 {
		return
	}
	if !d.held {
		d.splice(changes...)
		return
	}
	d.edits++
	for _, c := range changes {
		i := slices.IndexFunc(d.pending, func(p change) bool { return p.Span == c.Span })
		if i < 0 {
			d.pending = append(d.pending, c)
			continue
		}
		d.pending = slices.Clone(d.pending) // what the verb began with stays
		d.pending[i] = c
	}
}

// flush makes the changes that are pending. Whatever looks at the tree to change
// more than a value calls it first.
func (d *Document) flush() {
	if pending := d.pending; len(pending) > 0 {
		d.pending = nil
		d.splice(pending...)
	}
}

// splice makes changes, which must not overlap, and reads the text again.
func (d *Document) splice(changes ...change) {
	d.edits++
	slices.SortStableFunc(changes, func(a, b change) int { return a.Start - b.Start })
	var b strings.Builder
	at := 0
	for _, c := range changes {
		b.WriteString(d.tree.Text[at:c.Start])
		b.WriteString(c.text)
		at = c.End
	}
	b.WriteString(d.tree.Text[at:])
	d.tree = tree{lock.ParseSyntax(b.String())}
}

// refusal returns the error that a byte of t is laid out in a way that this package
// does not edit.
func (d *Document) refusal(t tree, offset int, dep, why string) error {
	line, col := t.Position(offset)
	if dep != "" {
		dep = "deps." + key(dep) + ": "
	}
	return fmt.Errorf("%s:%d:%d: %scannot edit this safely: %s", d.name, line, col, dep, why)
}
