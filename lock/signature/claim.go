package signature

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"

	"aead.dev/minisign"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
	"github.com/hiddeco/sshsig"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	"golang.org/x/crypto/ssh"
)

// Claim is what a signature says of who has made it. Nothing of it is verified: it tells
// a person what to look for, and a policy that is made of it what to verify.
type Claim struct {
	Kind      string // as a lockfile names it; empty for a certificate alone
	Key       string // in words; for ssh, the public key as a lockfile has it
	Namespace string // of ssh
	Identity  string // in the certificate, with its Issuer; empty if a key has signed
	Issuer    string
	Bundle    bool // of cosign: it is a bundle of its older form
	Statement bool // it is a statement about files, in an envelope without a log entry
}

// ReadClaim reads a signature of any kind, or a certificate of cosign. It reports whether
// the text is one.
func ReadClaim(text []byte) (Claim, bool) {
	for _, read := range []func([]byte) (Claim, bool){minisignClaim, sshClaim, gpgClaim, bundleClaim, jsonClaim, certificateClaim} {
		if c, ok := read(text); ok {
			return c, true
		}
	}
	return Claim{}, false
}

func minisignClaim(text []byte) (Claim, bool) {
	var sig minisign.Signature
	if err := sig.UnmarshalText(text); err != nil {
		return Claim{}, false
	}
	return Claim{Kind: "minisign", Key: fmt.Sprintf("the key %016X", sig.KeyID)}, true
}

func sshClaim(text []byte) (Claim, bool) {
	sig, err := sshsig.Unarmor(text)
	if err != nil {
		return Claim{}, false
	}
	key := string(bytes.TrimSpace(ssh.MarshalAuthorizedKey(sig.PublicKey)))
	return Claim{Kind: "ssh", Key: key, Namespace: sig.Namespace}, true
}

func gpgClaim(text []byte) (Claim, bool) {
	data := text
	if trimmed := bytes.TrimSpace(text); bytes.HasPrefix(trimmed, []byte("-----BEGIN "+openpgp.SignatureType)) {
		block, err := armor.Decode(bytes.NewReader(trimmed))
		if err != nil {
			return Claim{}, false
		}
		if data, err = io.ReadAll(block.Body); err != nil {
			return Claim{}, false
		}
	}
	p, err := packet.NewReader(bytes.NewReader(data)).Next()
	sig, ok := p.(*packet.Signature)
	switch {
	case err != nil || !ok:
		return Claim{}, false
	case len(sig.IssuerFingerprint) > 0:
		return Claim{Kind: "gpg", Key: fmt.Sprintf("the key %X", sig.IssuerFingerprint)}, true
	case sig.IssuerKeyId != nil:
		return Claim{Kind: "gpg", Key: fmt.Sprintf("the key %016X", *sig.IssuerKeyId)}, true
	}
	return Claim{}, false
}

func bundleClaim(text []byte) (Claim, bool) {
	b := &bundle.Bundle{}
	if err := b.UnmarshalJSON(text); err != nil {
		return Claim{}, false
	}
	c := Claim{Kind: "sigstore", Key: "a key"}
	content, err := b.VerificationContent()
	if err != nil {
		return Claim{}, false
	}
	return c.named(content.Certificate()), true
}

// jsonClaim reads a bundle of cosign's older form, or an envelope of in-toto with the
// certificate in it.
func jsonClaim(text []byte) (Claim, bool) {
	var doc struct {
		Signature   string          `json:"base64Signature"`
		Cert        string          `json:"cert"`
		Rekor       json.RawMessage `json:"rekorBundle"`
		PayloadType string          `json:"payloadType"`
		Signatures  []struct {
			Cert string `json:"cert"`
		} `json:"signatures"`
	}
	if json.NewDecoder(bytes.NewReader(text)).Decode(&doc) != nil {
		return Claim{}, false
	}
	switch {
	case doc.Signature != "":
		return Claim{Kind: "cosign", Bundle: true, Key: "a key"}.certified([]byte(doc.Cert)), true
	case doc.PayloadType == "application/vnd.in-toto+json" && len(doc.Signatures) > 0:
		return Claim{Kind: "github", Statement: true, Key: "a key"}.certified([]byte(doc.Signatures[0].Cert)), true
	}
	return Claim{}, false
}

func certificateClaim(text []byte) (Claim, bool) {
	c := Claim{}.certified(text)
	return c, c.Identity != ""
}

// certified returns c with what a certificate says, as cosign writes it.
func (c Claim) certified(text []byte) Claim {
	cert, err := parseCertificate(text)
	if err != nil {
		return c
	}
	return c.named(cert)
}

// named returns c with what a certificate says; it may be nil.
func (c Claim) named(cert *x509.Certificate) Claim {
	if cert == nil {
		return c
	}
	if s, err := certificate.SummarizeCertificate(cert); err == nil {
		c.Identity, c.Issuer, c.Key = s.SubjectAlternativeName, s.Issuer, ""
	}
	return c
}
