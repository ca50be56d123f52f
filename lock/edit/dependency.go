package edit

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"depfetch/fetch"
	"depfetch/lock"
)

// NewDep is a dependency to add. Its fields are the keys of a dependency, as
// FORMAT.md describes them; a zero field is left out.
type NewDep struct {
	Name      string
	Version   string
	URL       string
	Alias     map[lock.Platform]string
	Mirrors   []string
	Sums      string
	Signature [][]Entry // the table of each
	Latest    []Entry
	Catalogue string
	Member    string
	Unpack    *fetch.Unpack
	Path      string
	Mode      string
	Owner     string
	Platforms []lock.Platform
	Groups    []string
	// AllowPlatformMismatch is lock.Dep's.
	AllowPlatformMismatch bool
	Locked                []lock.Line
}

// Add adds a dependency at the end of the file, in the layout that FORMAT.md
// shows; where deps is an inline table, at the end of that. A name that is
// already there is an error.
func (d *Document) Add(dep NewDep) error {
	if d.table("deps", dep.Name) != nil {
		return fmt.Errorf("%s: there is a dependency %q already", d.name, dep.Name)
	}
	if dep.URL == "" {
		return fmt.Errorf("%s: dependency %q has no url", d.name, dep.Name)
	}
	all := dep.entries()
	tables := section("deps."+key(dep.Name), all)
	if locked := dep.lines(); len(locked) > 0 {
		all = append(all, Entry{Key: "locked", Value: locked})
		tables += "\n" + section("deps."+key(dep.Name)+".locked", locked)
	}
	return d.transact(func() {
		d.flush()
		if inline := d.tree.inlineTable("deps"); inline != nil {
			d.splice(d.tree.insertItem(itemsOf(inline), len(inline.Pairs), assignment(Entry{Key: dep.Name, Value: all}))...)
			return
		}
		d.splice(d.tree.atEnd(tables))
	}, effect{[]string{"deps", dep.Name}, all})
}

// section returns a table as a section, with the equals signs of its lines aligned.
func section(name string, entries []Entry) string {
	width := 0
	for _, e := range entries {
		width = max(width, utf8.RuneCountInString(key(e.Key)))
	}
	var b strings.Builder
	b.WriteString("[" + name + "]\n")
	for _, e := range entries {
		fmt.Fprintf(&b, "%-*s = %s\n", width, key(e.Key), text(e.Value))
	}
	return b.String()
}

// entries returns the keys of n that are set, but for the locked lines.
func (n NewDep) entries() []Entry {
	var platforms []string
	for _, p := range n.Platforms {
		platforms = append(platforms, p.String())
	}
	var alias []Entry
	for _, p := range slices.Sorted(maps.Keys(n.Alias)) {
		alias = append(alias, Entry{Key: p.String(), Value: n.Alias[p]})
	}
	entries := []Entry{
		{Key: "version", Value: n.Version}, {Key: "url", Value: n.URL}, {Key: "alias", Value: alias}, {Key: "mirrors", Value: n.Mirrors},
		{Key: "sums", Value: n.Sums}, {Key: "signature", Value: SignatureValue(n.Signature)}, {Key: "latest", Value: n.Latest}, {Key: "catalogue", Value: n.Catalogue}, {Key: "member", Value: n.Member},
		{Key: "unpack", Value: unpackValue(n.Unpack)}, {Key: "path", Value: n.Path}, {Key: "mode", Value: n.Mode}, {Key: "owner", Value: n.Owner},
		{Key: "platforms", Value: platforms}, {Key: "groups", Value: n.Groups},
		{Key: "allow_platform_mismatch", Value: n.AllowPlatformMismatch},
	}
	return slices.DeleteFunc(entries, func(e Entry) bool { return isUnset(e.Value) })
}

// isUnset reports whether a value is that of a key to leave out.
func isUnset(value any) bool {
	switch v := value.(type) {
	case []string:
		return len(v) == 0
	case []Entry:
		return len(v) == 0
	}
	return value == nil || value == "" || value == false || value == int64(0)
}

// SignatureValue returns how the lockfile writes signatures: a table, an array of
// tables, or nothing.
func SignatureValue(tables [][]Entry) any {
	switch len(tables) {
	case 0:
		return nil
	case 1:
		return tables[0]
	}
	return tables
}

// unpackValue returns how the lockfile writes u: true, a table, or nothing.
func unpackValue(u *fetch.Unpack) any {
	if u == nil {
		return nil
	}
	var modes []Entry
	for _, m := range u.Modes {
		modes = append(modes, Entry{Key: m.Glob, Value: fmt.Sprintf("%04o", m.Mode)})
	}
	table := []Entry{
		{Key: "strip", Value: int64(u.Strip)}, {Key: "include", Value: u.Include}, {Key: "modes", Value: modes}, {Key: "replace", Value: u.Replace},
		{Key: "absolute_links", Value: u.AbsoluteLinks}, {Key: "absolute_names", Value: u.AbsoluteNames},
		{Key: "drop_special_bits", Value: u.DropSpecial},
	}
	table = slices.DeleteFunc(table, func(e Entry) bool { return isUnset(e.Value) })
	if len(table) == 0 {
		return true
	}
	return table
}

// lines returns the locked lines of n.
func (n NewDep) lines() []Entry {
	var lines []Entry
	for _, l := range n.Locked {
		lines = append(lines, Entry{Key: l.Platform.String(), Value: lineEntries(l)})
	}
	return lines
}

// Draft returns a new dependency as it would be read from a lockfile of its own, without
// locked lines. Its faults are of the type [*DraftError].
func Draft(dep NewDep) (*lock.Dep, error) {
	file, err := lock.Parse("NAME and options", []byte("version = 1\n\n"+section("deps."+key(dep.Name), dep.entries())))
	if list, ok := errors.AsType[lock.ErrorList](err); ok {
		errs := make([]error, len(list))
		for i, e := range list {
			errs[i] = &DraftError{Fault: e}
		}
		return nil, errors.Join(errs...)
	}
	if err != nil {
		return nil, err
	}
	return file.Dep(dep.Name), nil
}

// DraftError is a fault of a draft, whose lines and columns nobody has seen.
type DraftError struct{ Fault *lock.Error }

func (e *DraftError) Error() string {
	if e.Fault.Key == "" {
		return e.Fault.File + ": " + e.Fault.Msg
	}
	return e.Fault.File + ": " + e.Fault.Key + ": " + e.Fault.Msg
}

func (e *DraftError) Unwrap() error { return e.Fault }
