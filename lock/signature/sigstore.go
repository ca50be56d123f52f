package signature

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"

	"depfetch/lock"
)

// publicGood is the trusted root of Sigstore's public instance, as sigstore-go v1.3.0 has
// it among its examples: the certificate authorities, logs and their keys.
//
//go:embed public-good.json
var publicGood []byte

// publicRoot reads it.
var publicRoot = sync.OnceValues(func() (root.TrustedMaterial, error) {
	return root.NewTrustedRootFromJSON(publicGood)
})

// sigstore verifies bundles of Sigstore that an identity has signed without a key of its
// own: a certificate that is logged, and a signature that is in a transparency log.
type sigstore struct {
	trusted          root.TrustedMaterial
	identity, issuer string
	by               string
	unlogged         bool // certificates need not be in a log, for tests
}

func newSigstore(s lock.Signature, identity string) (*sigstore, error) {
	trusted, err := publicRoot()
	return &sigstore{trusted: trusted, identity: identity, issuer: s.Issuer, by: s.Signer()}, err
}

func (k *sigstore) verify(s Subject, text []byte, _ time.Time) (Result, error) {
	b := &bundle.Bundle{}
	if err := b.UnmarshalJSON(text); err != nil {
		return Result{}, notASignature("a bundle of Sigstore, application/vnd.dev.sigstore.bundle", text)
	}
	read := &failing{from: s.Bytes}
	r, err := k.verifyEntity(b, s.Name, verify.WithArtifact(read))
	if read.err != nil {
		return Result{}, read.err
	}
	return r, err
}

// verifyEntity verifies what a bundle says of an artifact.
func (k *sigstore) verifyEntity(e verify.SignedEntity, name string, artifact verify.ArtifactPolicyOption) (Result, error) {
	// When the key was valid, the log says: it lives for minutes.
	options := []verify.VerifierOption{verify.WithTransparencyLog(1), verify.WithObserverTimestamps(1)}
	if !k.unlogged {
		options = append(options, verify.WithSignedCertificateTimestamps(1))
	}
	v, err := verify.NewVerifier(k.trusted, options...)
	if err != nil {
		return Result{}, err
	}
	who, err := verify.NewShortCertificateIdentity(k.issuer, "", k.identity, "")
	if err != nil {
		return Result{}, err
	}
	want := fmt.Sprintf("%s, by %s", k.identity, k.issuer)
	got, err := v.Verify(e, verify.NewPolicy(artifact, verify.WithCertificateIdentity(who)))
	if err != nil {
		if found := signedBy(e); found != "" && found != want {
			return Result{}, &Error{Problem: "another identity has signed", Expected: want, Found: found}
		}
		return Result{}, &Error{Problem: "the bundle does not hold", Expected: "a logged signature of " + name + " by " + want, Found: strings.Join(strings.Fields(err.Error()), " ")}
	}
	// Who has signed may also say other things of a file: what is wrong with it, say.
	if got.Statement != nil && !strings.HasPrefix(got.Statement.GetPredicateType(), "https://slsa.dev/provenance/") {
		return Result{}, &Error{
			Problem: "the bundle says something else of the file", Expected: "a signature, or provenance (https://slsa.dev/provenance/…)", Found: got.Statement.GetPredicateType(),
		}
	}
	r := Result{By: k.by}
	for _, t := range got.VerifiedTimestamps {
		if r.At.IsZero() || t.Timestamp.Before(r.At) {
			r.At = t.Timestamp.UTC()
		}
	}
	return r, nil
}

// signedBy returns which identity is in the certificate of a bundle, verified or not, or
// "".
func signedBy(e verify.SignedEntity) string {
	content, err := e.VerificationContent()
	if err != nil || content.Certificate() == nil {
		return ""
	}
	s, err := certificate.SummarizeCertificate(content.Certificate())
	if err != nil {
		return ""
	}
	return s.SubjectAlternativeName + ", by " + s.Issuer
}
