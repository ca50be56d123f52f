package printable

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestString(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"", ""},
		{"https://example.com/a-1.2?b=c#d", "https://example.com/a-1.2?b=c#d"},
		{"größe → 日本", "größe → 日本"},
		{"a\x1b[31mb", `a\x1b[31mb`},
		{"a\nb\r\tc\x00\x7f", `a\nb\r\tc\x00\x7f`},
		{"a\u009b31m", `a\u009b31m`},
		{"a\xffb", `a\xffb`},
		{"a\u202egnp.exe\u2066\u200b\ufeff\u2028", `a\u202egnp.exe\u2066\u200b\ufeff\u2028`},
		{"a\U000e0041", `a\U000e0041`},
		{"::error::x", `\x3a:error::x`},
		{"  ::error::x", `  \x3a:error::x`},
		{"\n::stop-commands::x", `\n::stop-commands::x`},
		{"std::string", "std::string"},
		{"a ##[add-mask]b", `a #\x23[add-mask]b`},
		{`C:\a`, `C:\a`},
	} {
		if got := String(test.in); got != test.want {
			t.Errorf("%q: got %q, want %q", test.in, got, test.want)
		}
		if again := String(String(test.in)); again != test.want {
			t.Errorf("%q: twice: got %q", test.in, again)
		}
	}
}

func TestJSON(t *testing.T) {
	var b strings.Builder
	in := map[string]string{"a": "\x1b\u202e\u009b\U000e0041 ##[error]x é"}
	enc := json.NewEncoder(JSON(&b))
	enc.SetIndent("", " ")
	if err := enc.Encode(in); err != nil {
		t.Fatal(err)
	}
	if want := "{\n \"a\": \"\\u001b\\u202e\\u009b\\udb40\\udc41 #\\u0023[error]x é\"\n}\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
	var out map[string]string
	if err := json.Unmarshal([]byte(b.String()), &out); err != nil || out["a"] != in["a"] {
		t.Errorf("%v: got %q", err, out["a"])
	}
}
