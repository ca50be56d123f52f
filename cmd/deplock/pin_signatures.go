package main

import (
	"context"
	"errors"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"depfetch/cmd/internal/lockfile"
	"depfetch/lock"
	"depfetch/lock/pin"
	"depfetch/lock/release"
)

// notary verifies images by the rules of a lockfile, each once.
type notary struct {
	policy   lock.Policy
	verifier *pin.Verifier
	images   map[signedImage]pin.Verified
	ruleless int // images without a rule
}

// signedImage is an image by its name in a lockfile and a digest.
type signedImage struct {
	name   string
	digest v1.Hash
}

// notary returns what verifies images by the lockfile's rules.
func (c *command) notary(f pinFlags, file *lock.File, registry *pin.Registry) (*notary, error) {
	n := &notary{policy: file.Policy, images: make(map[signedImage]pin.Verified)}
	if len(n.policy.Images) == 0 {
		return n, nil
	}
	client, err := c.client(online{Options: f.network}, &lock.File{})
	if err != nil {
		return nil, err
	}
	n.verifier = &pin.Verifier{Registry: registry, File: c.keyFile, Attestations: func(ctx context.Context, repository, sha256 string) ([]byte, error) {
		text, err := client.Release.Attestations(ctx, repository, sha256)
		if _, none := errors.AsType[*release.NotFoundError](err); none {
			return nil, nil
		}
		return text, err
	}}
	return n, nil
}

// imagePolicy returns the lockfile whose rules are for images, or an empty one if there is
// none.
func (c *command) imagePolicy() (*lock.File, error) {
	if !fileExists(c.name()) {
		return &lock.File{}, nil
	}
	return lockfile.Read(c.name())
}

// verify verifies images, of those that there is a rule for.
func (c *command) verify(ctx context.Context, n *notary, images []signedImage) {
	var claims []pin.Claim
	for _, i := range images {
		if _, known := n.images[i]; known {
			continue
		}
		n.images[i] = pin.Verified{}
		if rules := n.policy.ImageRules(i.name); len(rules) > 0 {
			claims = append(claims, pin.Claim{Name: i.name, Digest: i.digest, Rules: rules})
		} else {
			n.ruleless++
		}
	}
	if len(claims) == 0 {
		return
	}
	end := c.progress.Step("for the signatures of " + count(len(claims), "image"))
	defer end()
	for i, v := range n.verifier.VerifyAll(ctx, claims) {
		n.images[signedImage{claims[i].Name, claims[i].Digest}] = v
	}
}

// signed returns the images that a file names or is to name with a digest, by the index of
// their reference: to update or check all, else those whose digest is new.
func (file pinned) signed(f pinFlags, edits map[int]v1.Hash) map[int]signedImage {
	all := make(map[int]signedImage)
	for i, r := range file.refs {
		digest, ok := edits[i]
		if !ok && f.update && r.Pinned() && !file.left[i] {
			digest, ok = r.Digest, true
		}
		if name, known := lock.ImageName(r.Image); ok && known {
			all[i] = signedImage{name, digest}
		}
	}
	return all
}

// unsigned returns why images of a file are not signed as the rules demand, each where it
// is first named.
func (file pinned) unsigned(f pinFlags, edits map[int]v1.Hash, n *notary) (errs []error) {
	signed := file.signed(f, edits)
	told := make(map[signedImage]bool)
	for i, r := range file.refs {
		image, ok := signed[i]
		if err := n.images[image].Err; ok && err != nil && !told[image] {
			told[image] = true
			errs = append(errs, &imageError{r, err})
		}
	}
	return errs
}

// by returns who has signed an image, "" if there is no rule for it.
func (n *notary) by(name string, digest v1.Hash) string {
	return n.images[signedImage{name, digest}].By
}

// failed returns the images that are not signed as the rules demand.
func (n *notary) failed() map[signedImage]error {
	errs := make(map[signedImage]error)
	for i, v := range n.images {
		if v.Err != nil {
			errs[i] = v.Err
		}
	}
	return errs
}

// signatures prints how many images are signed as the rules demand.
func (c *command) signatures(n *notary) {
	if len(n.policy.Images) == 0 || len(n.images) == 0 {
		return
	}
	signed := len(n.images) - n.ruleless - len(n.failed())
	fmt.Fprintf(c.stdout, "%s signed as policy.images demands, %d without a rule\n", count(signed, "image"), n.ruleless)
}
