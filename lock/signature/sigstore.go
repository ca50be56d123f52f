package signature

import (
	"cmp"
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
	sigkey "github.com/sigstore/sigstore/pkg/signature"

	"depfetch/lock"
)

// Signer says who must have signed in one of Sigstore's forms: whoever a certificate
// names, a workflow of GitHub, or the holder of a key. It is safe for concurrent use.
type Signer struct {
	// Identity is who must have signed, as the certificate names it, and Issuer who must
	// have told the certificate authority so.
	Identity, Issuer string
	// Repository is the OWNER/NAME that a workflow of GitHub must have built, Workflow
	// that workflow, as a lockfile has it, and Ref the ref of the repository; it may be
	// empty. They are in the place of Identity and Issuer.
	Repository, Workflow, Ref string
	// Key is the public key that must have signed, as DER, in the place of all others.
	Key []byte
	// By is the By of results. Empty means what a locked line would say.
	By string
	// Predicates are the types of the statements that count beside signatures, by how
	// they begin. Nil means provenance alone.
	Predicates []string
	// Roots are the instances that count; nil means those that are embedded.
	Roots *Roots
}

// Provenance is how the types of the statements of provenance begin.
const Provenance = "https://slsa.dev/provenance/"

// githubIssuer vouches for the workflows of GitHub.
const githubIssuer = "https://token.actions.githubusercontent.com"

// want returns who is expected, for errors.
func (s *Signer) want() string {
	switch {
	case s.Key != nil:
		return lock.KeySigner(s.Key)
	case s.Repository != "":
		return strings.TrimSuffix(s.Workflow+", for "+s.Repository+" at "+s.Ref, " at ")
	}
	return s.Identity + ", by " + s.Issuer
}

// by returns what a locked line says of who has signed.
func (s *Signer) by() string {
	switch {
	case s.By != "":
		return s.By
	case s.Key != nil:
		return lock.KeySigner(s.Key)
	case s.Repository != "":
		return strings.TrimSuffix("github "+s.Repository+" "+s.Workflow+" "+s.Ref, " ")
	}
	return "sigstore " + s.Identity + " " + s.Issuer
}

// newSigner returns the signer that a lockfile asks for.
func newSigner(s lock.Signature, g Given) (*Signer, error) {
	signer := &Signer{
		Identity: g.Identity, Issuer: s.Issuer, Repository: s.Repository, Workflow: s.Workflow, Ref: g.Ref, By: s.Signer(), Roots: g.Roots,
	}
	if s.Key == "" {
		return signer, nil
	}
	text := []byte(s.Key)
	if !strings.HasPrefix(s.Key, "-----BEGIN") {
		var err error
		if text, err = g.File(s.Key); err != nil {
			return nil, err
		}
	}
	var err error
	if signer.Key, err = lock.ParsePublicKey(string(text)); err != nil {
		return nil, err
	}
	_, err = signer.keyMaterial()
	return signer, err
}

// VerifyBundle verifies a bundle of Sigstore. The error is an *Error, or that of reading
// the subject.
func (s *Signer) VerifyBundle(subject Subject, text []byte) (Result, error) {
	b := &bundle.Bundle{}
	if err := b.UnmarshalJSON(text); err != nil {
		return Result{}, notASignature("a bundle of Sigstore, application/vnd.dev.sigstore.bundle", text)
	}
	return s.verifyEntity(subject, b)
}

// keyMaterial returns what the key verifies.
func (s *Signer) keyMaterial() (root.TrustedMaterial, error) {
	public, err := x509.ParsePKIXPublicKey(s.Key)
	if err != nil {
		return nil, err
	}
	if err := checkKey(public); err != nil {
		return nil, err
	}
	verifier, err := sigkey.LoadVerifier(public, crypto.SHA256)
	if err != nil {
		return nil, err
	}
	key := root.NewExpiringKey(verifier, time.Time{}, time.Time{})
	return root.NewTrustedPublicKeyMaterial(func(string) (root.TimeConstrainedVerifier, error) { return key, nil }), nil
}

