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
		_, err := Options{}.readRewrites(func(name string) string {
			if name == "DEPFETCH_REWRITE" {
				return list
			}
			return ""
		})
		if err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "REDACTED") {
			t.Errorf("%s: %v", list, err)
		}
	}
}

// TestEnabled holds what switches something on, and what says neither yes nor no.
func TestEnabled(t *testing.T) {
	for value, want := range map[string]string{
		"": "no", "0": "no", "false": "no", "FALSE": "no", "No": "no", "off": "no",
		"1": "yes", "true": "yes", "Yes": "yes", "ON": "yes",
		"2": "error", " ": "error", "perhaps": "error",
	} {
		on, err := Enabled(func(string) string { return value }, "DEPFETCH_OFFLINE")
		got := "no"
		switch {
		case err != nil:
			got = "error"
		case on:
			got = "yes"
		}
		if got != want {
			t.Errorf("%q is %s, want %s", value, got, want)
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
