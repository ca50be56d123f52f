package dockerfile

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPosition(t *testing.T) {
	for _, data := range []string{"", "a", "a\n", "é\nüü\n\nx", strings.Repeat("é", 700) + "\n" + strings.Repeat("日本\n", 900) + "end", "\n\n"} {
		text := newText([]byte(data))
		for offset := range len(data) + 1 {
			if offset < len(data) && !utf8.RuneStart(data[offset]) {
				continue
			}
			start := strings.LastIndexByte(data[:offset], '\n') + 1
			want := Position{offset, strings.Count(data[:offset], "\n") + 1, utf8.RuneCountInString(data[start:offset]) + 1}
			if got := text.position(offset); got != want {
				t.Fatalf("%.20q at %d: %v, want %v", data, offset, got, want)
			}
		}
	}
}

// TestPositionReadsLittle holds that the text is read again only near the offset and
// near the start of its line: all else of it is overwritten.
func TestPositionReadsLittle(t *testing.T) {
	const start, offset = len("FROM a\n"), 50_000
	data := []byte("FROM a\nRUN " + strings.Repeat("x ", 30_000) + "\n")
	text := newText(data)
	for i := range data {
		if i/block != start/block && i/block != offset/block {
			data[i] = 0x80
		}
	}
	if got, want := text.position(offset), (Position{offset, 2, offset - start + 1}); got != want {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestIgnoresReadsOnce holds that the comments are read once, however often they are
// asked for: the file is overwritten after the first time.
func TestIgnoresReadsOnce(t *testing.T) {
	const comments = 37_000
	f, err := Parse("Dockerfile", []byte("FROM a\n"+strings.Repeat("# deplock ignore=unverified\n", comments)+"RUN true\n"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range comments + 4 {
		if got, want := f.Ignores("unverified", "Dockerfile", line), line == comments+2; got != want {
			t.Fatalf("line %d: %v", line, got)
		}
		clear(f.Data)
	}
}
