package lock

import (
	"slices"
	"strings"
	"testing"
)

// TestSecretParameters: what is called like a secret is named, and its value is not.
func TestSecretParameters(t *testing.T) {
	for address, want := range map[string]string{
		"https://example.com/a": "",
		"https://example.com/a?version=1&raw=true&ref=main&key=a/b":                    "",
		"https://example.com/a?token=":                                                 "",
		"https://example.com/a?token=x#token=y":                                        "token",
		"https://example.com/a#?token=x":                                               "",
		"https://example.com/a?a=1&private_token=x;sig=y":                              "private_token sig",
		"https://example.com/a?X-Amz-Signature=x&X-Amz-Expires=9&X-Amz-Security-Token": "X-Amz-Signature",
		"https://example.com/a?se=2026&sp=r&sig=x":                                     "sig",
		"https://example.com/a?access%5Ftoken=x":                                       "access_token",
		"https://example.com/a?apiKey=x&API_KEY=y":                                     "apiKey API_KEY",
		"https://example.com/a?tokens=3&design=x":                                      "",
	} {
		if got := SecretParameters(address); !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}

// TestNoQueryInErrors: errors and remarks about a lockfile have no value of a query, as logs
// of builds have them.
func TestNoQueryInErrors(t *testing.T) {
	digest := strings.Repeat("a", 64)
	f, err := Parse("deps.lock.toml", []byte(`version = 1
[policy]
trust = "published"
hosts = ["example.org"]
[deps.a]
url = "https://example.com/a?token=hunter1"
locked.any = { url = "https://example.com/a?token=hunter2", sha256 = "`+digest+`" }
[urls]
"https://example.com/b?token=hunter3" = { sha256 = "`+digest+`" }
"https://example.com/b?token=hunter4" = { sha256 = "`+digest+`" }
`))
	if err != nil {
		t.Fatal(err)
	}
	text := f.Check().Error()
	for _, r := range f.Remarks() {
		text += "\n" + r.Error()
	}
	if strings.Contains(text, "hunter") || !strings.Contains(text, "token=REDACTED") || !strings.Contains(text, "another query") {
		t.Error(text)
	}
	_, err = Parse("deps.lock.toml", []byte("version = 1\n[urls]\n\"https://example.com/b?token=hunter3\" = { shaa256 = 1 }\n"))
	if err == nil || strings.Contains(err.Error(), "hunter") {
		t.Error(err)
	}
}
