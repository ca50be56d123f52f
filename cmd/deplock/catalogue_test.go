package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"depfetch/fetch/fetchtest"
)

// TestOffer holds that the public catalogue is offered on a terminal, pinned if the
// answer is yes, in a lockfile that is started, and left if it is not.
func TestOffer(t *testing.T) {
	s := fetchtest.New(t)
	registry := "packages:\n  - type: http\n    name: a/thing\n    url: " + s.URL + "/thing\n"
	s.Script("/api/repos/aquaproj/aqua-registry/releases?per_page=50", fetchtest.Body(`[{"tag_name": "v4.2.0"}]`))
	s.Script("/raw/aquaproj/aqua-registry/v4.2.0/registry.yaml", fetchtest.Body(registry))
	s.Script("/thing", fetchtest.Body("thing"))
	for answer, want := range map[string]bool{"\n": true, "y\n": true, "n\n": false, "": false} {
		name := filepath.Join(t.TempDir(), "deps.lock.toml")
		var stdout, stderr bytes.Buffer
		env := map[string]string{
			"HOME": t.TempDir(), "GITHUB_API_URL": s.URL + "/api", "DEPFETCH_REWRITE": "https://raw.githubusercontent.com=" + s.URL + "/raw",
		}
		code := program{
			name: "deplock", args: []string{"add", "thing@1", "-f", name, "--allow-http"},
			getenv: func(key string) string { return env[key] }, stdin: strings.NewReader(answer), stdout: &stdout, stderr: &stderr,
			columns: func() int { return 80 },
		}.run(t.Context())
		text, err := os.ReadFile(name)
		if want != (err == nil) {
			t.Fatalf("%q: a lockfile is started %t, want %t", answer, err == nil, want)
		}
		if !strings.Contains(stderr.String(), "thing is not in the built-in catalogue; pin the public one (aquaproj/aqua-registry)") {
			t.Errorf("%q: nothing is asked: %s", answer, &stderr)
		}
		pinned := strings.Contains(string(text), "v4.2.0/registry.yaml") && strings.Contains(string(text), `catalogue = "a/thing"`)
		if pinned != want || (code == 0) != want {
			t.Errorf("%q: code %d\n%s\n%s", answer, code, text, &stderr)
		}
	}
}
