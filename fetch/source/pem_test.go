package source

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"strings"
	"testing"

	"depfetch/fetch/fetchtest"
)

// TestRootsForms: certificates are taken in the forms in which OpenSSL takes them,
// and what cannot be used is said to be so.
func TestRootsForms(t *testing.T) {
	plain := fetchtest.NewTLS(t).CA()
	block, _ := pem.Decode(plain)
	aux := func(trust, reject []asn1.ObjectIdentifier) []byte {
		der, err := asn1.Marshal(struct {
			Trust  []asn1.ObjectIdentifier `asn1:"optional,omitempty"`
			Reject []asn1.ObjectIdentifier `asn1:"optional,omitempty,tag:0"`
			Alias  string                  `asn1:"utf8"`
		}{trust, reject, "name"})
		if err != nil {
			t.Fatal(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: trustedCertificate, Bytes: append(bytes.Clone(block.Bytes), der...)})
	}
	typed := func(kind string) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: block.Bytes})
	}
	servers := asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 1}
	email := asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 4}
	ids := func(id ...asn1.ObjectIdentifier) []asn1.ObjectIdentifier { return id }
	key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")})
	broken := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")})
	join := func(parts ...[]byte) string { return string(bytes.Join(parts, nil)) }
	for name, tt := range map[string]struct{ text, add, use string }{
		"plain":                     {text: string(plain)},
		"with headers and text":     {text: "# a comment\n" + string(plain) + "\ntext"},
		"X509":                      {text: join(typed("X509 CERTIFICATE"))},
		"CRLF":                      {text: strings.ReplaceAll(string(plain), "\n", "\r\n")},
		"a mark":                    {text: "\ufeff" + string(plain)},
		"a mark in the middle":      {text: join(broken, []byte("\ufeff"), plain)},
		"a key before":              {text: join(key, plain)},
		"a broken one before":       {text: join(broken, plain)},
		"trusted":                   {text: join(typed(trustedCertificate))},
		"trusted, with a name":      {text: join(aux(nil, nil))},
		"trusted for servers":       {text: join(aux(ids(email, servers), nil))},
		"trusted for mail":          {text: join(aux(ids(email), nil)), use: "not trusted to sign for TLS servers"},
		"rejected for servers":      {text: join(aux(ids(servers), ids(servers))), use: "not trusted to sign for TLS servers"},
		"rejected for mail":         {text: join(aux(nil, ids(email)))},
		"empty":                     {text: "", add: "holds no certificate"},
		"a key alone":               {text: string(key), add: "holds no certificate"},
		"a broken one alone":        {text: string(broken), use: "no certificate in ca.pem can be used: x509: "},
		"trusted, and not DER":      {text: join(pem.EncodeToMemory(&pem.Block{Type: trustedCertificate, Bytes: []byte("x")})), use: "DER"},
		"a request for certificate": {text: join(typed("CERTIFICATE REQUEST")), add: "holds no certificate"},
	} {
		var roots Roots
		err := roots.Add("ca.pem", []byte(tt.text))
		if tt.add != "" || err != nil {
			if err == nil || tt.add == "" || !strings.Contains(err.Error(), tt.add) {
				t.Errorf("%s: %v, want %q", name, err, tt.add)
			}
			continue
		}
		pool := x509.NewCertPool()
		err = roots.extra[0].addTo(pool)
		if tt.use == "" && (err != nil || pool.Equal(x509.NewCertPool())) || tt.use != "" && (err == nil || !strings.Contains(err.Error(), tt.use)) {
			t.Errorf("%s: %v, want %q", name, err, tt.use)
		}
		if tt.use == "" {
			continue
		}
		_, err = New(Config{Roots: roots}).Get(t.Context(), Request{URL: "https://127.0.0.1:1/", Limit: -1, Dst: &collector{}})
		if err == nil || !strings.Contains(err.Error(), tt.use) {
			t.Errorf("%s: what a transfer says is %v, want %q", name, err, tt.use)
		}
	}
}