// verifier returns what verifies an entity, and what it must comply with.
func (s *Signer) verifier(e verify.SignedEntity, content verify.VerificationContent) (*verify.Verifier, []verify.PolicyOption, error) {
	roots := s.Roots
	if roots == nil {
		var err error
		if roots, err = embeddedRoots(); err != nil {
			return nil, nil, err
		}
	}
	if s.Key != nil {
		trusted, err := s.keyMaterial()
		if err != nil {
			return nil, nil, err
		}
		// A key lives until its owner takes it out of the lockfile, so that nobody need say
		// when it has signed. A log entry that is there must hold nevertheless.
		options := []verify.VerifierOption{verify.WithNoObserverTimestamps()}
		if entries, err := e.TlogEntries(); err != nil || len(entries) > 0 {
			options = append(options, verify.WithTransparencyLog(1))
		}
		v, err := verify.NewVerifier(root.TrustedMaterialCollection{trusted, roots.public}, options...)
		return v, []verify.PolicyOption{verify.WithKey()}, err
	}
	who := []verify.PolicyOption{verify.WithoutIdentitiesUnsafe()} // see matches
	if leaf := content.Certificate(); s.Repository != "" && roots.github != nil && leaf != nil && slices.Contains(leaf.Issuer.Organization, "GitHub, Inc.") {
		// GitHub's own instance has timestamps and no logs.
		v, err := verify.NewVerifier(roots.github, verify.WithSignedTimestamps(1))
		return v, who, err
	}
	// When the key was valid, the log says, or a timestamp: it lives for minutes.
	options := []verify.VerifierOption{verify.WithTransparencyLog(1), verify.WithObserverTimestamps(1)}
	if !roots.unlogged {
		options = append(options, verify.WithSignedCertificateTimestamps(1))
	}
	v, err := verify.NewVerifier(roots.public, options...)
	return v, who, err
}

// verifyEntity verifies what an entity says of a subject.
func (s *Signer) verifyEntity(subject Subject, e verify.SignedEntity) (Result, error) {
	content, err := e.VerificationContent()
	if err != nil {
		return Result{}, s.broken(subject, err)
	}
	found := signedBy(content)
	if s.Key != nil && content.Certificate() != nil || s.Key == nil && content.Certificate() == nil {
		return Result{}, &Error{Problem: "somebody else has signed", Expected: s.want(), Found: found}
	}
	v, options, err := s.verifier(e, content)
	if err != nil {
		return Result{}, err
	}
	read := &failing{from: subject.Bytes}
	artifact := verify.WithArtifact(read)
	if s.byDigest(e) {
		artifact = verify.WithArtifactDigest("sha256", subject.Digest[:])
	}
	got, err := v.Verify(e, verify.NewPolicy(artifact, options...))
	if read.err != nil {
		return Result{}, read.err
	}
	other := func(c *certificate.Summary) error {
		return &Error{Problem: "another identity has signed", Expected: s.want(), Found: found, Identity: c.SubjectAlternativeName, Issuer: c.Issuer}
	}
	if err != nil {
		if leaf := content.Certificate(); leaf != nil {
			if summary, err := certificate.SummarizeCertificate(leaf); err == nil && s.matches(&summary) != nil {
				return Result{}, other(&summary)
			}
		}
		return Result{}, s.broken(subject, err)
	}
	if s.Key == nil && s.matches(got.Signature.Certificate) != nil {
		return Result{}, other(got.Signature.Certificate)
	}
	if got.Statement != nil {
		if err := s.checkStatement(got); err != nil {
			return Result{}, err
		}
	} else if s.Repository != "" {
		return Result{}, &Error{Problem: "this is no attestation", Expected: "provenance (" + Provenance + "…)", Found: "a signature"}
	}
	r := Result{By: s.by()}
	for _, t := range got.VerifiedTimestamps {
		if r.At.IsZero() || t.Timestamp.Before(r.At) {
			r.At = t.Timestamp.UTC()
		}
	}
	return r, nil
}

// broken returns the error of what does not hold.
func (s *Signer) broken(subject Subject, err error) error {
	return &Error{
		Problem: "the signature does not hold", Expected: "one of " + subject.Name + " by " + s.want(), Found: strings.Join(strings.Fields(err.Error()), " "),
	}
}

