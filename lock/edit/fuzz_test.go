package edit

import (
	"bytes"
	"cmp"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/pelletier/go-toml/v2/unstable"

	"depfetch/fetch"
	"depfetch/lock"
)

// comments returns the comments of a text in their order.
func comments(t *testing.T, data []byte) []string {
	t.Helper()
	p := &unstable.Parser{KeepComments: true}
	p.Reset(bytes.TrimPrefix(data, []byte(byteOrderMark)))
	type comment struct {
		at   uint32
		text string
	}
	var found []comment
	var walk func(n *unstable.Node)
	walk = func(n *unstable.Node) {
		for ; n.Valid(); n = n.Next() {
			if n.Kind == unstable.Comment {
				found = append(found, comment{n.Raw.Offset, string(n.Data)})
			}
			walk(n.Child())
		}
	}
	for p.NextExpression() {
		walk(p.Expression())
	}
	if err := p.Error(); err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(found, func(a, b comment) int { return cmp.Compare(a.at, b.at) })
	texts := make([]string, len(found))
	for i, c := range found {
		texts[i] = c.text
	}
	return texts
}

// isSubsequence reports whether a is b with elements left out.
func isSubsequence(a, b []string) bool {
	for _, s := range b {
		if len(a) > 0 && a[0] == s {
			a = a[1:]
		}
	}
	return len(a) == 0
}

// fuzzEdit is one edit, and what it is to do to the decoded lockfile.
type fuzzEdit struct {
	do     func(*Document) error
	expect func(root map[string]any)
	keeps  bool // every comment
	again  bool // it can be done again, and then does nothing
}

// edits returns an edit of each kind of the nth dependency of a lockfile.
func edits(f *lock.File, n, m int, word string, size int64) []fuzzEdit {
	dep := &lock.Dep{Name: word}
	if len(f.Deps) > 0 {
		dep = f.Deps[n%len(f.Deps)]
	}
	names := []lock.Platform{"linux/amd64", "linux/arm64", "linux/arm/v7", "linux/386", lock.Any}
	line := lock.Line{Platform: names[m%len(names)], URL: word, Size: size, Digest: repeated("e"), Trust: lock.Trust(m % 3)}
	for _, l := range dep.Locked {
		if l.Platform == line.Platform && m%2 == 0 {
			line.URL, line.Digest = l.URL, l.Digest
		}
	}
	if want, err := dep.Expand(dep.URL, line.Platform); err == nil && m%5 > 0 {
		line.URL = want
	}
	if m%7 > 3 && (!dep.Member.IsZero() || dep.Unpack != nil) {
		line.Unpacked = repeated("f")
	}
	platforms := slices.Clone(names[m%4 : 4])
	if m%3 == 0 {
		slices.Reverse(platforms)
	}
	values := func(root map[string]any) map[string]any {
		return root["deps"].(map[string]any)[dep.Name].(map[string]any)
	}
	removes := false // a key of the line, and the comment behind it
	if l, ok := dep.Line(line.Platform); ok {
		removes = l.Size != fetch.SizeUnknown && line.Size == fetch.SizeUnknown || !l.Unpacked.IsZero() && line.Unpacked.IsZero()
	}
	return []fuzzEdit{
		{func(d *Document) error { return d.SetVersion(dep.Name, word) },
			func(root map[string]any) { values(root)["version"] = word }, true, true},
		{func(d *Document) error { return d.SetLocked(dep.Name, line) },
			func(root map[string]any) { expectLine(values(root), line) }, !removes, true},
		{func(d *Document) error { return d.RemoveLocked(dep.Name, line.Platform) },
			func(root map[string]any) {
				locked, _ := values(root)["locked"].(map[string]any)
				delete(locked, line.Platform.String())
			}, false, true},
		{func(d *Document) error { return d.SetPlatforms(dep.Name, platforms) },
			func(root map[string]any) {
				delete(values(root), "platforms")
				for _, p := range platforms {
					list, _ := values(root)["platforms"].([]any)
					values(root)["platforms"] = append(list, p.String())
				}
			}, false, true},
		{func(d *Document) error { return d.Remove(dep.Name) },
			func(root map[string]any) { delete(root["deps"].(map[string]any), dep.Name) }, false, false},
		{func(d *Document) error {
			return d.Add(NewDep{Name: word, URL: "https://example.com/" + word, Sums: word})
		},
			func(root map[string]any) {
				if root["deps"] == nil {
					root["deps"] = make(map[string]any)
				}
				added := map[string]any{"url": "https://example.com/" + word, "sums": word}
				if word == "" {
					delete(added, "sums")
				}
				root["deps"].(map[string]any)[word] = added
			}, true, false},
	}
}

