package source

import (
	"compress/gzip"
	"crypto/x509"
	_ "embed"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"time"
)

// embedded is Mozilla's list of golang.org/x/crypto/x509roots/fallback, from which a test
// makes it: that package itself is 50 kB larger. Compressed are the number of roots, for
// each of them the time after which what it issues is not trusted, in seconds since 1970
// or 0, all of these in 64 bits, and the certificates.
//
//go:embed roots.gz
var embedded string

// addEmbedded adds the embedded roots to a pool.
func addEmbedded(pool *x509.CertPool) error {
	text, err := gunzip(embedded)
	if err != nil {
		return err
	}
	n := binary.BigEndian.Uint64(text)
	times, text := text[8:8*(n+1)], text[8*(n+1):]
	certs, err := x509.ParseCertificates(text)
	if err != nil {
		return err
	}
	for i, cert := range certs {
		if seconds := binary.BigEndian.Uint64(times[8*i:]); seconds != 0 {
			pool.AddCertWithConstraint(cert, issuedBy(time.Unix(int64(seconds), 0).UTC()))
		} else {
			pool.AddCert(cert)
		}
	}
	return nil
}

// issuedBy returns a constraint on chains: none of their certificates is issued after end.
func issuedBy(end time.Time) func([]*x509.Certificate) error {
	return func(chain []*x509.Certificate) error {
		for _, c := range chain {
			if c.NotBefore.After(end) {
				return fmt.Errorf("the CA is not trusted for certificates issued after %s", end.Format(time.RFC3339))
			}
		}
		return nil
	}
}

func gunzip(text string) ([]byte, error) {
	r, err := gzip.NewReader(strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}
