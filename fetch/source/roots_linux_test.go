package source

import (
	"crypto/x509"
	"encoding/pem"
	"iter"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// TestSystemRoots: the system's roots are those in its files, whatever the environment
// says of them, and nothing in a directory of roots is waited for.
func TestSystemRoots(t *testing.T) {
	defer func(old []string) { systemBundles = old }(systemBundles)
	dir := t.TempDir()
	systemBundles = []string{filepath.Join(dir, "none.pem"), filepath.Join(dir, "bundle.pem")}
	t.Setenv("SSL_CERT_FILE", filepath.Join(dir, "other.pem"))
	t.Setenv("SSL_CERT_DIR", dir)
	want := x509.NewCertPool()
	next, stop := iter.Pull(bundle.Roots())
	defer stop()
	for _, name := range []string{"bundle.pem", "certs/one.pem", "other.pem"} {
		root, _ := next()
		ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate})
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, ca, 0o644); err != nil {
			t.Fatal(err)
		}
		if filepath.Base(name) != "other.pem" {
			want.AppendCertsFromPEM(ca)
		}
	}
	certs := filepath.Join(dir, "certs")
	if err := syscall.Mkfifo(filepath.Join(certs, "fifo"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, file := (Roots{SystemDirs: []string{certs}}).system(); got == nil || !got.Equal(want) || file != systemBundles[1] {
		t.Errorf("the pool is not that of the bundle and the directory")
	}
	systemBundles = nil
	if got, file := (Roots{SystemDirs: []string{dir + "/none"}}).system(); got != nil || file != "" {
		t.Errorf("roots where there are none")
	}
}
