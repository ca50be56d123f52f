package network

import (
	"strings"
	"testing"
)

// TestRewriteLogin: no part of a login that a comma or a blank splits is shown.
func TestRewriteLogin(t *testing.T) {
	for _, list := range []string{
		"http://h/=http://u:secret,secret@h2/",
		"http://h/=http://u:secret secret@h2/",
		"http://h/=http://u:12,secret,secret@h2/",
		"http://h/=http://secret,secret@h2/",
	} {
		_, err := Options{}.readRewrites(func(string) string { return list })
		if err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "REDACTED") {
			t.Errorf("%s: %v", list, err)
		}
	}
}

// TestEnabled holds which words switch a variable off.
func TestEnabled(t *testing.T) {
	for value, want := range map[string]bool{
		"": false, " ": false, "0": false, "false": false, "FALSE": false, "no": false, "Off": false, "n": false,
		"1": true, "true": true, "yes": true, "on": true,
	} {
		if Enabled(value) != want {
			t.Errorf("%q: %v", value, !want)
		}
	}
}

// TestShownWord is TestRewriteLogin for the other lists.
func TestShownWord(t *testing.T) {
	for _, tt := range []struct{ word, list, want string }{
		{"https://h/x", "https://h/x https://h2", "https://h/x"},
		{"secret", "https://u:12 secret secret@h/", "REDACTED"},
		{"secret@h/", "https://u:12 secret secret@h/", "REDACTED@h/"},
		{"https://u:secret", "", "https://u:REDACTED"},
	} {
		if got := ShownWord(tt.word, tt.list); got != tt.want {
			t.Errorf("ShownWord(%q, %q) = %q, want %q", tt.word, tt.list, got, tt.want)
		}
	}
}
