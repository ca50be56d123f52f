package pin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"golang.org/x/sync/errgroup"

	"depfetch/fetch/digest"
	"depfetch/lock"
	answer "depfetch/lock/registry"
	"depfetch/lock/signature"
)

// maxSignatures is how many signatures of one image are looked at, of each form: the
// newest.
const maxSignatures = 100

// The types by which registries tell signatures.
const (
	simpleSigning   = "application/vnd.dev.cosign.simplesigning.v1+json"
	cosignArtifact  = "application/vnd.dev.cosign.artifact.sig.v1+json"
	sigstoreBundles = "application/vnd.dev.sigstore.bundle" // of which there are versions
)

// Verifier verifies signatures of images, which it finds beside them in registries. It is
// safe for concurrent use.
type Verifier struct {
	Registry *Registry
	// Attestations returns the attestations that a repository of GitHub, OWNER/NAME, has
	// of a sha256, one JSON object after another, or nil if it has none. It may be nil.
	Attestations func(ctx context.Context, repository, sha256 string) ([]byte, error)
	// File reads a key file, by its slash-separated path from the lockfile's folder.
	File  func(path string) ([]byte, error)
	Roots *signature.Roots // nil means those that are embedded
}

// Claim is an image that must have been signed.
type Claim struct {
	Name   string // in the form of lock.ImageName
	Digest v1.Hash
	Rules  []*lock.ImageRule // all must hold
}

// UnsignedError reports an image that nobody has signed, or that has no attestation.
type UnsignedError struct {
	Image, Digest string
	Want          string // who must have signed
	GitHub        bool   // it is an attestation that is missing, and GitHub has been asked
}

func (e *UnsignedError) Error() string {
	return fmt.Sprintf("%s: %s has no signature, and policy.images demands one by %s", e.Image, e.Digest, e.Want)
}

// SignatureError reports an image of which no signature is one that is demanded.
type SignatureError struct {
	Image, Digest string
	Errs          []error // of each signature, without repetitions
}

func (e *SignatureError) Error() string {
	texts := make([]string, len(e.Errs))
	for i, err := range e.Errs {
		texts[i] = err.Error()
	}
	return fmt.Sprintf("%s: no signature of %s is one that policy.images demands: %s", e.Image, e.Digest, strings.Join(texts, "\n"))
}

// Verified is what has become of a claim.
type Verified struct {
	By  string // who has signed, as a line of images says it
	Err error  // see Verifier.Verify
}

// VerifyAll verifies claims, with limited concurrency, and returns what has become of each.
func (v *Verifier) VerifyAll(ctx context.Context, claims []Claim) []Verified {
	all := make([]Verified, len(claims))
	var group errgroup.Group
	group.SetLimit(concurrency)
	for i, c := range claims {
		group.Go(func() error {
			all[i].By, all[i].Err = v.Verify(ctx, c)
			return nil
		})
	}
	group.Wait()
	return all
}

// Verify returns who has signed an image by all of its rules, as a line of images says it.
// The error is an *UnsignedError, a *SignatureError, a *signature.KeyError, or that a
// registry or GitHub gave no usable answer.
func (v *Verifier) Verify(ctx context.Context, c Claim) (by string, err error) {
	ref, err := name.ParseReference(c.Name)
	if err != nil {
		return "", fmt.Errorf("%s: %w", c.Name, err)
	}
	// What could be read may hold without the rest.
	found, unread := v.Registry.signatures(ctx, ref.Context().Digest(c.Digest.String()))
	var signers []string
	for _, rule := range c.Rules {
		signer, err := v.verifyRule(ctx, c, rule, found, unread)
		if err != nil {
			return "", err
		}
		signers = append(signers, signer)
	}
	return strings.Join(signers, ", "), nil
}

// verifyRule returns who has signed an image by one rule.
func (v *Verifier) verifyRule(ctx context.Context, c Claim, rule *lock.ImageRule, found []signature.ImageSignature, unread error) (by string, err error) {
	identity, ref, err := rule.Expand(c.Name)
	if err != nil {
		return "", fmt.Errorf("%s: policy.images: %w", c.Name, err)
	}
	signer, err := signature.NewSigner(rule.Signature, signature.Given{Identity: identity, Ref: ref, File: v.File, Roots: v.Roots})
	if err != nil {
		return "", err
	}
	image := signature.Image{Name: rule.SignedName(c.Name)}
	if image.Digest, err = digest.Parse(c.Digest.Hex); err != nil {
		return "", fmt.Errorf("%s: %w", c.Name, err)
	}
	var errs []error
	holds := func(sig signature.ImageSignature) bool {
		r, err := signer.VerifyImage(image, sig)
		by = r.By
		if err != nil && !slices.ContainsFunc(errs, func(e error) bool { return e.Error() == err.Error() }) {
			errs = append(errs, err)
		}
		return err == nil
	}
	if slices.ContainsFunc(found, holds) {
		return by, nil
	}
	if rule.Kind == "github" && v.Attestations != nil {
		text, err := v.Attestations(ctx, rule.Repository, c.Digest.Hex)
		if err != nil {
			return "", fmt.Errorf("%s: %w", c.Name, err)
		}
		if text != nil {
			attested, err := signature.Attestations(text)
			if err != nil {
				return "", &SignatureError{Image: c.Name, Digest: c.Digest.String(), Errs: []error{err}}
			}
			if slices.ContainsFunc(attested, holds) {
				return by, nil
			}
		}
	}
	switch {
	case unread != nil:
		return "", unread
	case len(errs) == 0:
		return "", &UnsignedError{Image: c.Name, Digest: c.Digest.String(), Want: signer.Want(), GitHub: rule.Kind == "github"}
	}
	return "", &SignatureError{Image: c.Name, Digest: c.Digest.String(), Errs: errs}
}

