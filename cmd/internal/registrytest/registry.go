// Package registrytest starts real registries on loopback for the end-to-end tests of both
// programs: Debian's docker-registry, which is version 2 of distribution, and version 3,
// which `make e2e` builds. Each asks for nothing, for a login, or for a token of a token
// service that lives in the test and whose signatures the registry checks. A registry ends
// with its test.
package registrytest

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// User and Password are the login that is right at a registry that asks for one.
const (
	User     = "me"
	Password = "correct-horse"
)

// users is what a registry keeps of the login.
const users = User + ":$2y$05$C.4LZg7NLG61Grv/CqXjPu8.YD5j9y.4uKpFdhd/QPGirm/7O3j7K\n"

// Program is a program that serves a registry.
type Program string

// The programs.
const (
	V2 Program = "docker-registry" // of Debian
	V3 Program = "registry"        // of `make e2e`
)

// Built returns the path of a program that `make e2e` builds: a registry, crane or oras.
func Built(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("DEPFETCH_REGISTRY_BIN")
	bin, err := exec.LookPath(filepath.Join(dir, name))
	if err != nil || dir == "" {
		t.Fatalf("no %s: make e2e builds it, and names its directory in DEPFETCH_REGISTRY_BIN", name)
	}
	return bin
}

// path returns where the program is.
func (p Program) path(t testing.TB) string {
	t.Helper()
	if p == V3 {
		return Built(t, string(p))
	}
	bin, err := exec.LookPath(string(p))
	if err != nil {
		t.Fatalf("no %s: apt-get install docker-registry", p)
	}
	return bin
}

// Auth is what a registry asks for.
type Auth int

// What registries ask for.
const (
	Open  Auth = iota // nothing
	Basic             // the login, for everything
	Token             // a token of Registry.Tokens
)

// Registry is a registry that runs until its test ends.
type Registry struct {
	Host   string
	Tokens *Tokens // its token service, or nil
	basic  bool
}

// Start starts a registry with nothing in it.
func Start(t testing.TB, program Program, auth Auth) *Registry {
	t.Helper()
	dir := t.TempDir()
	r := &Registry{basic: auth == Basic}
	demand := ""
	switch auth {
	case Basic:
		file := filepath.Join(dir, "users")
		write(t, file, users)
		demand = fmt.Sprintf("auth: {htpasswd: {realm: test, path: %q}}\n", file)
	case Token:
		r.Tokens = newTokens(t)
		file := filepath.Join(dir, "certificates.pem")
		write(t, file, r.Tokens.certificate())
		demand = fmt.Sprintf("auth: {token: {realm: %q, service: %s, issuer: %s, rootcertbundle: %q}}\n", r.Tokens.URL()+"/token", service, issuer, file)
	}
	// The port is free a moment before the registry takes it.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.Host = l.Addr().String()
	l.Close()
	config := filepath.Join(dir, "config.yml")
	write(t, config, fmt.Sprintf("version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: %q}}\nhttp: {addr: %q, secret: test}\n%s", filepath.Join(dir, "data"), r.Host, demand))
	cmd := exec.Command(program.path(t), "serve", config)
	cmd.Env = append(os.Environ(), "OTEL_TRACES_EXPORTER=none", "OTEL_METRICS_EXPORTER=none", "OTEL_LOGS_EXPORTER=none")
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop := sync.OnceFunc(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	t.Cleanup(stop)
	for range 1200 {
		if resp, err := http.Get("http://" + r.Host + "/v2/"); err == nil {
			resp.Body.Close()
			return r
		}
		time.Sleep(50 * time.Millisecond)
	}
	stop()
	t.Fatalf("%s does not answer:\n%s", program, said.String())
	return nil
}

// Push uploads a blob in one request, and returns its sha256.
func (r *Registry) Push(t testing.TB, repository string, blob []byte) string {
	t.Helper()
	send := func(method, address string, body []byte) *http.Response {
		req, err := http.NewRequest(method, address, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case r.basic:
			req.SetBasicAuth(User, Password)
		case r.Tokens != nil:
			req.Header.Set("Authorization", "Bearer "+r.Tokens.sign([]access{{"repository", repository, []string{"pull", "push"}}}, time.Minute))
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode >= 300 {
			t.Fatalf("%s: %s", method, resp.Status)
		}
		return resp
	}
	sum := fmt.Sprintf("%x", sha256.Sum256(blob))
	upload, err := send(http.MethodPost, "http://"+r.Host+"/v2/"+repository+"/blobs/uploads/", nil).Location()
	if err != nil {
		t.Fatal(err)
	}
	query := upload.Query()
	query.Set("digest", "sha256:"+sum)
	upload.RawQuery = query.Encode()
	send(http.MethodPut, upload.String(), blob)
	return sum
}

// Login returns Docker's configuration after a docker login with a password, which may be
// wrong. An empty one is no login.
func (r *Registry) Login(password string) string {
	if password == "" {
		return "{}"
	}
	return fmt.Sprintf(`{"auths": {%q: {"auth": %q}}}`, r.Host, base64.StdEncoding.EncodeToString([]byte(User+":"+password)))
}

func write(t testing.TB, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
