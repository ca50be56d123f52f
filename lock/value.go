package lock

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"depfetch/fetch/source"
)

// document is a lockfile, and what has been found wrong with it.
type document struct {
	Syntax
	name    string
	faults  ErrorList
	checked map[string]error // what is wrong with an address or a host, or nil
}

// kind is what a value is, by how it is written.
type kind uint8

const (
	kindScalar kind = iota
	kindTable
	kindTables // an array of tables, by headers
	kindArray
)

// value is one value of a document: what it is called, where it stands and what it
// holds. A nil *value is one that the document does not have; it reads as empty.
type value struct {
	doc     *document
	up      *value // the table that holds it; nil for the whole document
	key     string // its key there; of an array's element, the array's
	keyAt   int    // where the key begins; of an element, where that does
	Span           // of a table that no inline table is, the key in its header
	kind    kind
	plain   bool // a one-line string without escapes: its byte i stands at Start+1+i
	simple  bool // valid by its form alone: see outline
	whole   bool // an inline table that has ended
	kids    []*value
	index   map[string]*value // of kids, if there are many
	elems   []*value
	pair    *Pair  // whose value it is, or nil
	section *Table // whose key has made it, or nil for a header
	inline  *Table // which it is, or nil
}

// get returns the value of a key of the table v, or nil. It is called so often that
// inlining it would cost room in the program.
//
//go:noinline
func (v *value) get(key string) *value {
	if v == nil {
		return nil
	}
	if v.index != nil {
		return v.index[key]
	}
	for _, kid := range v.kids {
		if kid.key == key {
			return kid
		}
	}
	return nil
}

// child returns the value of a key of v, which it makes if it is new.
func (v *value) child(key string, at int) *value {
	if kid := v.get(key); kid != nil {
		return kid
	}
	kid := &value{doc: v.doc, up: v, key: key, kind: kindTable, keyAt: at, Span: Span{at, at}}
	if v.kids == nil {
		v.kids = make([]*value, 0, 4) // as a locked line has
	}
	v.kids = append(v.kids, kid)
	const few = 16
	if len(v.kids) > few {
		if v.index == nil {
			v.index = make(map[string]*value)
			for _, kid := range v.kids {
				v.index[kid.key] = kid
			}
		}
		v.index[key] = kid
	}
	return kid
}

// children returns the values of the table v in the order of the document.
func (v *value) children() []*value {
	if v == nil {
		return nil
	}
	kids := slices.Clone(v.kids)
	slices.SortFunc(kids, func(a, b *value) int { return cmp.Compare(a.keyAt, b.keyAt) })
	return kids
}

// scalar returns what the library makes of v: a string, an int64 and so on, or nil
// if v is a table or an array.
func (v *value) scalar() any {
	switch {
	case v.kind != kindScalar:
		return nil
	case v.plain:
		return v.doc.Text[v.Start+1 : v.End-1]
	case v.simple:
		n, _ := strconv.ParseInt(v.doc.Text[v.Start:v.End], 10, 64)
		return n
	}
	return decodeValue(v.doc.Text[v.Start:v.End])
}

// table reports whether v is a table. If it is, its keys are checked: each
// must be one of known, unless known is empty.
func (v *value) table(known ...string) bool {
	if v == nil {
		return false
	}
	if v.kind != kindTable {
		v.failType("a table")
		return false
	}
	twins := v.failTwins()
	for _, kid := range v.kids {
		if len(known) > 0 && !slices.Contains(known, kid.key) && !twins[kid.key] {
			reason := didYouMean(kid.key, known, "%q")
			if kid.key == "platforms" { // a line in brackets has come before it
				reason = "; the platforms of the file stand above its first line in brackets"
			}
			kid.failKey("unknown key%s", reason)
		}
	}
	return true
}

// failTwins reports the keys of the table v that differ from another only in
// case, and returns them.
func (v *value) failTwins() map[string]bool {
	mixed := false
	for _, kid := range v.kids {
		mixed = mixed || strings.ToLower(kid.key) != kid.key
	}
	if !mixed {
		return nil
	}
	twins := make(map[string]bool)
	first := make(map[string]*value)
	for _, kid := range v.children() {
		folded := strings.ToLower(kid.key)
		if twin := first[folded]; twin != nil {
			line, _ := v.doc.Position(twin.keyAt)
			kid.failKey("differs only in case from %q on line %d", twin.key, line)
			twins[kid.key], twins[twin.key] = true, true
			continue
		}
		first[folded] = kid
	}
	return twins
}