// expectLine sets a locked line of a decoded dependency.
func expectLine(values map[string]any, line lock.Line) {
	locked, ok := values["locked"].(map[string]any)
	if !ok {
		locked = make(map[string]any)
		values["locked"] = locked
	}
	want := map[string]any{"url": line.URL, "sha256": line.Digest.String(), "trust": line.Trust.String()}
	if line.Size != fetch.SizeUnknown {
		want["size"] = line.Size
	}
	if !line.Unpacked.IsZero() {
		want["unpacked"] = line.Unpacked.String()
	}
	have, ok := locked[line.Platform.String()].(map[string]any)
	if ok && have["trust"] == nil && line.Trust == lock.TOFU {
		delete(want, "trust")
	}
	locked[line.Platform.String()] = want
}

// FuzzEdit holds that an edit of any lockfile either fails and changes nothing,
// or does what it names and nothing else, keeps the comments, and is done once.
func FuzzEdit(f *testing.F) {
	seeds, err := filepath.Glob(testdata + "/lock/good/*.toml")
	if err != nil || len(seeds) == 0 {
		f.Fatalf("no lockfiles: %v", err)
	}
	var texts [][]byte
	for _, name := range seeds {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		texts = append(texts, text)
	}
	for _, layout := range layouts(f) {
		texts = append(texts, []byte(lockfile(layout)))
	}
	for i, text := range texts {
		for verb := range uint8(6) {
			f.Add(text, verb, uint8(i), uint8(i)*7+verb, "1.2.3", int64(i)-2)
			f.Add(text, verb, uint8(i)+1, uint8(i)*3+verb, `a"'\{`, int64(-1))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, verb, n, m uint8, word string, size int64) {
		d, err := Parse("x", data)
		if err != nil {
			if _, valid := lock.Parse("x", data); valid == nil {
				t.Logf("valid, but not to be edited: %v\n%s", err, data)
			}
			return
		}
		if !bytes.Equal(d.Bytes(), data) {
			t.Fatalf("Bytes are not what was parsed: %q", d.Bytes())
		}
		all := edits(d.File(), int(n), int(m), word, size)
		checkEdit(t, d, all[int(verb)%len(all)])
	})
}

// checkEdit makes an edit and fails if it does not hold what FuzzEdit says.
func checkEdit(t *testing.T, d *Document, e fuzzEdit) {
	t.Helper()
	before := d.Bytes()
	if err := e.do(d); err != nil {
		if !bytes.Equal(d.Bytes(), before) {
			t.Fatalf("failed with %v, but changed %q to %q", err, before, d.Bytes())
		}
		return
	}
	after := d.Bytes()
	if _, err := lock.Parse("x", after); err != nil {
		t.Fatalf("%q became invalid: %v\n%q", before, err, after)
	}
	want, got := decodeAll(t, before), decodeAll(t, after)
	e.expect(want)
	if !reflect.DeepEqual(settled(want), settled(got)) {
		t.Fatalf("%q became\n%q,\n%v, want\n%v", before, after, got, want)
	}
	had, has := comments(t, before), comments(t, after)
	if e.keeps && !slices.Equal(had, has) || !isSubsequence(has, had) {
		t.Fatalf("%q had the comments %q, and %q has %q", before, had, after, has)
	}
	if err := e.do(d); e.again && (err != nil || !bytes.Equal(d.Bytes(), after)) {
		t.Fatalf("done again, %q became %q: %v", after, d.Bytes(), err)
	}
}

func decodeAll(t *testing.T, data []byte) map[string]any {
	t.Helper()
	var root map[string]any
	if _, err := toml.Decode(string(bytes.TrimPrefix(data, []byte(byteOrderMark))), &root); err != nil {
		t.Fatal(err)
	}
	return root
}
