package edit

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/rogpeppe/go-internal/txtar"
)

const testdata = "../../testdata"

var update = flag.Bool("update", false, "rewrite what testdata/edit expects")

// layouts returns the txtar files of testdata/edit by path. Each has a lockfile,
// and then scripts as the names of sections with the difference that they make.
// Words behind the name of the lockfile say what no text file can show: crlf
// line ends, a bom, and cut for no newline at the end. In lockfiles and
// differences, ␠ is a space at the end of a line, ␍ a carriage return, and §a a
// sha256 of which every digit is an a.
func layouts(tb testing.TB) map[string]*txtar.Archive {
	tb.Helper()
	names, err := filepath.Glob(testdata + "/edit/*.txtar")
	if err != nil || len(names) == 0 {
		tb.Fatalf("no layouts: %v", err)
	}
	files := make(map[string]*txtar.Archive)
	for _, name := range names {
		files[name], err = txtar.ParseFile(name)
		if err != nil {
			tb.Fatal(err)
		}
	}
	return files
}

// lockfile returns the lockfile of a layout.
func lockfile(a *txtar.Archive) string {
	text := digests().Replace(strings.ReplaceAll(string(a.Files[0].Data), "␠", " "))
	for _, word := range strings.Fields(a.Files[0].Name)[1:] {
		switch word {
		case "crlf":
			text = strings.ReplaceAll(text, "\n", "\r\n")
		case "bom":
			text = byteOrderMark + text
		case "cut":
			text = strings.TrimRight(text, "\r\n")
		}
	}
	return text
}

// digests expands the short form of digests.
func digests() *strings.Replacer {
	var pairs []string
	for _, digit := range "0123456789abcdef" {
		pairs = append(pairs, "§"+string(digit), strings.Repeat(string(digit), 64))
	}
	return strings.NewReplacer(pairs...)
}

// difference renders how two texts differ.
func difference(before, after string) string {
	_, lines, _ := strings.Cut(string(diff.Diff("a", []byte(before), "b", []byte(after))), "+++ b\n")
	lines = strings.ReplaceAll(lines, "\r", "␍")
	lines = strings.ReplaceAll(lines, byteOrderMark, "")
	for _, digit := range "0123456789abcdef" {
		lines = strings.ReplaceAll(lines, strings.Repeat(string(digit), 64), "§"+string(digit))
	}
	var b strings.Builder
	for line := range strings.Lines(lines) {
		kept := strings.TrimRight(line[1:], " \n")
		b.WriteString(line[:1] + kept + strings.Repeat("␠", len(line)-2-len(kept)) + "\n")
	}
	return b.String()
}

func TestLayouts(t *testing.T) {
	for path, layout := range layouts(t) {
		name := strings.TrimSuffix(filepath.Base(path), ".txtar")
		before := lockfile(layout)
		for i, file := range layout.Files[1:] {
			t.Run(name+"/"+file.Name, func(t *testing.T) {
				d, err := Parse("deps.lock.toml", []byte(before))
				if err != nil {
					t.Fatal(err)
				}
				got := ""
				if err := run(d, file.Name); err != nil {
					got = "error: " + err.Error() + "\n"
				}
				got += difference(before, string(d.Bytes()))
				if *update {
					layout.Files[i+1].Data = []byte(got)
				} else if got != string(file.Data) {
					t.Errorf("got\n%s\nwant\n%s", got, file.Data)
				}
				if strings.HasPrefix(got, "error") {
					return
				}
				if _, err := Parse("deps.lock.toml", d.Bytes()); err != nil {
					t.Error(err)
				}
			})
		}
		if *update {
			if err := os.WriteFile(path, txtar.Format(layout), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}
