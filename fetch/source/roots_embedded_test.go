package source

import (
	"bytes"
	"compress/gzip"
	"crypto/x509"
	"encoding/binary"
	"flag"
	"math"
	"os"
	"sort"
	"testing"
	"time"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

var update = flag.Bool("update", false, "make roots.gz from the module that has the roots")

// TestEmbeddedRoots: the embedded roots are those of golang.org/x/crypto/x509roots, each
// with its constraint.
func TestEmbeddedRoots(t *testing.T) {
	var head, certs []byte
	var n uint64
	want := x509.NewCertPool()
	for root := range bundle.Roots() {
		n++
		end := lastTrusted(root.Constraint)
		head = binary.BigEndian.AppendUint64(head, uint64(end))
		certs = append(certs, root.Certificate...)
		cert, err := x509.ParseCertificate(root.Certificate)
		if err != nil {
			t.Fatal(err)
		}
		want.AddCert(cert)
		if end == 0 {
			continue
		}
		chain := func(at int64) []*x509.Certificate { return []*x509.Certificate{{NotBefore: time.Unix(at, 0)}} }
		if issuedBy(time.Unix(end, 0))(chain(end)) != nil || issuedBy(time.Unix(end, 0))(chain(end+1)) == nil {
			t.Errorf("%s: the constraint differs", cert.Subject)
		}
	}
	text := append(append(binary.BigEndian.AppendUint64(nil, n), head...), certs...)
	if *update {
		var b bytes.Buffer
		w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
		w.Write(text)
		w.Close()
		if err := os.WriteFile("roots.gz", b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		embedded = b.String()
	}
	got, err := gunzip(embedded)
	if err != nil || !bytes.Equal(got, text) {
		t.Fatalf("roots.gz is not made from this version of the module: go test ./fetch/source -update (%v)", err)
	}
	pool := x509.NewCertPool()
	if err := addEmbedded(pool); err != nil {
		t.Fatal(err)
	}
	if !pool.Equal(want) {
		t.Error("the pool holds other roots")
	}
}

// lastTrusted returns the last second at which what a root issues is trusted, or 0 if it
// has no constraint: the module says it by a function alone.
func lastTrusted(constraint func([]*x509.Certificate) error) int64 {
	if constraint == nil {
		return 0
	}
	return int64(sort.Search(math.MaxInt32, func(at int) bool {
		return constraint([]*x509.Certificate{{NotBefore: time.Unix(int64(at), 0)}}) != nil
	})) - 1
}
