package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// images is a registry with what a test has put there.
type images struct {
	host string
	auth authn.Authenticator
}

// push puts an index, or a single manifest, behind a tag and returns its digest.
func (r images) push(t *testing.T, ref string, index bool) string {
	t.Helper()
	tag, err := name.ParseReference(r.host + "/" + ref)
	if err != nil {
		t.Fatal(err)
	}
	var digest v1.Hash
	if index {
		idx, err := random.Index(64, 1, 2)
		if err == nil {
			err = remote.WriteIndex(tag, idx, remote.WithAuth(r.auth))
		}
		if err == nil {
			digest, err = idx.Digest()
		}
		if err != nil {
			t.Fatal(err)
		}
		return digest.String()
	}
	img, err := random.Image(64, 1)
	if err == nil {
		err = remote.Write(tag, img, remote.WithAuth(r.auth))
	}
	if err == nil {
		digest, err = img.Digest()
	}
	if err != nil {
		t.Fatal(err)
	}
	return digest.String()
}

// deplock runs the program and returns its exit code and what it has printed.
func deplock(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	p := program{args: args, getenv: func(string) string { return "" }, stdout: &out, stderr: &errs}
	code = p.run(context.Background())
	return code, out.String(), errs.String()
}

// memory starts a registry in this process. With a password it lets in only me.
func memory(t *testing.T, password string) images {
	t.Helper()
	handler := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, got, _ := r.BasicAuth(); got != password {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	r := images{strings.TrimPrefix(server.URL, "http://"), authn.Anonymous}
	if password != "" {
		r.auth = &authn.Basic{Username: "me", Password: password}
	}
	return r
}

// config gives Docker's configuration to the credentials that are looked for.
func config(t *testing.T, text string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("DOCKER_CONFIG", dir)
}

// login is Docker's configuration after docker login.
func (r images) login(password string) string {
	return fmt.Sprintf(`{"auths": {%q: {"auth": %q}}}`, r.host, base64.StdEncoding.EncodeToString([]byte("me:"+password)))
}

func TestPin(t *testing.T) {
	config(t, "{}")
	testPin(t, memory(t, ""))
}

// testPin pins a Dockerfile and a compose file, and follows a tag that moves.
func testPin(t *testing.T, r images) {
	index, single := r.push(t, "tools/go:1.26", true), r.push(t, "debian:12", false)
	dir := t.TempDir()
	t.Chdir(dir)
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(strings.ReplaceAll(text, "HOST", r.host)), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	holds := func(name, want string) {
		t.Helper()
		got, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if want = strings.ReplaceAll(want, "HOST", r.host); string(got) != want {
			t.Errorf("%s holds\n%s\nwant\n%s", name, got, want)
		}
	}
	const before = "ARG TAG=12\nFROM --platform=$BUILDPLATFORM HOST/tools/go:1.26 AS build\nFROM HOST/debian:$TAG\nCOPY --from=build /a /a\n"
	write("Dockerfile", before)
	write("compose.yaml", "services: {a: {image: HOST/debian:12}} # c\n")

	code, stdout, _ := deplock(t, "pin", "--check")
	if code != 1 || !strings.Contains(stdout, "Dockerfile:2:32: "+r.host+"/tools/go:1.26 has no digest\n") ||
		!strings.HasSuffix(stdout, "3 images, 3 without a digest, 0 moved on\n") {
		t.Errorf("check of what is not pinned: %d\n%s", code, stdout)
	}
	code, stdout, stderr := deplock(t, "pin", "--dry-run")
	if code != 0 || !strings.Contains(stdout, "+ARG TAG=12@"+single) {
		t.Errorf("dry run: %d\n%s%s", code, stdout, stderr)
	}
	holds("Dockerfile", before)

	if code, stdout, stderr = deplock(t, "pin"); code != 0 {
		t.Fatalf("pin: %d\n%s%s", code, stdout, stderr)
	}
	pinned := "ARG TAG=12@" + single + "\nFROM --platform=$BUILDPLATFORM HOST/tools/go:1.26@" + index + " AS build\nFROM HOST/debian:$TAG\nCOPY --from=build /a /a\n"
	holds("Dockerfile", pinned)
	holds("compose.yaml", "services: {a: {image: HOST/debian:12@"+single+"}} # c\n")
	if info, err := os.Stat("Dockerfile"); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if code, stdout, _ = deplock(t, "pin"); code != 0 || stdout != "nothing to pin\n" {
		t.Errorf("pin again: %d\n%s", code, stdout)
	}
	if code, stdout, _ = deplock(t, "pin", "--check"); code != 0 {
		t.Errorf("check of what is pinned: %d\n%s", code, stdout)
	}

	// A tag that has moved on is told, and no failure.
	moved := r.push(t, "tools/go:1.26", true)
	code, stdout, stderr = deplock(t, "pin", "--check", "--update")
	if code != 0 || !strings.Contains(stdout, "Dockerfile:2:32: "+r.host+"/tools/go:1.26 has moved on: pinned "+index+", now "+moved+"\n") {
		t.Errorf("check --update: %d\n%s%s", code, stdout, stderr)
	}
	if code, stdout, _ = deplock(t, "pin"); code != 0 || stdout != "nothing to pin\n" {
		t.Errorf("pin without --update: %d\n%s", code, stdout)
	}
	if code, stdout, stderr = deplock(t, "pin", "--update"); code != 0 || !strings.Contains(stdout, index+" → "+moved) {
		t.Errorf("update: %d\n%s%s", code, stdout, stderr)
	}
	holds("Dockerfile", strings.ReplaceAll(pinned, index, moved))

	// What is not there fails, and the rest is pinned.
	write("Dockerfile", "FROM HOST/none:1 AS a\nFROM HOST/debian:12\n")
	code, _, stderr = deplock(t, "pin")
	if code != 3 || !strings.Contains(stderr, "deplock: error: Dockerfile:1:6: "+r.host+"/none:1: the registry has no such image\n") {
		t.Errorf("missing image: %d\n%s", code, stderr)
	}
	holds("Dockerfile", "FROM HOST/none:1 AS a\nFROM HOST/debian:12@"+single+"\n")
}

// TestPinChanged saves a Dockerfile while the registry is asked.
func TestPinChanged(t *testing.T) {
	config(t, "{}")
	r := memory(t, "")
	r.push(t, "debian:12", false)
	t.Chdir(t.TempDir())
	saved := "FROM " + r.host + "/debian:12\nRUN saved\n"
	answer, err := http.NewRequest(http.MethodGet, "http://"+r.host, nil)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if err := os.WriteFile("Dockerfile", []byte(strings.Replace(saved, r.host, q.Host, 1)), 0o644); err != nil {
			t.Error(err)
		}
		httputil.NewSingleHostReverseProxy(answer.URL).ServeHTTP(w, q)
	}))
	defer proxy.Close()
	host := strings.TrimPrefix(proxy.URL, "http://")
	if err := os.WriteFile("Dockerfile", []byte("FROM "+host+"/debian:12\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := deplock(t, "pin")
	if code != 1 || !strings.Contains(stderr, "Dockerfile: another program has changed it meanwhile") {
		t.Errorf("%d\n%s%s", code, stdout, stderr)
	}
	if got, err := os.ReadFile("Dockerfile"); err != nil || string(got) != strings.Replace(saved, r.host, host, 1) {
		t.Errorf("%v: Dockerfile holds\n%s", err, got)
	}
}

func TestPinLogin(t *testing.T) {
	r := memory(t, "secret")
	config(t, r.login("secret"))
	testPin(t, r)

	config(t, r.login("wrong-one"))
	testDenied(t, r)
	config(t, "{}")
	testDenied(t, r)
}

// testDenied wants access to be refused, with a hint and without the password.
func testDenied(t *testing.T, r images) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("Dockerfile", []byte("FROM "+r.host+"/debian:12\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := deplock(t, "pin")
	if code != 3 || !strings.Contains(stderr, "refuses access (HTTP 401)\ndeplock: hint: docker login "+r.host+"\n") || strings.Contains(stderr, "wrong-one") {
		t.Errorf("%d\n%s", code, stderr)
	}
}

// TestPinHelper takes credentials from a credential helper.
func TestPinHelper(t *testing.T) {
	r := memory(t, "from-helper")
	bin := t.TempDir()
	script := "#!/bin/sh\nread server\necho '{\"ServerURL\": \"'$server'\", \"Username\": \"me\", \"Secret\": \"from-helper\"}'\n"
	if err := os.WriteFile(filepath.Join(bin, "docker-credential-test"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	config(t, fmt.Sprintf(`{"credHelpers": {%q: "test"}}`, r.host))
	testPin(t, r)
}
