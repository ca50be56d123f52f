package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"

	"depfetch/fetch/fetchtest"
)

// TestReadmeCompany runs all commands that the pages for companies and of mirrors show,
// block by block, with servers on loopback in the place of those that they name.
func TestReadmeCompany(t *testing.T) {
	var blocks []string
	for _, page := range []string{"fetch/source/README.md", "lock/mirror/README.md"} {
		text, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(page)))
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
			if block[1] == "sh" {
				blocks = append(blocks, block[2])
			}
		}
	}
	if len(blocks) < 4 {
		t.Fatalf("the pages have %d blocks of commands", len(blocks))
	}
	dir := t.TempDir()
	bin := filepath.Join(dir, "bin")
	if out, err := exec.Command("go", "build", "-o", bin+string(filepath.Separator), "../depfetch").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := os.Symlink("depfetch", filepath.Join(bin, "curl")); err != nil {
		t.Fatal(err)
	}
	upstream := fetchtest.NewTLS(t)
	oci := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(oci.Close)
	mirror := filepath.Join(dir, "mirror")
	static := httptest.NewServer(http.FileServer(http.Dir(mirror)))
	t.Cleanup(static.Close)
	lockfile := "version = 1\nplatforms = [\"linux/amd64\"]\n[urls]\n"
	dockerfile := "FROM debian:12\n"
	for i, address := range []string{"github.com/owner/tool", "dl.k8s.io/kubectl"} {
		body := "the bytes of " + address
		_, path, _ := strings.Cut(address, "/")
		upstream.Script([]string{"/github/", "/k8s/"}[i]+path, fetchtest.Body(body))
		lockfile += fmt.Sprintf("\"https://%s\" = { sha256 = \"%x\", size = %d }\n", address, sha256.Sum256([]byte(body)), len(body))
		dockerfile += "RUN curl -fsSLO https://" + address + "\n"
	}
	for name, text := range map[string]string{
		"Dockerfile": dockerfile, "deps.lock.toml": "version = 1\nplatforms = [\"linux/amd64\"]\n", // sync adds to it
		"other/deps.lock.toml": lockfile, "corporate-ca.pem": string(upstream.CA()),
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	proxy := "https://github.com=" + upstream.URL + "/github https://dl.k8s.io=" + upstream.URL + "/k8s"
	local := strings.NewReplacer(
		"https://proxy.example/", upstream.URL+"/",
		"registry.example.com", strings.TrimPrefix(oci.URL, "http://"),
		"https://mirror.example.com", static.URL,
		"/srv/mirror", mirror,
		"/var/cache/depfetch", filepath.Join(dir, "cache"),
	)
	for _, block := range blocks {
		script := local.Replace(block)
		cmd := exec.CommandContext(t.Context(), "sh", "-ec", script)
		cmd.Dir = dir
		cmd.Env = []string{"PATH=" + bin + string(filepath.ListSeparator) + os.Getenv("PATH"), "HOME=" + dir,
			"DEPFETCH_REWRITE=" + proxy, "SSL_CERT_FILE=corporate-ca.pem", "DEPLOCK_BASES=usual",
			"DEPFETCH_LOCK=deps.lock.toml"} // whatever this machine has at its root
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s\n%s", err, script, out)
		}
		for _, call := range regexp.MustCompile(`curl -fsSLO \S+/(\w+)`).FindAllStringSubmatch(script, -1) {
			if err := os.Remove(filepath.Join(dir, call[1])); err != nil {
				t.Errorf("%v: it is not there after\n%s", err, script)
			}
		}
	}
	if text, err := os.ReadFile(filepath.Join(dir, "deps.lock.toml")); err != nil || strings.Count(string(text), "sha256 = ") != 2 {
		t.Errorf("%v: sync has locked\n%s", err, text)
	}
	if names, _ := filepath.Glob(filepath.Join(dir, "cache", "blobs", "sha256", "*")); len(names) != 2 {
		t.Errorf("%q is in the cache", names)
	}
}