// signatures returns the signatures that a registry has beside an image: those behind the
// tag that older versions of cosign give them, and those that refer to it. Of what could
// not be read, it also returns an error.
func (r *Registry) signatures(ctx context.Context, at name.Digest) ([]signature.ImageSignature, error) {
	s := search{ctx: ctx, repository: at.Context(), opts: r.options(ctx)}
	s.manifest(at.Context().Tag(strings.Replace(at.DigestStr(), ":", "-", 1) + ".sig"))
	index, err := remote.Referrers(at, s.opts...)
	if err != nil {
		s.fail(err)
		return s.found, errors.Join(s.errs...)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		s.fail(err)
		return s.found, errors.Join(s.errs...)
	}
	referrers := slices.DeleteFunc(manifest.Manifests, func(d v1.Descriptor) bool {
		return d.ArtifactType != "" && d.ArtifactType != cosignArtifact && !strings.HasPrefix(d.ArtifactType, sigstoreBundles)
	})
	s.each(newest(referrers), func(s *search, d v1.Descriptor) { s.manifest(at.Context().Digest(d.Digest.String())) })
	return s.found, errors.Join(s.errs...)
}

// readers is how many signatures of an image are read at once.
const readers = 4

// each calls read for each of all, several at once, with a search of its own, and adds what
// they find in the order of all.
func (s *search) each(all []v1.Descriptor, read func(*search, v1.Descriptor)) {
	parts := make([]search, len(all))
	var group errgroup.Group
	group.SetLimit(readers)
	for i, d := range all {
		parts[i] = search{ctx: s.ctx, repository: s.repository, opts: s.opts}
		group.Go(func() error {
			read(&parts[i], d)
			return nil
		})
	}
	group.Wait()
	for _, p := range parts {
		s.found, s.errs = append(s.found, p.found...), append(s.errs, p.errs...)
	}
}

// newest returns the last of what was added one behind another.
func newest(all []v1.Descriptor) []v1.Descriptor { return all[max(0, len(all)-maxSignatures):] }

// search collects the signatures in a repository.
type search struct {
	ctx        context.Context
	repository name.Repository
	opts       []remote.Option
	found      []signature.ImageSignature
	errs       []error
}

func (s *search) fail(err error) {
	s.errs = append(s.errs, unavailable(s.repository.Name(), s.repository, err))
}

// manifest adds the signatures that are the layers of a manifest, if it is there.
func (s *search) manifest(ref name.Reference) {
	image, err := remote.Image(ref, s.opts...)
	if answer.Status(err) == http.StatusNotFound {
		return
	}
	var manifest *v1.Manifest
	if err == nil {
		manifest, err = image.Manifest()
	}
	if err != nil {
		s.fail(err)
		return
	}
	layers := slices.DeleteFunc(manifest.Layers, func(d v1.Descriptor) bool {
		return d.MediaType != simpleSigning && !strings.HasPrefix(string(d.MediaType), sigstoreBundles)
	})
	s.each(newest(layers), (*search).layer)
}

// layer adds the signature that is a layer.
func (s *search) layer(d v1.Descriptor) {
	text, err := s.text(d)
	switch {
	case err != nil:
		s.fail(err)
	case d.MediaType != simpleSigning:
		s.found = append(s.found, signature.ImageSignature{Bundle: text})
	default:
		s.found = append(s.found, signature.ImageSignature{Payload: text, Cosign: signature.Cosign{
			Signature:   []byte(d.Annotations["dev.cosignproject.cosign/signature"]),
			Certificate: []byte(d.Annotations["dev.sigstore.cosign/certificate"]),
			Log:         []byte(d.Annotations["dev.sigstore.cosign/bundle"]),
		}})
	}
}

// text reads a layer, whose digest is compared.
func (s *search) text(d v1.Descriptor) ([]byte, error) {
	layer, err := remote.Layer(s.repository.Digest(d.Digest.String()), s.opts...)
	if err != nil {
		return nil, err
	}
	r, err := layer.Compressed()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	text, err := io.ReadAll(io.LimitReader(r, signature.MaxSize+1))
	if err == nil && len(text) > signature.MaxSize {
		err = fmt.Errorf("a signature, %s, is larger than %d bytes", d.Digest, signature.MaxSize)
	}
	return text, err
}
