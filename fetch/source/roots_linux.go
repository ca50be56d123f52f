package source

import (
	"bytes"
	"crypto/x509"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"depfetch/fetch/regular"
)

// The bundles of certificates that distributions have, of which the first one counts,
// and the directories of further ones. They are those of package x509, whose own
// reading is not used: it takes $SSL_CERT_FILE in place of the system's bundle.
var (
	systemBundles = []string{
		"/etc/ssl/certs/ca-certificates.crt",                // Debian, Ubuntu, Gentoo
		"/etc/pki/tls/certs/ca-bundle.crt",                  // Fedora
		"/etc/ssl/ca-bundle.pem",                            // openSUSE
		"/etc/pki/tls/cacert.pem",                           // OpenELEC
		"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // RHEL
		"/etc/ssl/cert.pem",                                 // Alpine
	}
	systemDirs = []string{"/etc/ssl/certs", "/etc/pki/tls/certs"}
)

// maxBundle is larger than any bundle, in bytes.
const maxBundle = 16 << 20

// readSystem reads the system's roots, those of dirs among them, and returns the name of
// the bundle too, or "". What cannot be read is left out.
func readSystem(dirs []string) (pool *x509.CertPool, file string) {
	pool = x509.NewCertPool()
	// What is in the directories is in the bundle too, most often, which is one of their
	// files itself. To parse a certificate takes long.
	known := make(map[string]bool)
	read := func(name string) (parts [][]byte, err error) {
		text, err := regular.Read(name, maxBundle)
		if err != nil {
			return nil, err
		}
		for part := range bytes.SplitAfterSeq(text, []byte("-----END CERTIFICATE-----")) {
			if part = bytes.TrimSpace(part); !known[string(part)] {
				known[string(part)] = true
				parts = append(parts, part)
			}
		}
		return parts, nil
	}
	add := func(parts [][]byte) {
		for _, part := range parts {
			pool.AppendCertsFromPEM(part)
		}
	}
	var bundle, others [][]byte
	for _, name := range systemBundles {
		var err error
		if bundle, err = read(name); err == nil {
			file = name
			break
		}
	}
	var parsing sync.WaitGroup
	parsing.Go(func() { add(bundle) }) // takes as long as to read the directories
	if dirs == nil {
		dirs = systemDirs
	}
	for _, dir := range dirs {
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			name := filepath.Join(dir, e.Name())
			if e.Type()&fs.ModeSymlink != 0 {
				if to, err := os.Readlink(name); err == nil && !strings.Contains(to, "/") {
					continue // another name of a file in this directory
				}
			}
			parts, _ := read(name)
			others = append(others, parts...)
		}
	}
	parsing.Wait()
	add(others)
	return pool, file
}
