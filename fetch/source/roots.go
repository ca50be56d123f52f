package source

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"strings"
	"sync"
)

// Roots are the certificate authorities to trust: the system's, or Mozilla's
// embedded list where the system has none, and those that were added. Add is not safe for
// concurrent use.
type Roots struct {
	// SystemDirs replace the usual directories of the system's authorities on Linux.
	SystemDirs []string

	extra []extraRoots
}

type extraRoots struct {
	name string
	pem  []byte
}

// Add adds the certificates of a PEM file, which errors refer to by name. The file may be
// large; it is parsed at the first https request.
func (r *Roots) Add(name string, text []byte) error {
	text = bytes.ReplaceAll(text, []byte("\ufeff"), nil) // a byte order mark hides the line behind it
	if block, _ := nextCertificate(text); block == nil {
		return noCertificate(name)
	}
	r.extra = append(r.extra, extraRoots{name, text})
	return nil
}

func noCertificate(name string) error {
	return fmt.Errorf("%s holds no certificate in PEM form", name)
}

// usualSystem are the system's roots from the usual places.
var usualSystem = sync.OnceValues(func() (*x509.CertPool, string) { return readSystem(nil) })

// system returns the system's roots, or nil if there are none, and the name of the bundle
// that they are from, or "".
func (r Roots) system() (*x509.CertPool, string) {
	read := usualSystem
	if r.SystemDirs != nil {
		read = func() (*x509.CertPool, string) { return readSystem(r.SystemDirs) }
	}
	pool, file := read()
	if pool.Equal(x509.NewCertPool()) {
		return nil, file
	}
	return pool, file
}

// pool returns the authorities to trust.
func (r Roots) pool() (*x509.CertPool, error) {
	pool, _ := r.system()
	if pool != nil {
		pool = pool.Clone()
	} else {
		pool = x509.NewCertPool()
		if err := addEmbedded(pool); err != nil {
			return nil, fmt.Errorf("embedded CA roots: %w", err)
		}
	}
	for _, e := range r.extra {
		if err := e.addTo(pool); err != nil {
			return nil, err
		}
	}
	return pool, nil
}

// Describe returns which authorities are trusted, as the end of a sentence that begins
// with "trusted were".
func (r Roots) Describe() string {
	parts := []string{"the system's CA roots"}
	if pool, file := r.system(); file != "" && pool != nil {
		parts[0] += " (" + file + ")"
	} else if pool == nil {
		parts[0] = "the CA roots embedded in this program (the system has none)"
	}
	for _, e := range r.extra {
		parts = append(parts, "those in "+e.name)
	}
	return strings.Join(parts, " and ")
}
