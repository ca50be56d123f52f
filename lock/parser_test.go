package lock

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"
)

// TestAllAtOnce holds that faults of every kind that Parse knows come together,
// sorted, and are found by errors.As.
func TestAllAtOnce(t *testing.T) {
	_, err := Parse("deps.lock.toml", []byte("version = 1\n[deps.a]\nmode = 1\npath = '..'\nx = 1\n[deps.b]\n"))
	want := strings.Join([]string{
		`deps.lock.toml:2:7: deps.a: url is missing`,
		`deps.lock.toml:3:8: deps.a.mode: want a string, found an integer; write "0001"`,
		`deps.lock.toml:4:8: deps.a.path: a path does not climb: ".." is refused`,
		`deps.lock.toml:5:1: deps.a.x: unknown key`,
		`deps.lock.toml:6:7: deps.b: url is missing`,
	}, "\n")
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	first, ok := errors.AsType[*Error](err)
	if !ok || first.Dep != "a" || first.Key != "deps.a" || first.Line != 2 || first.Col != 7 || first.Kind != KindFormat {
		t.Errorf("first error: %+v", first)
	}
}

// TestColumns holds that columns count characters, from 1, and that a byte
// order mark is none of them.
func TestColumns(t *testing.T) {
	_, err := Parse("x", []byte("\ufeffversion = 1\r\n\"é\" = 'é' # é\r\n'日本' = { a = 'é', b = 1 }\r\ndeps.a = { url = 'é', q = 1 }"))
	want := "x:2:1: \"é\": unknown key\n" +
		"x:3:1: \"日本\": unknown key\n" +
		"x:4:18: deps.a.url: percent-encode 'é': an address is printable ASCII without spaces\n" +
		"x:4:23: deps.a.q: unknown key"
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

// TestConcurrentUse lets the race detector see that a File is only read.
func TestConcurrentUse(t *testing.T) {
	for path, text := range fixtures(t, "good") {
		f, err := Parse(path, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		var readers sync.WaitGroup
		for range 4 {
			readers.Go(func() {
				if err := f.Check(); err != nil {
					t.Error(err)
				}
				if _, err := f.Artifacts("linux/amd64", Selection{Groups: f.Groups()}); err != nil {
					t.Error(err)
				}
			})
		}
		readers.Wait()
	}
}

// FuzzParse holds that Parse never panics, that its errors have positions in
// the file, and that what it accepts is stable: it reads the same again, and
// every locked line yields its artifact.
func FuzzParse(f *testing.F) {
	for _, text := range fixtures(f, "good", "bad") {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse("x", data)
		if err != nil {
			checkPositions(t, data, err)
			return
		}
		again, err := Parse("x", bytes.Clone(data))
		if err != nil || dump(t, file) != dump(t, again) {
			t.Fatalf("parsed again, %q differs: %v", data, err)
		}
		if err := file.Check(); err != nil {
			checkPositions(t, data, err)
		}
		if _, err := file.Ignores(); err != nil {
			checkPositions(t, data, err)
		}
		for _, d := range file.Deps {
			for _, l := range d.Locked {
				a, err := file.Artifacts(l.Platform, Selection{Names: []string{d.Name}})
				if err != nil || len(a) != 1 || a[0].Digest.IsZero() || a[0].URL != l.URL {
					t.Fatalf("%s for %s in %q: %v, %v", d.Name, l.Platform, data, a, err)
				}
			}
		}
	})
}

// checkPositions fails unless err is a list of errors in order, each within data.
func checkPositions(t *testing.T, data []byte, err error) {
	t.Helper()
	list, ok := errors.AsType[ErrorList](err)
	if !ok || len(list) == 0 {
		t.Fatalf("%q: %T", data, err)
	}
	lines := strings.Split(string(data), "\n")
	line, col := 1, 1
	for _, e := range list {
		if e.Line < line || e.Line == line && e.Col < col || e.Line > len(lines) || e.Col > len(lines[e.Line-1])+1 {
			t.Fatalf("%q: %v stands nowhere", data, e)
		}
		line, col = e.Line, e.Col
	}
}
