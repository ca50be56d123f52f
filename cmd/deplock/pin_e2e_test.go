//go:build e2e

package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
)

// password is that of me, and stored what a registry keeps of it.
const (
	password = "correct-horse"
	stored   = "$2y$05$C.4LZg7NLG61Grv/CqXjPu8.YD5j9y.4uKpFdhd/QPGirm/7O3j7K"
)

// start starts Debian's docker-registry on loopback, with a login or without.
func start(t *testing.T, login bool) images {
	t.Helper()
	bin, err := exec.LookPath("docker-registry")
	if err != nil {
		t.Fatal("no docker-registry: apt-get install docker-registry")
	}
	dir := t.TempDir()
	auth := ""
	if login {
		users := filepath.Join(dir, "users")
		if err := os.WriteFile(users, []byte("me:"+stored+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		auth = fmt.Sprintf("auth: {htpasswd: {realm: test, path: %q}}\n", users)
	}
	// The port is free a moment before the registry takes it.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host := l.Addr().String()
	l.Close()
	config := filepath.Join(dir, "config.yml")
	text := fmt.Sprintf("version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: %q}}\nhttp: {addr: %q}\n%s", filepath.Join(dir, "data"), host, auth)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bin, "serve", config)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	r := images{host, authn.Anonymous}
	if login {
		r.auth = &authn.Basic{Username: "me", Password: password}
	}
	for range 200 {
		if resp, err := http.Get("http://" + host + "/v2/"); err == nil {
			resp.Body.Close()
			return r
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("the registry does not answer")
	return r
}

func TestPinRegistry(t *testing.T) {
	config(t, "{}")
	testPin(t, start(t, false))
}

func TestPinRegistryLogin(t *testing.T) {
	r := start(t, true)
	config(t, r.login(password))
	testPin(t, r)
	config(t, r.login("wrong-one"))
	testDenied(t, r)
}

func TestPinRegistryBases(t *testing.T) {
	config(t, "{}")
	testBases(t, start(t, false))
}
