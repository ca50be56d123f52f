//go:build e2e

package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"depfetch/cmd/internal/registrytest"
)

// programs are the registries that are tried.
var programs = []registrytest.Program{registrytest.V2, registrytest.V3}

// fromRegistry is one run of depfetch whose files are in a registry alone.
type fromRegistry struct {
	registry *registrytest.Registry
	password string            // of the login; empty is no login
	files    map[string]string // the sha256 and the origin of each
}

// fetch runs depfetch and returns its exit code, what it has printed and the root.
func (r fromRegistry) fetch(t *testing.T, options ...string) (code int, said, root string) {
	t.Helper()
	dir := t.TempDir()
	lock := "version = 1\n"
	for sum, origin := range r.files {
		lock += fmt.Sprintf("[deps.f%.8s]\nurl = %q\npath = \"/%s\"\nlocked.any = { url = %[2]q, sha256 = \"%[1]s\" }\n", sum, origin, sum)
	}
	lockfile, logins := filepath.Join(dir, "deps.lock.toml"), filepath.Join(dir, "config.json")
	writeText(t, lockfile, lock)
	writeText(t, logins, r.registry.Login(r.password))
	root = filepath.Join(dir, "out")
	var out strings.Builder
	p := program{
		name: "depfetch", stdout: &out, stderr: &out, getenv: func(string) string { return "" },
		args: append([]string{"--lock", lockfile, "--root", root, "--registry-auth", logins, "--mirror", "oci://" + r.registry.Host + "/team/deps"}, options...),
	}
	return p.run(t.Context()), out.String(), root
}

// TestRegistryMirror fetches from real registries: without a login, with one that is
// right, wrong or missing, where the registry asks for it itself and where it sends to a
// token service.
func TestRegistryMirror(t *testing.T) {
	blob := bytes.Repeat([]byte("a blob of a registry\n"), 1<<16)
	for _, tt := range []struct {
		name     string
		auth     registrytest.Auth
		password string
		want     string // of the error; empty is success
	}{
		{"open", registrytest.Open, "", ""},
		{"login", registrytest.Basic, registrytest.Password, ""},
		{"wrong login", registrytest.Basic, "wrong-one", ": HTTP 401 Unauthorized, with the login of "},
		{"missing login", registrytest.Basic, "", ": HTTP 401 Unauthorized, no login was sent"},
		{"token", registrytest.Token, registrytest.Password, ""},
		{"token without a login", registrytest.Token, "", ""},
		{"token for a wrong login", registrytest.Token, "wrong-one", ": HTTP 401 Unauthorized, with the login of "},
	} {
		for _, p := range programs {
			t.Run(tt.name+"/"+string(p), func(t *testing.T) {
				r := registrytest.Start(t, p, tt.auth)
				sum := r.Push(t, "team/deps", blob)
				code, said, root := fromRegistry{r, tt.password, map[string]string{sum: "file:///nowhere/tool"}}.fetch(t)
				got, err := os.ReadFile(filepath.Join(root, sum))
				if strings.Contains(said, "wrong-one") {
					t.Error("the password is shown")
				}
				if tt.want == "" {
					if code != 0 || !bytes.Equal(got, blob) {
						t.Fatalf("exit code %d, %d bytes, %v\n%s", code, len(got), err, said)
					}
				} else if code != 3 || !os.IsNotExist(err) || !strings.Contains(said, tt.want) || !strings.Contains(said, "mirror oci://"+r.Host+"/team/deps@sha256:"+sum) || !strings.Contains(said, "--registry-auth") {
					t.Fatalf("exit code %d, %v\n%s", code, err, said)
				}
				if r.Tokens == nil {
					return
				}
				for _, s := range r.Tokens.Sent() {
					if fmt.Sprint(s.Scope) != "[repository:team/deps:pull]" || (s.User != "") != (tt.password != "") {
						t.Errorf("a token was sent to %q for %v", s.User, s.Scope)
					}
				}
				if n := len(r.Tokens.Sent()); (n == 1) != (tt.want == "") {
					t.Errorf("%d tokens were sent", n)
				}
			})
		}
	}
}

// TestRegistryMirrorExpired fetches a second file after the token of the first has expired:
// its origin answers only once the registry refuses that token.
func TestRegistryMirrorExpired(t *testing.T) {
	for _, p := range programs {
		t.Run(string(p), func(t *testing.T) {
			r := registrytest.Start(t, p, registrytest.Token)
			r.Tokens.SetLife(2 * time.Second)
			first, second := r.Push(t, "team/deps", []byte("first")), r.Push(t, "team/deps", []byte("second"))
			origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if err := r.AwaitExpired(t.Context(), "team/deps", first); err != nil {
					t.Error(err)
				}
				w.WriteHeader(http.StatusNotFound)
			}))
			defer origin.Close()
			code, said, root := fromRegistry{r, registrytest.Password, map[string]string{first: "file:///nowhere/tool", second: origin.URL + "/tool"}}.fetch(t)
			if _, err := os.Stat(filepath.Join(root, second)); code != 0 || err != nil {
				t.Fatalf("exit code %d, %v\n%s", code, err, said)
			}
			if n := len(r.Tokens.Sent()); n < 2 {
				t.Errorf("%d tokens were sent, want one more after the first has expired", n)
			}
		})
	}
}
