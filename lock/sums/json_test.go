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

// TestParseNamed holds which digest of a JSON document with several is that of a file.
func TestParseNamed(t *testing.T) {
	a, b, c := strings.Repeat("a", 64), strings.Repeat("b", 64), strings.Repeat("c", 128)
	for _, tt := range []struct{ document, want string }{
		{`[{"version": "go1.2", "files": [{"filename": "t.tgz", "os": "linux", "sha256": "A"}, {"filename": "u.tgz", "sha256": "B"}]}]`, a},
		{`[{"name": "t.tgz", "path": "dist/t.tgz", "extra": {"Checksum": "sha256:A"}}, {"name": "u", "extra": {"Checksum": "sha256:B"}}]`, a},
		{`{"subject": [{"name": "t.tgz", "digest": {"sha256": "A"}}, {"name": "u", "digest": {"sha256": "B"}}]}`, a},
		{`[{"name": "t.tgz", "sha256": "A", "digest": {"sha256": "sha256:A"}}, {"name": "u", "sha256": "B"}]`, a},
		{`{"t.tgz": "A", "u": "B"}`, a},
		{`{"files": {"x/t.tgz": {"url": "https://host.example/x/t.tgz", "sha256": "A", "sha512": "C"}, "u": "B"}}`, a},
		{`[{"file": "t.tgz", "sha512": "C"}, {"file": "u", "sha256": "B"}]`, "sha512:" + c},
		{`[{"file": "t.tgz", "sha3-512": "C"}, {"file": "u", "sha256": "B"}]`, ""},
		{`[{"name": "t.tgz", "sha256": "A", "sha256_unpacked": "B"}]`, ""},
		{`[{"name": "t.tgz", "sha256": "A"}, {"name": "t.tgz", "sha256": "B"}]`, ""},
		{`[{"name": "u", "sha256": "A"}, {"name": "v", "sha256": "B"}]`, ""},
		{`{"name": "t.tgz", "parts": [{"sha256": "A"}, {"sha256": "B"}]}`, ""},
		{`{"error": "x", "t.tgz": "A", "u": "B"}`, ""},
	} {
		document := strings.NewReplacer(`"A"`, `"`+a+`"`, `:A"`, ":"+a+`"`, `"B"`, `"`+b+`"`, `:B"`, ":"+b+`"`, `"C"`, `"`+c+`"`).Replace(tt.document)
		got := answer([]byte(document), "https://host.example/t.tgz")
		if got != tt.want && (tt.want != "" || !strings.HasPrefix(got, "error: ")) {
			t.Errorf("%s: %s, want %q", tt.document, got, tt.want)
		}
	}
}
