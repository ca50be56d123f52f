// Package documenttest is what the tests of documents share: what these are about, and
// files that say what they have to be.
package documenttest

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"depfetch/fetch/digest"
)

var update = flag.Bool("update", false, "rewrite the golden file")

// Archive is an address that several things come from, and Kubectl that of one file.
const (
	Archive = "https://example.com/tool-1.0.tar.gz"
	Kubectl = "https://dl.k8s.io/v1.34.1/bin/linux/amd64/kubectl"
)

// Sum is the digest of something that stands for bytes.
func Sum(s string) digest.SHA256 { return digest.Of([]byte(s)) }

// Golden fails the test unless got is what a file of testdata holds. With -update it is
// written there.
func Golden(t testing.TB, name string, got []byte) {
	t.Helper()
	golden := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
}
