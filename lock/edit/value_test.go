package edit

import (
	"strings"
	"testing"
)

// TestParseTable reads tables and writes them again.
func TestParseTable(t *testing.T) {
	for in, want := range map[string]string{
		`{ minisign = "{url}.minisig", key = "RW" }`:                       `{ minisign = "{url}.minisig", key = "RW" }`,
		`{ cosign = { sig = "a", cert = "b" }, key = "\n\t\u000D\u0007" }`: `{ cosign = { sig = "a", cert = "b" }, key = "\n\t\r\u0007" }`,
		`{ issuer = "i", cosign.sig = "a", cosign.cert = "b", of = "" }`:   `{ issuer = "i", cosign = { sig = "a", cert = "b" }, of = "" }`,
		`{ cosign = {} }`:             `{ cosign = {} }`,
		`{}`:                          `{}`,
		`"a"`:                         "want a table",
		`{ a = 1 }`:                   "want a table",
		`{ a = ["b"] }`:               "want a table",
		`{ a = { b = { c = "d" } } }`: "want a table",
		`{ a = { b = 1 } }`:           "want a table",
		"{ a = \"b\" }\n[c]":          "want a table",
	} {
		table, err := ParseTable(in)
		got := text(table)
		if err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, want) || err == nil && got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}
