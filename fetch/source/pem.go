package source

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
)

// trustedCertificate is the PEM type of a certificate that OpenSSL has written
// together with what it is trusted for.
const trustedCertificate = "TRUSTED CERTIFICATE"

// nextCertificate returns the next certificate of a PEM file, and what follows it.
func nextCertificate(text []byte) (block *pem.Block, rest []byte) {
	for {
		block, text = pem.Decode(text)
		if block == nil {
			return nil, nil
		}
		switch block.Type {
		case "CERTIFICATE", "X509 CERTIFICATE", trustedCertificate:
			return block, text
		}
	}
}

// addTo adds the certificates to a pool. As with the system's own, one that cannot
// be read is left out; it is an error if there is no other.
func (e extraRoots) addTo(pool *x509.CertPool) error {
	var first error
	added := false
	for block, rest := nextCertificate(e.pem); block != nil; block, rest = nextCertificate(rest) {
		cert, err := parseCertificate(block)
		switch {
		case err == nil:
			pool.AddCert(cert)
			added = true
		case first == nil:
			first = err
		}
	}
	if !added {
		return fmt.Errorf("no certificate in %s can be used: %w", e.name, first)
	}
	return nil
}

func parseCertificate(block *pem.Block) (*x509.Certificate, error) {
	if block.Type != trustedCertificate {
		return x509.ParseCertificate(block.Bytes)
	}
	var der asn1.RawValue
	aux, err := asn1.Unmarshal(block.Bytes, &der)
	if err != nil {
		return nil, errors.New("it is not in DER form")
	}
	if !trustsServers(aux) {
		return nil, errors.New("it is not trusted to sign for TLS servers")
	}
	return x509.ParseCertificate(der.FullBytes)
}

var (
	serverAuth = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 1}
	anyUsage   = asn1.ObjectIdentifier{2, 5, 29, 37, 0}
)

// trustsServers reports whether what OpenSSL writes behind a trusted certificate
// (X509_CERT_AUX) leaves it for TLS servers: they are not among what it is rejected
// for, and among what it is trusted for, if that is given.
func trustsServers(aux []byte) bool {
	if len(bytes.TrimSpace(aux)) == 0 {
		return true
	}
	var fields struct {
		Trust  []asn1.ObjectIdentifier `asn1:"optional"`
		Reject []asn1.ObjectIdentifier `asn1:"optional,tag:0"`
	}
	if _, err := asn1.Unmarshal(aux, &fields); err != nil {
		return false
	}
	names := func(list []asn1.ObjectIdentifier) bool {
		for _, id := range list {
			if id.Equal(serverAuth) || id.Equal(anyUsage) {
				return true
			}
		}
		return false
	}
	return !names(fields.Reject) && (len(fields.Trust) == 0 || names(fields.Trust))
}
