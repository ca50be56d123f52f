package lock

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

// equal reports whether a value of the tree is what the library has decoded.
func equal(v *value, data any) bool {
	switch data := data.(type) {
	case map[string]any:
		for key, sub := range data {
			if v.get(key) == nil || !equal(v.get(key), sub) {
				return false
			}
		}
		return v.kind == kindTable && len(v.kids) == len(data)
	case []map[string]any:
		equalTable := func(v *value, table map[string]any) bool { return equal(v, table) }
		return v.kind == kindTables && slices.EqualFunc(v.elems, data, equalTable)
	case []any:
		return v.kind == kindArray && slices.EqualFunc(v.elems, data, equal)
	case float64:
		got, ok := v.scalar().(float64)
		return ok && (got == data || math.IsNaN(got) && math.IsNaN(data))
	case time.Time:
		got, ok := v.scalar().(time.Time)
		return ok && got.Equal(data) && got.Location().String() == data.Location().String()
	}
	return reflect.DeepEqual(v.scalar(), data)
}

// FuzzSyntax holds that the tree says what the library says: which texts are TOML,
// which keys they have, and what their values are.
func FuzzSyntax(f *testing.F) {
	for _, text := range fixtures(f, "good", "bad") {
		f.Add(text)
	}
	for _, text := range []string{
		"a.'b'.\"c\\u0041\" = 1\n[ d . e ]\nf = [ 1, # x ]\n [{g = 2}, {}], ]\n",
		"[[a]]\nb = 1\n[[a]]\n[a.c]\nd = '''x\n'''\n[[a.e]]\n",
		"a = {b = {c.d = 1},\n # comment\n e = \"\"\"\"\"x\\\"\"\"\"\"\" }\r\n",
		"\"\" = 1979-05-27 07:32:00\nä = 1", "'ä' = \"\\\"\" # é\n\"=\" = 0",
		"a = {b = 1, c = 'x', d = {}}\ne = { f = 1 , }\ng = {h = 1,, i = 2}\nj = {\"k\" = 1}",
		"a = 'x'1\n", "a = 'x' 1\n", "a = 'x''y'\n", "a = {}{}\n", "a = {b = 1 c = 2}", "a = {b = 1, b = 2}", "a = {, b = 1}", "a = {", "a = {b = {}", "a = '",
		"a = 00", "a = 9223372036854775807", "a = 9223372036854775808", "a = 0x1F\nb = 1_0\nc = +1\nd = -0\ne = true\nf = nan",
		"a = 'x'\n[a]", "a = {}\n[a]", "a = {}\na = []", "a = 1\n[a.b]", "a = []\na.b = 1", "[a]\nb = {}\n[a.b]", "a = 'x\ty'\nb = '\x01'", "a = 'x'\rb = 1",
		"a.b = 1\na = 2", "a.b = 1\na = {b = 2}", "a.b.c = 1\na.b = {c = 0}", "a = {b.c = 1, b = 2}", "[a.b.c]\n[a]\nb = 1", "[[a.b]]\n[a]\nb = 1", "a.b = 1\na = []",
		"a = {b = 1, \rc = 2}", "a = {\rb = 1}", "a = {b = 1\r}",
		"[a]\nb = 1\n[a.b]", "[a]\nb.c = 1\n[a.b.d]\ne = 1", "[a.b]\n[a]\nb = 1", "[a.b]\n[a]\nb.c = 1", "[a]\nb = 1\n[a.b.c]", "[a]\nb = 1\n[a]\nc = 1",
		"[a] b = 1", "[a]\nb = 1 c = 2\n", "[a]\nb = 1 [c]\n", "[a]\nb = 1\r\nc = 2\r\n", "[a]\nb = 1 \r # c\n", "[a] # c\nb = 1 # d\n", "[a]\nb = 'x' c\n",
		"[a]\nb = 1\nb = 2", "[a]\nb = 1\nb.c = 2", "[a]\nb.c = 1\nb.d = 2\n\n", "[a]\nb = {}\nb.c = 1", "[[a]]\nb = 1\nb = 2", "[a]\n'b' = 1\nb = 2",
		"a.b = 1\n[a]\nc = 1", "a = 1\n[a]\nc = 1", "[a]\nb = 1\n[c]\n[a.b]\nd = 1", "[[a]]\n[a.b]\nc = 1\n[[a]]\n[a.b]\nc = 1\n",
		"a = 07:32:00\nb = 1.5e3\nc = [[1, '2'], {d = 3}]",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var data map[string]any
		_, err := toml.Decode(text, &data)
		if !utf8.ValidString(text) || strings.HasPrefix(text, "\ufeff") {
			return
		}
		doc, scanned := scan("x", text)
		if scanned.fault != "" {
			return
		}
		if fault := doc.syntaxFault(); (fault == nil) != (err == nil) {
			t.Fatalf("%q: the library says %v, its outline %q: %v", text, err, doc.outline(), fault)
		}
		if err != nil {
			return
		}
		if !equal(doc.root, data) {
			t.Fatalf("the tree and the library see different values in %q: %v", text, data)
		}
		for p := range doc.All() {
			checkPair(t, doc, p)
		}
	})
}

// checkPair fails unless a key and its value stand where the tree says.
func checkPair(t *testing.T, doc *document, p *Pair) {
	t.Helper()
	var data map[string]any
	key := doc.Text[p.Start:p.Equals]
	if _, err := toml.Decode(key+" = "+doc.Text[p.Value.Start:p.Value.End], &data); err != nil {
		t.Fatalf("%q has no pair at %v: %v", doc.Text, p.Span, err)
	}
	path := p.Path()
	for _, part := range path[len(path)-len(p.Parts):] {
		var ok bool
		if data, ok = data[part].(map[string]any); !ok {
			if part != path[len(path)-1] {
				t.Fatalf("%q: %q does not lead to %q", doc.Text, path, key)
			}
		}
	}
	if !p.Below(path) || !p.Below(path[:1]) || p.Below(append(path, "x")) {
		t.Fatalf("%q: %q lies not below itself", doc.Text, path)
	}
}
