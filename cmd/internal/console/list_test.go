package console

import (
	"strings"
	"testing"

	"depfetch/fetch"
)

// TestListMode: what has no path has no mode either, which would read as one of 0000.
func TestListMode(t *testing.T) {
	for _, c := range []struct {
		a    fetch.Artifact
		want bool
	}{
		{fetch.Artifact{Name: "https://example.com/f", URL: "https://example.com/f"}, false},
		{fetch.Artifact{Name: "tool", URL: "https://example.com/f", Path: "/tool", Mode: 0o755}, true},
	} {
		var text strings.Builder
		if err := (&Console{Stdout: &text}).List([]fetch.Artifact{c.a}, nil, true); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(text.String(), `"mode"`); got != c.want {
			t.Errorf("%s: mode is there: %v", text.String(), got)
		}
	}
}
