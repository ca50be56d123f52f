package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// TestLoginFile: pin and sync ask registries with the logins of --registry-auth, and with
// no others then.
func TestLoginFile(t *testing.T) {
	r := memory(t, "right")
	r.push(t, "debian:12", false)
	r.configured(t, "conda:1", v1.Config{Env: []string{"PATH=/opt/conda/bin:/usr/local/bin:/usr/bin:/bin"}})
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "the tool") }))
	t.Cleanup(upstream.Close)
	t.Chdir(t.TempDir())
	for _, test := range []struct {
		usual, named string
		let          bool
	}{{"wrong", "right", true}, {"right", "wrong", false}} {
		config(t, r.login(test.usual))
		file := filepath.Join(t.TempDir(), "logins.json")
		text := fmt.Sprintf("FROM %s/conda:1\nRUN curl -fsSLO %s/a\n", r.host, upstream.URL)
		for name, text := range map[string]string{file: r.login(test.named), "Dockerfile": text} {
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		code, stdout, stderr := deplock(t, "sync", "--allow-http", "--dry-run", "--registry-auth", file)
		if let := strings.Contains(stdout, "target=/opt/conda/bin/curl"); code > 1 || let != test.let {
			t.Errorf("sync with %s: exit %d\n%s%s", test.named, code, stdout, stderr)
		}
		if err := os.WriteFile("Dockerfile", []byte("FROM "+r.host+"/debian:12\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, _, stderr := deplock(t, "pin", "--registry-auth", file); (code == 0) != test.let || strings.Contains(stderr, test.named) {
			t.Errorf("pin with %s: exit %d\n%s", test.named, code, stderr)
		}
	}
}
