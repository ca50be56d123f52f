package spelling

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	for _, tt := range []struct{ word, known, want string }{
		{"verfy", "curl verify list", "verify"},
		{"Jbos", "jobs retries", "jobs"},
		{"lst", "last list", "last"}, // the first of those equally near
		{"fetch", "fetch", "fetch"},
		{"verify", "curl wget", ""},
		{"x", "y", ""}, // nothing is left of it
		{"", "a", ""},
		{"completion", "", ""},
	} {
		if got := Nearest(tt.word, strings.Fields(tt.known)); got != tt.want {
			t.Errorf("%s of %s: %q, want %q", tt.word, tt.known, got, tt.want)
		}
	}
}
