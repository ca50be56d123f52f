package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"depfetch/fetch/fetchtest"
)

// TestWarm holds that a name costs no request but those for the tool once the catalogue
// is in the cache: the server answers as every host, and as the proxy of all others.
func TestWarm(t *testing.T) {
	s := fetchtest.New(t)
	var mu sync.Mutex
	var asked []string
	recorder := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, r.Method+" "+r.RequestURI)
		mu.Unlock()
		s.Config.Handler.ServeHTTP(w, r)
	}))
	defer recorder.Close()
	s.Script("/api/repos/aquaproj/aqua-registry/releases?per_page=50", fetchtest.Body(`[{"tag_name": "v4.2.0"}]`))
	s.Script("/raw/aquaproj/aqua-registry/v4.2.0/registry.yaml", fetchtest.Body(`packages:
  - type: http
    repo_owner: helm
    repo_name: helm
    url: https://get.helm.sh/helm-{{.Version}}
    checksum: {type: http, url: "https://get.helm.sh/helm-{{.Version}}.sha256sum", algorithm: sha256}
  - type: github_release
    repo_owner: other
    repo_name: tool
    asset: tool
`))
	s.Script("/api/repos/helm/helm/releases?per_page=50", fetchtest.Body(`[{"tag_name": "v3.18.4"}]`))
	s.Script("/get/helm-v3.18.4", fetchtest.Body("helm"))
	s.Script("/get/helm-v3.18.4.sha256sum", fetchtest.Body(fmt.Sprintf("%x  helm-v3.18.4\n", sha256.Sum256([]byte("helm")))))
	name := filepath.Join(t.TempDir(), "deps.lock.toml")
	env := map[string]string{
		"HOME": t.TempDir(), "GITHUB_API_URL": recorder.URL + "/api", "https_proxy": recorder.URL, "http_proxy": recorder.URL, "no_proxy": "127.0.0.1",
		"DEPFETCH_REWRITE": "https://raw.githubusercontent.com=" + recorder.URL + "/raw https://get.helm.sh=" + recorder.URL + "/get",
	}
	run := func(args ...string) {
		t.Helper()
		mu.Lock()
		asked = nil
		mu.Unlock()
		var stdout, stderr bytes.Buffer
		code := program{
			name: "deplock", args: append(args, "-f", name),
			getenv: func(key string) string { return env[key] }, stdout: &stdout, stderr: &stderr,
		}.run(t.Context())
		if code != 0 {
			t.Fatalf("%v: exit %d\n%s%s", args, code, &stdout, &stderr)
		}
	}
	expect := func(want ...string) {
		t.Helper()
		mu.Lock()
		defer mu.Unlock()
		slices.Sort(asked)
		if got := slices.Compact(slices.Clone(asked)); !slices.Equal(got, want) {
			t.Errorf("asked for\n%q, want\n%q", got, want)
		}
	}
	run("init")
	run("catalogue", "update", "--allow-http")
	expect("GET /api/repos/aquaproj/aqua-registry/releases?per_page=50", "GET /raw/aquaproj/aqua-registry/v4.2.0/registry.yaml")
	run("search", "helm")
	expect()
	run("add", "helm@3.18.4", "--allow-http", "--dry-run", "--no-signature")
	expect("GET /get/helm-v3.18.4", "GET /get/helm-v3.18.4.sha256sum")
	run("add", "helm", "--allow-http", "--dry-run", "--no-signature")
	expect("GET /api/repos/helm/helm/releases?per_page=50", "GET /get/helm-v3.18.4", "GET /get/helm-v3.18.4.sha256sum")

	// Signatures are looked for beside its files alone.
	run("add", "helm", "--allow-http")
	mu.Lock()
	defer mu.Unlock()
	for _, uri := range asked {
		if !strings.HasPrefix(uri, "GET /get/helm-v3.18.4") && !strings.HasPrefix(uri, "GET /api/repos/helm/helm/") {
			t.Errorf("asked for %s", uri)
		}
	}
}
