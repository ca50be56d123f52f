//go:build e2e

package examples_test

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A module zip, as every Go module proxy serves it: immutable, and the same
// bytes from each.
const (
	modulePath   = "github.com/rogpeppe/go-internal/@v/v1.16.0.zip"
	moduleSHA256 = "02048d8a3aee2ad0f9bcde5ae6659a19b68c24483d2358cb2a5f0f41d42db5c6"
	moduleSize   = 216006
)

// moduleLockfile pins the module zip where this machine's module proxy has it.
func moduleLockfile(t *testing.T) string {
	t.Helper()
	return lockfileFor("module", moduleProxy(t)+"/"+modulePath, moduleSHA256, moduleSize, "/srv/module.zip")
}

// moduleProxy returns the first https proxy of GOPROXY, a list that commas and
// bars separate and in which "direct" and "off" are no proxies.
func moduleProxy(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOPROXY").Output()
	if err != nil {
		t.Fatal(err)
	}
	list := strings.TrimSpace(string(out))
	for _, p := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == '|' }) {
		u, err := url.Parse(strings.TrimSuffix(strings.TrimSpace(p), "/"))
		if err == nil && u.Scheme == "https" && u.User == nil {
			return u.String()
		}
	}
	t.Fatal("GOPROXY names no https proxy (without a password): this test downloads a module from one, over real TLS")
	return ""
}

func lockfileFor(name, url, sha256 string, size int, path string) string {
	return fmt.Sprintf(`version = 1
[deps.%[1]s]
url = %[2]q
path = %[5]q
mode = "0640"
[deps.%[1]s.locked]
any = { url = %[2]q, sha256 = %[3]q, size = %[4]d }
`, name, url, sha256, size, path)
}

// depfetch runs the binary on this machine and returns its exit code and stderr.
func depfetch(t *testing.T, args ...string) (code int, stderr string) {
	t.Helper()
	var buf bytes.Buffer
	cmd := exec.CommandContext(t.Context(), filepath.Join(kit.depfetch, "depfetch"), args...)
	cmd.Stderr = &buf
	// A cache or a mirror of this machine's user would do the server's work.
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "DEPFETCH_") })
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), buf.String()
}

// fetchHere fetches a lockfile of one dependency into a folder, verifies it,
// and checks the bytes that landed at path.
func fetchHere(t *testing.T, lockfile, sha256 string, size int, path string) {
	t.Helper()
	root := t.TempDir()
	name := filepath.Join(t.TempDir(), "deps.lock.toml")
	write(t, name, lockfile)
	if code, stderr := depfetch(t, "fetch", "--lock", name, "--root", root); code != 0 {
		t.Fatalf("depfetch fetch: exit code %d\n%s", code, stderr)
	}
	body := read(t, filepath.Join(root, path))
	if sumOf([]byte(body)) != sha256 || len(body) != size {
		t.Errorf("%s: %d bytes of sha256 %s; want %d of %s", path, len(body), sumOf([]byte(body)), size, sha256)
	}
	if code, stderr := depfetch(t, "verify", "--lock", name, "--root", root); code != 0 {
		t.Errorf("depfetch verify: exit code %d\n%s", code, stderr)
	}
}

// TestModuleProxy downloads a module zip over real TLS from a public server.
func TestModuleProxy(t *testing.T) {
	fetchHere(t, moduleLockfile(t), moduleSHA256, moduleSize, "/srv/module.zip")
}

// TestModuleProxyWrongPin has the right server and one wrong digit in the pin.
func TestModuleProxyWrongPin(t *testing.T) {
	root := t.TempDir()
	name := filepath.Join(t.TempDir(), "deps.lock.toml")
	wrong := "f" + moduleSHA256[1:]
	write(t, name, strings.ReplaceAll(moduleLockfile(t), moduleSHA256, wrong))
	code, stderr := depfetch(t, "fetch", "--lock", name, "--root", root)
	if code != 4 || !strings.Contains(stderr, wrong) || !strings.Contains(stderr, moduleSHA256) {
		t.Errorf("exit code %d; want 4, and both sums in:\n%s", code, stderr)
	}
	filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path != root {
			t.Errorf("left behind: %s (%v)", path, err)
		}
		return nil
	})
}

// TestModuleProxyFromScratch downloads the module zip in a build that has no CA
// bundle of its own, and is handed this machine's.
func TestModuleProxyFromScratch(t *testing.T) {
	b := build{
		dir:     stage(t, "corporate-ca", moduleLockfile(t)),
		secrets: map[string]string{"ca": cmp.Or(os.Getenv("SSL_CERT_FILE"), "/etc/ssl/certs/ca-certificates.crt")},
		args:    map[string]string{},
	}
	// Where the machine itself goes through a proxy, so does its build.
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"} {
		if value := os.Getenv(name); value != "" {
			b.args[name] = value
		}
	}
	im := b.run(t).image(t)
	im.holds(t,
		"drwxr-xr-x 0:0 1980-01-01 srv/",
		"-rw-r----- 0:0 1980-01-01 srv/module.zip",
	)
	if got := sumOf(im.files["srv/module.zip"].body); got != moduleSHA256 {
		t.Errorf("srv/module.zip has sha256 %s; want %s", got, moduleSHA256)
	}
}

// aptLine is what apt-get prints of a package: address, file name, size, sum.
var aptLine = regexp.MustCompile(`^'([^']+)' \S+ (\d+) SHA256:([0-9a-f]{64})$`)

// TestDebianPackage downloads a package by the sum that Debian's signed index
// has for it.
func TestDebianPackage(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "apt-get", "download", "--print-uris", "hostname")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("apt-get knows no package hostname (run apt-get update): %v", err)
	}
	found := aptLine.FindStringSubmatch(strings.TrimSpace(string(out)))
	if found == nil {
		t.Fatalf("apt-get printed %q; want an address, a name, a size and a SHA256 (run apt-get update)", out)
	}
	var size int
	fmt.Sscan(found[2], &size)
	fetchHere(t, lockfileFor("hostname", found[1], found[3], size, "/srv/hostname.deb"), found[3], size, "/srv/hostname.deb")
}
