package dockerfile

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
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

// TestPlacesCostLittle finds many places and comments in files that are made for it.
func TestPlacesCostLittle(t *testing.T) {
	begin := time.Now()
	var b bytes.Buffer
	b.WriteString("FROM a\n")
	for b.Len() < 1<<20 {
		b.WriteString("# deplock ignore=unverified\n")
	}
	b.WriteString("RUN true\n")
	f, err := Parse("Dockerfile", b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for line := range 37_000 {
		if f.Ignores("unverified", "Dockerfile", line) {
			t.Fatal(fmt.Sprint("line ", line))
		}
	}
	long, err := Parse("Dockerfile", []byte("FROM a\nRUN "+strings.Repeat("x ", 30_000)+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	for offset := range 40_000 {
		long.Position(60_000 - offset)
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}
