package source

import (
	"crypto/x509"
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

// addTo adds the certificates to a pool. Certificates that cannot be parsed are ignored,
// as those of the system are; it is an error if none is left.
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
	_, content, aux := nextElement(block.Bytes)
	if content == nil {
		return nil, errors.New("it is not in DER form")
	}
	if !trustsServers(aux) {
		return nil, errors.New("it is not trusted to sign for TLS servers")
	}
	return x509.ParseCertificate(block.Bytes[:len(block.Bytes)-len(aux)])
}

// The purposes of certificates, as DER has them (RFC 5280, section 4.2.1.12).
const (
	serverAuth = "\x2b\x06\x01\x05\x05\x07\x03\x01"
	anyUsage   = "\x55\x1d\x25\x00"
)

const (
	derObject   = 0x06
	derSequence = 0x30
	derReject   = 0xa0
)

// trustsServers reports whether what OpenSSL writes behind a trusted certificate
// (X509_CERT_AUX) leaves it for TLS servers: they are not among what it is rejected
// for, and among what it is trusted for, if that is given.
func trustsServers(aux []byte) bool {
	if len(aux) == 0 {
		return true
	}
	tag, fields, _ := nextElement(aux)
	if tag != derSequence {
		return false
	}
	for len(fields) > 0 {
		var list []byte
		tag, list, fields = nextElement(fields)
		switch {
		case list == nil, tag == derReject && forServers(list), tag == derSequence && len(list) > 0 && !forServers(list):
			return false
		}
	}
	return true
}

// forServers reports whether a list of purposes has that of TLS servers.
func forServers(list []byte) bool {
	for len(list) > 0 {
		var tag byte
		var id []byte
		tag, id, list = nextElement(list)
		if tag == derObject && (string(id) == serverAuth || string(id) == anyUsage) {
			return true
		}
	}
	return false
}

// nextElement returns the tag and the content of the first element of some DER, and
// what follows it. The content is nil if there is no whole one.
func nextElement(der []byte) (tag byte, content, rest []byte) {
	if len(der) < 2 {
		return 0, nil, nil
	}
	tag, n, der := der[0], int(der[1]), der[2:]
	if n >= 0x80 {
		digits := n - 0x80
		if digits > 3 || digits > len(der) {
			return 0, nil, nil
		}
		n = 0
		for _, d := range der[:digits] {
			n = n<<8 | int(d)
		}
		der = der[digits:]
	}
	if n > len(der) {
		return 0, nil, nil
	}
	return tag, der[:n], der[n:]
}
