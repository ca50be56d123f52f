package lock

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

// found is a key that the scanner has found: its path, and where it stands.
type found struct {
	path string
	at   int
}

// keysOf returns the keys of table and of all that it holds, by position.
func keysOf(table *node, path toml.Key) []found {
	var keys []found
	for name, kid := range table.kids {
		keys = append(keys, found{append(slices.Clip(path), name).String(), kid.key})
		keys = append(keys, keysBelow(kid, append(slices.Clip(path), name))...)
	}
	slices.SortFunc(keys, func(a, b found) int { return a.at - b.at })
	return keys
}

// keysBelow returns the keys in a value and in its elements.
func keysBelow(n *node, path toml.Key) []found {
	keys := keysOf(n, path)
	for _, elem := range n.elems {
		keys = append(keys, keysBelow(elem, path)...)
	}
	return keys
}

// sameShape reports whether the scanner and the library agree on what keys and
// elements a value has.
func sameShape(n *node, data any) bool {
	switch data := data.(type) {
	case map[string]any:
		for key, sub := range data {
			if n.kids[key] == nil || !sameShape(n.kids[key], sub) {
				return false
			}
		}
		return len(n.kids) == len(data)
	case []map[string]any:
		for i, sub := range data {
			if i >= len(n.elems) || !sameShape(n.elems[i], sub) {
				return false
			}
		}
		return len(n.elems) == len(data)
	case []any:
		for i, sub := range data {
			if i >= len(n.elems) || !sameShape(n.elems[i], sub) {
				return false
			}
		}
		return len(n.elems) == len(data)
	}
	return true
}

func FuzzPositions(f *testing.F) {
	for _, text := range fixtures(f, "good", "bad") {
		f.Add(text)
	}
	for _, text := range []string{
		"a.'b'.\"c\\u0041\" = 1\n[ d . e ]\nf = [ 1, # x ]\n [{g = 2}, {}], ]\n",
		"[[a]]\nb = 1\n[[a]]\n[a.c]\nd = '''x\n'''\n[[a.e]]\n",
		"a = {b = {c.d = 1},\n # comment\n e = \"\"\"\"\"x\\\"\"\"\"\"\" }\r\n",
		"\"\" = 1979-05-27 07:32:00\nä = 1", "'ä' = \"\\\"\" # é\n\"=\" = 0",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var data map[string]any
		meta, err := toml.Decode(text, &data)
		if err != nil || !utf8.ValidString(text) || strings.HasPrefix(text, "\ufeff") {
			return
		}
		root, scanned := scan(text)
		if scanned.fault != "" {
			return
		}
		if !sameShape(root, data) {
			t.Fatalf("the scanner and the library see different keys in %q: %v", text, data)
		}
		places := make(map[string][]int)
		for _, k := range keysOf(root, nil) {
			places[k.path] = append(places[k.path], k.at)
			checkKeyText(t, text, k)
		}
		for _, key := range meta.Keys() {
			if len(places[key.String()]) == 0 {
				t.Fatalf("%s has no position in %q", key, text)
			}
		}
	})
}

// checkKeyText fails unless the last part of a key stands where it was found.
func checkKeyText(t *testing.T, text string, k found) {
	t.Helper()
	rest := text[k.at:]
	end := strings.IndexAny(rest, " \t.=]")
	if rest[0] == '"' || rest[0] == '\'' {
		s := &scanner{text: rest}
		s.str()
		end = s.pos
	}
	var data map[string]any
	if _, err := toml.Decode(rest[:max(end, 0)]+" = 0", &data); err != nil {
		t.Fatalf("%s: at byte %d of %q stands %q: %v", k.path, k.at, text, rest, err)
	}
	for name := range data {
		if last := (toml.Key{name}).String(); !strings.HasSuffix(k.path, last) {
			t.Fatalf("%s: at byte %d of %q stands %s", k.path, k.at, text, last)
		}
	}
}
