package sums

import (
	"strings"
	"testing"
)

func TestParsePointer(t *testing.T) {
	a, b := strings.Repeat("a", 64), strings.Repeat("b", 128)
	document := `{"files": [{"x/y": "` + a + `"}, {"s": "sha512:` + b + `", "i": "sha256-qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo="}], "n": 1}`
	for pointer, want := range map[string]string{
		"/files/0/x~1y": a,
		"/files/1/s":    "sha512:" + b,
		"/files/1/i":    a,
		"/files/2":      "",
		"/files/x":      "",
		"/n":            "",
		"/nothing":      "",
	} {
		l, err := ParsePointer([]byte(document), pointer)
		if want == "" {
			if !isA[*NotAListError](err) {
				t.Errorf("%s: %v", pointer, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", pointer, err)
			continue
		}
		got, err := l.Lookup("https://host.example/any")
		text := strings.TrimPrefix(got.Algorithm+":"+got.Hex, "sha256:")
		if text != want {
			t.Errorf("%s: got %s, %v, want %s", pointer, text, err, want)
		}
	}
	if _, err := ParsePointer([]byte("no JSON"), "/x"); !isA[*NotAListError](err) {
		t.Error(err)
	}
	if got := answer([]byte(`{"shasum": "`+a+`", "size": 1}`), "https://host.example/any"); got != a {
		t.Errorf("a single digest: %s", got)
	}
	if got := answer([]byte(`{"a": "`+a+`", "b": "`+strings.Repeat("c", 64)+`"}`), "https://host.example/any"); !strings.HasPrefix(got, "error: ") {
		t.Errorf("two digests: %s", got)
	}
}