// matches returns an error if a certificate names another than who must have signed.
func (s *Signer) matches(c *certificate.Summary) error {
	other := errors.New("another identity")
	if s.Repository == "" {
		if c.SubjectAlternativeName != s.Identity || c.Issuer != s.Issuer {
			return other
		}
		return nil
	}
	workflow, ref, pinned := strings.Cut(c.SubjectAlternativeName, "@")
	want, wantRef, wantPinned := strings.Cut(s.Workflow, "@")
	repository, builtRef := source(c)
	switch {
	case c.Issuer != githubIssuer, workflow != "https://github.com/"+want, !pinned,
		wantPinned && ref != wantRef, repository != s.Repository, s.Ref != "" && builtRef != s.Ref:
		return other
	}
	return nil
}

// source returns the repository, OWNER/NAME, and the ref that a workflow of GitHub has
// built. Certificates before 2023 have them in other fields.
func source(c *certificate.Summary) (repository, ref string) {
	repository, ok := strings.CutPrefix(c.SourceRepositoryURI, "https://github.com/")
	if !ok && c.SourceRepositoryURI == "" {
		repository = c.GithubWorkflowRepository
	}
	return repository, cmp.Or(c.SourceRepositoryRef, c.GithubWorkflowRef)
}

// signedBy returns who has signed, verified or not.
func signedBy(content verify.VerificationContent) string {
	if content.Certificate() == nil {
		return "a key, and no certificate"
	}
	c, err := certificate.SummarizeCertificate(content.Certificate())
	if err != nil {
		return "a certificate that cannot be read"
	}
	by := c.SubjectAlternativeName + ", by " + c.Issuer
	if repository, ref := source(&c); repository != "" {
		by += strings.TrimSuffix(", for "+repository+" at "+ref, " at ")
	}
	return by
}

// byDigest reports whether the sha256 of a subject is all that is needed to verify an
// entity.
func (s *Signer) byDigest(e verify.SignedEntity) bool {
	content, err := e.SignatureContent()
	if err != nil {
		return false
	}
	if message := content.MessageSignatureContent(); message != nil {
		keys, err := e.VerificationContent()
		if err != nil || message.DigestAlgorithm() != "SHA2_256" {
			return false
		}
		var key crypto.PublicKey
		if leaf := keys.Certificate(); leaf != nil {
			key = leaf.PublicKey
		} else if key, err = x509.ParsePKIXPublicKey(s.Key); err != nil {
			return false
		}
		_, whole := key.(ed25519.PublicKey)
		return !whole
	}
	envelope := content.EnvelopeContent()
	if envelope == nil || envelope.RawEnvelope() == nil {
		return false
	}
	payload, err := envelope.RawEnvelope().DecodeB64Payload()
	if err != nil {
		return false
	}
	var statement struct {
		Subject []struct {
			Digest struct {
				SHA256 string `json:"sha256"`
			} `json:"digest"`
		} `json:"subject"`
	}
	if json.Unmarshal(payload, &statement) != nil {
		return false
	}
	for _, subject := range statement.Subject {
		if subject.Digest.SHA256 != "" {
			return true
		}
	}
	return false
}

// checkStatement returns an error if what has been stated of a file says nothing of who
// has made it, or that somebody else has.
func (s *Signer) checkStatement(got *verify.VerificationResult) error {
	predicate := got.Statement.GetPredicateType()
	predicates := s.Predicates
	if predicates == nil {
		predicates = []string{Provenance}
	}
	if !slices.ContainsFunc(predicates, func(p string) bool { return strings.HasPrefix(predicate, p) }) {
		return &Error{
			Problem:  "something else is stated of the file",
			Expected: "a signature, or a statement of the type " + strings.Join(predicates, " or ") + "…", Found: predicate,
		}
	}
	if s.Repository == "" {
		return nil
	}
	// The certificate says what was built, too: the authority has it from GitHub. That the
	// workflow has written something else is a mistake, or more than that.
	built := builtFrom(got.Statement)
	if built != "" && built != "https://github.com/"+s.Repository {
		return &Error{Problem: "the provenance is of another repository", Expected: "https://github.com/" + s.Repository, Found: built}
	}
	return nil
}
