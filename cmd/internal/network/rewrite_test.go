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