// scalarOf returns the scalar v if it is of a type, which want names. That it is of
// another is a fault.
func scalarOf[T any](v *value, want string) (data T, ok bool) {
	if v == nil {
		return data, false
	}
	if data, ok = v.scalar().(T); !ok {
		v.failType(want)
	}
	return data, ok
}

// str returns the string v.
func (v *value) str() (s string, ok bool) { return scalarOf[string](v, "a string") }

// parsed reads the string v by parse, whose error is a fault.
func parsed[T any](v *value, parse func(string) (T, error)) (data T) {
	s, ok := v.str()
	if !ok {
		return data
	}
	data, err := parse(s)
	if err != nil {
		v.fail("%v", err)
	}
	return data
}

// integer returns the integer v.
func (v *value) integer() (n int64, ok bool) { return scalarOf[int64](v, "an integer") }

// boolean returns the boolean v.
func (v *value) boolean() (b, ok bool) { return scalarOf[bool](v, "a boolean") }

// time returns the moment v.
func (v *value) time() time.Time {
	t, ok := scalarOf[time.Time](v, "a date or time")
	if !ok {
		return time.Time{}
	}
	if name := t.Location().String(); strings.HasSuffix(name, "local") || t.Nanosecond() != 0 || t.Unix() < 0 {
		v.fail("want a moment in whole seconds since 1970, as 2024-05-01T00:00:00Z")
	}
	return t.UTC()
}

// elements returns the elements of the array v.
func (v *value) elements() []*value {
	if v == nil {
		return nil
	}
	if v.kind != kindArray {
		v.failType("an array")
		return nil
	}
	return v.elems
}

// keys returns the keys that lead from the root to v.
func (v *value) keys() []string {
	var keys []string
	for ; v.up != nil; v = v.up {
		keys = append(keys, v.key)
	}
	slices.Reverse(keys)
	return keys
}

// path returns the dotted key of v, as TOML writes it.
func (v *value) path() string {
	keys := v.keys()
	for i, key := range keys {
		if strings.ContainsAny(key, "@?") { // an address, perhaps with a password or a token
			key = source.Redact(key)
		}
		if !isBare(key) {
			key = strconv.Quote(key)
		}
		keys[i] = key
	}
	return strings.Join(keys, ".")
}

// dep returns the name of the dependency that v belongs to, or "".
func (v *value) dep() string {
	if keys := v.keys(); len(keys) > 1 && keys[0] == "deps" {
		return keys[1]
	}
	return ""
}

// errorf returns an error of v that points at a byte of the document.
func (v *value) errorf(kind Kind, offset int, format string, args ...any) *Error {
	line, col := v.doc.Position(offset)
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
func (v *value) fail(format string, args ...any) *Error { return v.failAt(v.Start, format, args...) }

// failKey reports a fault of v's key.
func (v *value) failKey(format string, args ...any) *Error {
	return v.failAt(v.keyAt, format, args...)
}

// failType reports that v is not of the wanted type.
func (v *value) failType(want string) { v.fail("want %s, found %s", want, v.typeName()) }

// inside returns where byte i of the string v stands, if that can be told;
// else where v begins.
func (v *value) inside(i int) int {
	if v.plain {
		return v.Start + 1 + i
	}
	return v.Start
}

// isBare reports whether TOML writes a key without quotes.
func isBare(key string) bool {
	return key != "" && consistsOf(key, "_-")
}

// consistsOf reports whether s holds nothing but ASCII letters, digits and the
// bytes in others.
func consistsOf(s, others string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case strings.IndexByte(others, c) < 0:
			return false
		}
	}
	return true
}

// typeName returns TOML's name, with its article, for the type of v.
func (v *value) typeName() string {
	switch v.kind {
	case kindTable:
		return "a table"
	case kindTables:
		return "an array of tables"
	case kindArray:
		return "an array"
	}
	switch v.scalar().(type) {
	case string:
		return "a string"
	case int64:
		return "an integer"
	case float64:
		return "a float"
	case bool:
		return "a boolean"
	default:
		return "a date or time"
	}
}
