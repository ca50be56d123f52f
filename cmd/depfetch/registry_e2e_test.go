//go:build e2e

package main

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
	"testing"
	"time"
)

// Of me at the registry; registryUsers is what it keeps of the password.
const (
	registryPassword = "correct-horse"
	registryUsers    = "me:$2y$05$C.4LZg7NLG61Grv/CqXjPu8.YD5j9y.4uKpFdhd/QPGirm/7O3j7K\n"
)

// startRegistry starts Debian's docker-registry on loopback, with a login or without.
func startRegistry(t *testing.T, login bool) (host string) {
	t.Helper()
	bin, err := exec.LookPath("docker-registry")
	if err != nil {
		t.Fatal("no docker-registry: apt-get install docker-registry")
	}
	dir := t.TempDir()
	auth := ""
	if login {
		users := filepath.Join(dir, "users")
		if err := os.WriteFile(users, []byte(registryUsers), 0o600); err != nil {
			t.Fatal(err)
		}
		auth = fmt.Sprintf("auth: {htpasswd: {realm: test, path: %q}}\n", users)
	}
	// The port is free a moment before the registry takes it.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host = l.Addr().String()
	l.Close()
	config := filepath.Join(dir, "config.yml")
	text := fmt.Sprintf("version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: %q}}\nhttp: {addr: %q}\n%s", filepath.Join(dir, "data"), host, auth)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bin, "serve", config)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	for range 200 {
		if resp, err := http.Get("http://" + host + "/v2/"); err == nil {
			resp.Body.Close()
			return host
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("the registry does not answer")
	return ""
}

// push uploads a blob in one request, and returns its digest.
func push(t *testing.T, host, repository string, blob []byte) string {
	t.Helper()
	send := func(method, address string, body []byte) *http.Response {
		r, err := http.NewRequest(method, address, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth("me", registryPassword)
		resp, err := http.DefaultClient.Do(r)
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
	upload, err := send(http.MethodPost, "http://"+host+"/v2/"+repository+"/blobs/uploads/", nil).Location()
	if err != nil {
		t.Fatal(err)
	}
	query := upload.Query()
	query.Set("digest", "sha256:"+sum)
	upload.RawQuery = query.Encode()
	send(http.MethodPut, upload.String(), blob)
	return sum
}

// TestRegistryMirror fetches from a real registry, without a login and with one that is
// right, wrong or missing, and what it does not have.
func TestRegistryMirror(t *testing.T) {
	blob := bytes.Repeat([]byte("a blob of a registry\n"), 1<<16)
	for _, tt := range []struct {
		name     string
		login    bool
		password string
		code     int
		want     string
	}{
		{"no login", false, "", 0, ""},
		{"login", true, registryPassword, 0, ""},
		{"wrong login", true, "wrong-one", 3, ": HTTP 401 Unauthorized, with the login of "},
		{"missing login", true, "", 3, ": HTTP 401 Unauthorized, no login was sent"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			host := startRegistry(t, tt.login)
			sum := push(t, host, "team/deps", blob)
			dir := t.TempDir()
			auth := "{}"
			if tt.password != "" {
				auth = fmt.Sprintf(`{"auths": {%q: {"auth": %q}}}`, host, base64.StdEncoding.EncodeToString([]byte("me:"+tt.password)))
			}
			lock := "version = 1\n[deps.tool]\nurl = \"file:///nowhere/tool\"\npath = \"/tool\"\nmirrors = [\"oci://" + host + "/team/deps\"]\n" +
				"locked.any = { url = \"file:///nowhere/tool\", sha256 = \"" + sum + "\" }\n"
			for name, text := range map[string]string{"config.json": auth, "deps.lock.toml": lock} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var stderr strings.Builder
			p := program{
				name: "depfetch", stdout: &stderr, stderr: &stderr, getenv: func(string) string { return "" },
				args: []string{"--lock", filepath.Join(dir, "deps.lock.toml"), "--root", filepath.Join(dir, "out"), "--registry-auth", filepath.Join(dir, "config.json")},
			}
			if code := p.run(t.Context()); code != tt.code || !strings.Contains(stderr.String(), tt.want) || strings.Contains(stderr.String(), "wrong-one") {
				t.Fatalf("exit code %d\n%s", code, stderr.String())
			}
			if tt.code != 0 && !strings.Contains(stderr.String(), "mirror oci://"+host+"/team/deps@sha256:"+sum) || tt.code != 0 && !strings.Contains(stderr.String(), "--registry-auth") {
				t.Error(stderr.String())
			}
			got, err := os.ReadFile(filepath.Join(dir, "out", "tool"))
			if (err == nil) != (tt.code == 0) || err == nil && !bytes.Equal(got, blob) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		})
	}
}
