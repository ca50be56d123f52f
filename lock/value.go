package lock

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"depfetch/fetch/source"
)

// document is a lockfile's text, and what has been found wrong with it.
type document struct {
	name, text string
	faults     ErrorList
}

// position returns the line and column of a byte, both from 1.
func (d *document) position(offset int) (line, col int) {
	before := d.text[:min(max(offset, 0), len(d.text))]
	start := strings.LastIndexByte(before, '\n') + 1
	return 1 + strings.Count(before, "\n"), 1 + utf8.RuneCountInString(before[start:])
}

// value is one value of a document: what it holds, what it is called and where
// it stands. A nil *value is one that the document does not have; it reads as
// empty.
type value struct {
	doc  *document
	up   *value // the table that holds it; nil for the whole document
	key  string // its key there; of an array's element, the array's
	data any
	at   *node
}

// get returns the value of a key of the table v, or nil. It is called so often that
// inlining it would cost 37 kB.
//
//go:noinline
func (v *value) get(key string) *value {
	if v == nil {
		return nil
	}
	table, _ := v.data.(map[string]any)
	data, ok := table[key]
	if !ok {
		return nil
	}
	return &value{v.doc, v, key, data, cmp.Or(v.at.kids[key], v.at)}
}

// children returns the values of the table v in the order of the document.
func (v *value) children() []*value {
	if v == nil {
		return nil
	}
	table, _ := v.data.(map[string]any)
	kids := make([]*value, 0, len(table))
	for key := range table {
		kids = append(kids, v.get(key))
	}
	slices.SortFunc(kids, func(a, b *value) int { return cmp.Compare(a.at.key, b.at.key) })
	return kids
}

// table reports whether v is a table. If it is, its keys are checked: each
// must be one of known, unless known is empty.
func (v *value) table(known ...string) bool {
	if v == nil {
		return false
	}
	if _, ok := v.data.(map[string]any); !ok {
		v.failType("a table")
		return false
	}
	twins := v.failTwins()
	for key := range v.data.(map[string]any) {
		if len(known) > 0 && !slices.Contains(known, key) && !twins[key] {
			v.get(key).failKey("unknown key%s", didYouMean(key, known, "%q"))
		}
	}
	return true
}

// failTwins reports the keys of the table v that differ from another only in
// case, and returns them.
func (v *value) failTwins() map[string]bool {
	table := v.data.(map[string]any)
	isLower := func(key string) bool { return strings.ToLower(key) == key }
	mixed := slices.DeleteFunc(slices.Collect(maps.Keys(table)), isLower)
	if len(mixed) == 0 {
		return nil
	}
	twins := make(map[string]bool)
	first := make(map[string]*value)
	for _, kid := range v.children() {
		folded := strings.ToLower(kid.key)
		if twin := first[folded]; twin != nil {
			line, _ := v.doc.position(twin.at.key)
			kid.failKey("differs only in case from %q on line %d", twin.key, line)
			twins[kid.key], twins[twin.key] = true, true
			continue
		}
		first[folded] = kid
	}
	return twins
}

// str returns the string v.
//
//go:noinline
func (v *value) str() (s string, ok bool) {
	if v == nil {
		return "", false
	}
	if s, ok = v.data.(string); !ok {
		v.failType("a string")
	}
	return s, ok
}

// integer returns the integer v.
func (v *value) integer() (n int64, ok bool) {
	if v == nil {
		return 0, false
	}
	if n, ok = v.data.(int64); !ok {
		v.failType("an integer")
	}
	return n, ok
}

// time returns the moment v.
func (v *value) time() time.Time {
	if v == nil {
		return time.Time{}
	}
	t, ok := v.data.(time.Time)
	if !ok {
		v.failType("a date or time")
		return time.Time{}
	}
	if name := t.Location().String(); strings.HasSuffix(name, "local") || t.Nanosecond() != 0 || t.Unix() < 0 {
		v.fail("want a moment in whole seconds since 1970, as 2024-05-01T00:00:00Z")
	}
	return t.UTC()
}

// boolean returns the boolean v.
func (v *value) boolean() (b, ok bool) {
	if v == nil {
		return false, false
	}
	if b, ok = v.data.(bool); !ok {
		v.failType("a boolean")
	}
	return b, ok
}

// elements returns the elements of the array v.
func (v *value) elements() []*value {
	if v == nil {
		return nil
	}
	list, ok := v.data.([]any)
	if !ok {
		v.failType("an array")
		return nil
	}
	elems := make([]*value, len(list))
	for i, data := range list {
		elems[i] = &value{v.doc, v.up, v.key, data, v.at}
		if i < len(v.at.elems) {
			elems[i].at = v.at.elems[i]
		}
	}
	return elems
}

// path returns the dotted key of v, as TOML writes it.
func (v *value) path() string {
	if v.up == nil {
		return ""
	}
	key := v.key
	if strings.Contains(key, "@") { // an address, perhaps with a password
		key = source.Redact(key)
	}
	if strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != "" || key == "" {
		key = strconv.Quote(key)
	}
	if above := v.up.path(); above != "" {
		return above + "." + key
	}
	return key
}

// dep returns the name of the dependency that v belongs to, or "".
func (v *value) dep() string {
	for ; v.up != nil; v = v.up {
		if v.up.up != nil && v.up.up.up == nil && v.up.key == "deps" {
			return v.key
		}
	}
	return ""
}

// errorf returns an error of v that points at a byte of the document.
func (v *value) errorf(kind Kind, offset int, format string, args ...any) *Error {
	line, col := v.doc.position(offset)
	return &Error{
		File: v.doc.name, Line: line, Col: col, Kind: kind,
		Key: v.path(), Dep: v.dep(), Msg: fmt.Sprintf(format, args...),
	}
}

// failAt reports a fault at a byte of the document.
func (v *value) failAt(offset int, format string, args ...any) *Error {
	e := v.errorf(KindFormat, offset, format, args...)
	v.doc.faults = append(v.doc.faults, e)
	return e
}

// fail reports a fault of what v holds.
func (v *value) fail(format string, args ...any) *Error { return v.failAt(v.at.val, format, args...) }

// failKey reports a fault of v's key.
func (v *value) failKey(format string, args ...any) *Error {
	return v.failAt(v.at.key, format, args...)
}

// failType reports that v is not of the wanted type.
func (v *value) failType(want string) { v.fail("want %s, found %s", want, typeName(v.data)) }

// inside returns where byte i of the string v stands, if that can be told;
// else where v begins.
func (v *value) inside(i int) int {
	if v.at.plain {
		return v.at.val + 1 + i
	}
	return v.at.val
}

// typeName returns TOML's name, with its article, for the type of a decoded value.
func typeName(data any) string {
	switch data.(type) {
	case string:
		return "a string"
	case int64:
		return "an integer"
	case float64:
		return "a float"
	case bool:
		return "a boolean"
	case time.Time:
		return "a date or time"
	case []map[string]any:
		return "an array of tables"
	case []any:
		return "an array"
	default:
		return "a table"
	}
}
