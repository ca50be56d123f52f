package signature

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"time"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/tlog"
	"github.com/sigstore/sigstore-go/pkg/verify"

	"depfetch/lock"
)

// Cosign is a signature in the older form of cosign.
type Cosign struct {
	Signature   []byte // in base64, or as it is
	Certificate []byte // PEM, or that in base64; empty if a key has signed
	// Log is what shows that the signature is in the log: an answer to Query, or the
	// JSON that cosign writes to an annotation ({"SignedEntryTimestamp": …}). It may be
	// empty if a key has signed.
	Log []byte
}

// ParseCosign reads the file that cosign sign-blob --bundle wrote before it wrote bundles
// of Sigstore.
func ParseCosign(text []byte) (Cosign, error) {
	var file struct {
		Signature string          `json:"base64Signature"`
		Cert      string          `json:"cert"`
		Log       json.RawMessage `json:"rekorBundle"`
	}
	if err := json.Unmarshal(text, &file); err != nil || file.Signature == "" {
		return Cosign{}, notASignature(`a bundle of cosign, {"base64Signature": …}`, text)
	}
	c := Cosign{Signature: []byte(file.Signature), Certificate: []byte(file.Cert)}
	if string(file.Log) != "null" {
		c.Log = file.Log
	}
	// A key stands in the place of a certificate; the lockfile says which counts.
	if block, err := pemBlock(c.Certificate); err == nil && block.Type != "CERTIFICATE" {
		c.Certificate = nil
	}
	return c, nil
}

// VerifyCosign verifies a signature in the older form of cosign. The error is an *Error,
// or that of reading the subject.
func (s *Signer) VerifyCosign(subject Subject, c Cosign) (Result, error) {
	e, err := c.entity(subject)
	if err != nil {
		return Result{}, err
	}
	return s.verifyEntity(subject, e)
}

// Query returns what to ask a log for the entry of a signature: the body of a request to
// POST /api/v1/log/entries/retrieve of Rekor. There must be a certificate. The error is an
// *Error.
func (c Cosign) Query(subject Subject) ([]byte, error) {
	e, err := c.entity(subject)
	if err != nil {
		return nil, err
	}
	if e.content.leaf == nil {
		return nil, noCertificate(c.Certificate)
	}
	return query(proposal{
		"kind": "hashedrekord", "apiVersion": "0.0.1",
		"spec": proposal{
			"data":      proposal{"hash": proposal{"algorithm": "sha256", "value": subject.Digest.String()}},
			"signature": proposal{"content": e.signature.Signature(), "publicKey": proposal{"content": e.content.pem()}},
		},
	}), nil
}

// entity returns what is to be verified.
func (c Cosign) entity(subject Subject) (*entity, error) {
	signature, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(c.Signature)))
	if err != nil {
		signature = c.Signature
	}
	if len(signature) == 0 || len(signature) > 4096 || err != nil && signature[0] != 0x30 {
		return nil, notASignature("a signature of cosign, in base64", c.Signature)
	}
	e := &entity{signature: bundle.NewMessageSignature(subject.Digest[:], "SHA2_256", signature)}
	if len(c.Certificate) > 0 {
		if e.content.leaf, err = parseCertificate(c.Certificate); err != nil {
			return nil, err
		}
	}
	e.entries, err = parseEntries(c.Log)
	return e, err
}

// parseCertificate reads the one certificate in a file.
func parseCertificate(text []byte) (*x509.Certificate, error) {
	block, err := pemBlock(text)
	if err == nil && block.Type == "CERTIFICATE" {
		if c, err := x509.ParseCertificate(block.Bytes); err == nil {
			return c, nil
		}
	}
	return nil, noCertificate(text)
}

// noCertificate returns the error of a text that is no certificate.
func noCertificate(text []byte) *Error {
	bad := notASignature("one certificate, -----BEGIN CERTIFICATE-----", text)
	bad.Problem = "this is no certificate"
	return bad
}

// pemBlock returns the one PEM block of a text, which may be in base64 as a whole.
func pemBlock(text []byte) (*pem.Block, error) {
	if decoded, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(text))); err == nil {
		text = decoded
	}
	block, rest := pem.Decode(text)
	if block == nil || len(bytes.TrimSpace(rest)) > 0 {
		return nil, errors.New("want one PEM block")
	}
	return block, nil
}

// entity is what is signed in a form that is no bundle of Sigstore.
type entity struct {
	signature verify.SignatureContent
	content   content
	entries   []*tlog.Entry
}

func (e *entity) HasInclusionPromise() bool { return len(e.entries) > 0 }
func (e *entity) HasInclusionProof() bool   { return false }
func (e *entity) Version() (string, error)  { return "v0.1", nil }

func (e *entity) Timestamps() ([][]byte, error)                            { return nil, nil }
func (e *entity) TlogEntries() ([]*tlog.Entry, error)                      { return e.entries, nil }
func (e *entity) SignatureContent() (verify.SignatureContent, error)       { return e.signature, nil }
func (e *entity) VerificationContent() (verify.VerificationContent, error) { return e.content, nil }

// content is the certificate of who has signed, or nothing if the lockfile has the key.
type content struct{ leaf *x509.Certificate }

func (c content) Certificate() *x509.Certificate     { return c.leaf }
func (c content) Intermediates() []*x509.Certificate { return nil }

func (c content) PublicKey() verify.PublicKeyProvider {
	if c.leaf != nil {
		return nil
	}
	return c
}

// Hint returns the name of the key; there is but one.
func (content) Hint() string { return "" }

func (c content) ValidAtTime(t time.Time, _ root.TrustedMaterial) bool {
	return c.leaf == nil || !t.Before(c.leaf.NotBefore) && !t.After(c.leaf.NotAfter)
}

// CompareKey reports whether a key, or a certificate, is the one that has signed.
func (c content) CompareKey(other any, trusted root.TrustedMaterial) bool {
	if c.leaf != nil {
		certificate, ok := other.(*x509.Certificate)
		return ok && certificate.Equal(c.leaf)
	}
	v, err := trusted.PublicKeyVerifier("")
	if err != nil {
		return false
	}
	public, err := v.PublicKey()
	if err != nil {
		return false
	}
	ours, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return false
	}
	theirs, err := x509.MarshalPKIXPublicKey(other)
	return err == nil && bytes.Equal(ours, theirs)
}

// pem returns the certificate as text.
func (c content) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.leaf.Raw})
}

// cosign verifies the files of the older cosign for a lockfile.
type cosign struct {
	*Signer
	bundle bool
}

// material returns the signature that is in files.
func (k *cosign) material(m Material) (Cosign, error) {
	if !k.bundle {
		return Cosign(m), nil
	}
	return ParseCosign(m.Signature)
}

func (k *cosign) query(s Subject, m Material) ([]byte, error) {
	if k.bundle || k.Key != nil {
		return nil, nil
	}
	c, err := k.material(m)
	if err != nil {
		return nil, err
	}
	return c.Query(s)
}

func (k *cosign) verify(s Subject, m Material, _ time.Time) (Result, error) {
	c, err := k.material(m)
	if err != nil {
		return Result{}, err
	}
	return k.VerifyCosign(s, c)
}

// bundles verifies bundles of Sigstore for a lockfile.
type bundles struct{ *Signer }

func newBundles(s lock.Signature, g Given) (*bundles, error) {
	signer, err := newSigner(s, g)
	return &bundles{signer}, err
}

func (b *bundles) verify(s Subject, m Material, _ time.Time) (Result, error) {
	return b.VerifyBundle(s, m.Signature)
}
