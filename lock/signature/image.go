package signature

import (
	"encoding/json"
	"fmt"
	"strings"

	"depfetch/fetch"
	"depfetch/lock"
)

// Image is what must have been signed of an image: its manifest, or its index.
type Image struct {
	Name   string // in the form of lock.ImageName
	Digest fetch.Digest
}

// ImageSignature is what a registry has of a signature: a bundle of Sigstore, or the older
// form of cosign, which signs a text about the image.
type ImageSignature struct {
	Bundle  []byte // nil in the older form
	Payload []byte
	Cosign
}

// CosignSign is the type of the statement by which cosign signs an image in a bundle.
const CosignSign = "https://sigstore.dev/cosign/sign/v1"

// cosignPayload is the type of the text that is signed in the older form.
const cosignPayload = "cosign container image signature"

// CopyError reports a signature of the bytes of an image that was made for another
// repository or tag.
type CopyError struct{ Err *Error }

func (e *CopyError) Error() string { return e.Err.Error() }
func (e *CopyError) Unwrap() error { return e.Err }

// NewSigner returns who must have signed by a signature of a lockfile, of the kind
// sigstore, cosign or github. The error is a *KeyError.
func NewSigner(s lock.Signature, g Given) (*Signer, error) {
	signer, err := newSigner(s, g)
	if err != nil {
		return nil, &KeyError{Kind: s.Kind, Key: s.Key, Err: err}
	}
	return signer, nil
}

// Want returns who must have signed, for errors.
func (s *Signer) Want() string { return s.want() }

// Attestations returns the bundles that GitHub's API has, one after another. The error is
// an *Error.
func Attestations(text []byte) ([]ImageSignature, error) {
	bundles, err := splitAttestations(text)
	all := make([]ImageSignature, len(bundles))
	for i, b := range bundles {
		all[i].Bundle = b
	}
	return all, err
}

// VerifyImage verifies a signature of an image. The older form names the repository that
// the image was signed for, and sometimes the tag: they must be those of the image. The
// error is an *Error or a *CopyError.
func (s *Signer) VerifyImage(i Image, sig ImageSignature) (Result, error) {
	if sig.Bundle != nil {
		return s.forImages().VerifyBundle(i.subject(), sig.Bundle)
	}
	if s.Repository != "" {
		return Result{}, &Error{Problem: "this is no attestation", Expected: "provenance (" + Provenance + "…)", Found: "a signature"}
	}
	r, err := s.VerifyCosign(TextSubject(i.Name, sig.Payload), sig.Cosign)
	if err == nil {
		err = i.checkPayload(sig.Payload)
	}
	if err != nil {
		return Result{}, err
	}
	return r, nil
}

// forImages returns s with what else states who has signed an image.
func (s *Signer) forImages() *Signer {
	one := *s
	if one.Repository == "" && one.Predicates == nil {
		one.Predicates = []string{CosignSign, Provenance}
	}
	return &one
}

// subject returns the image as what a bundle has signed, of which nothing but the sha256
// is known.
func (i Image) subject() Subject { return digestSubject(i.Name, i.Digest) }

// checkPayload returns an error if a text that was signed is about another image.
func (i Image) checkPayload(text []byte) error {
	var payload struct {
		Critical struct {
			Identity struct {
				Reference string `json:"docker-reference"`
			} `json:"identity"`
			Image struct {
				Digest string `json:"docker-manifest-digest"`
			} `json:"image"`
			Type string `json:"type"`
		} `json:"critical"`
	}
	if err := json.Unmarshal(text, &payload); err != nil || payload.Critical.Type != cosignPayload {
		return notASignature(fmt.Sprintf(`a text of the type %q`, cosignPayload), text)
	}
	other := &Error{
		Problem: "the signature is of another image", Expected: i.Name + "@sha256:" + i.Digest.String(),
		Found: payload.Critical.Identity.Reference + "@" + payload.Critical.Image.Digest,
	}
	if payload.Critical.Image.Digest != "sha256:"+i.Digest.String() {
		return other
	}
	reference, digest, pinned := strings.Cut(payload.Critical.Identity.Reference, "@")
	if pinned && digest != payload.Critical.Image.Digest {
		return other
	}
	name, ok := lock.ImageName(reference)
	want := i.Name
	if strings.LastIndexByte(reference, ':') <= strings.LastIndexByte(reference, '/') { // no tag
		name, want = name[:strings.LastIndexByte(name, ':')], want[:strings.LastIndexByte(want, ':')]
	}
	if !ok || name != want {
		return &CopyError{other}
	}
	return nil
}
