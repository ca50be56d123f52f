package lock

import (
	"errors"
	"slices"
	"strings"

	"depfetch/fetch"
	"depfetch/fetch/digest"
	"depfetch/fetch/source"
)

// Image is a line of the table images: the digest behind the tag of an image that
// Dockerfiles start from. Only deplock and the frontend read it.
type Image struct {
	Name   string       // in the form of ImageName
	Digest fetch.Digest // of the index where there is one
	// By is who has signed it, for each of the policy's rules for it as that of a locked
	// line for each signature; empty if no rule is for it.
	By string

	at *value
}

// Image returns the line of images for a name in the form of [ImageName].
func (f *File) Image(name string) (Image, bool) {
	i := slices.IndexFunc(f.Images, func(i Image) bool { return i.Name == name })
	if i < 0 {
		return Image{}, false
	}
	return f.Images[i], true
}

// ImageName returns the one form of a reference to an image, with what docker adds to it:
// the registry docker.io, its library, and the tag latest. A reference with a digest has
// none, nor has what is no reference.
func ImageName(ref string) (name string, ok bool) {
	repository, tag := ref, "latest"
	if i := strings.LastIndexByte(ref, ':'); i > strings.LastIndexByte(ref, '/') {
		repository, tag = ref[:i], ref[i+1:]
	}
	host, rest, ok := strings.Cut(repository, "/")
	if !ok || !strings.ContainsAny(host, ".:") && host != "localhost" {
		host, rest = "docker.io", repository
	}
	if host == "index.docker.io" {
		host = "docker.io"
	}
	if host == "docker.io" && !strings.Contains(rest, "/") {
		rest = "library/" + rest
	}
	repository = host + "/" + rest
	ok = isRepository(repository) && tag != "" && len(tag) <= 128 && tag[0] != '.' && tag[0] != '-' && consistsOf(tag, "._-")
	return repository + ":" + tag, ok
}

// isRepository reports whether s is a registry, in lower case, and a repository in it.
func isRepository(s string) bool {
	return strings.ToLower(s) == s && source.CheckRepository("oci://"+s) == nil
}

// splitImage returns the repository and the tag of an image.
func splitImage(name string) (repository, tag string) {
	i := strings.LastIndexByte(name, ':')
	return name[:i], name[i+1:]
}

// parseImages reads the table images in the order of the document.
func parseImages(v *value) (images []Image) {
	if !v.table() {
		return nil
	}
	for _, kid := range v.children() {
		i := Image{Name: kid.key, at: kid}
		name, ok := ImageName(kid.key)
		if !ok {
			name = "docker.io/library/debian:12"
		}
		if name != kid.key {
			kid.failKey("an image has its registry and tag, and no digest, as in %q", name)
		}
		if kid.table(imageKeys...) {
			i.Digest = parsed(kid.require("digest"), parseImageDigest)
			i.By, _ = kid.get("by").str()
		}
		images = append(images, i)
	}
	return images
}

// parseImageDigest reads the digest of an image.
func parseImageDigest(s string) (fetch.Digest, error) {
	hex, ok := strings.CutPrefix(s, "sha256:")
	if !ok {
		return fetch.Digest{}, errors.New(`the digest of an image is written "sha256:…"`)
	}
	return digest.Parse(hex)
}

// AllowsImage reports whether a line of images says of who has signed what the rules for
// the image demand, no less and no more.
func (p Policy) AllowsImage(i Image) bool {
	demanded := imageSignatures(p.ImageRules(i.Name))
	return len(demanded) == 0 && i.By == "" || explains(demanded, i.By)
}

// CheckImages reports the lines of images that say less of who has signed than the policy
// demands, or something else. The error is an [ErrorList] of [KindPolicy], or nil.
func (f *File) CheckImages() error {
	c := &checker{policy: f.Policy}
	for _, i := range f.Images {
		at, offset := i.at, i.at.keyAt
		if by := i.at.get("by"); by != nil {
			at, offset = by, by.Start
		}
		const hint = "deplock pin --to-lockfile --update"
		demanded := imageSignatures(f.Policy.ImageRules(i.Name))
		switch {
		case f.Policy.AllowsImage(i):
		case i.By == "":
			c.fail(KindPolicy, at, offset, hint, "policy.images demands a signature by %s, and by does not say who has signed", signers(demanded))
		case len(demanded) == 0:
			c.fail(KindPolicy, at, offset, hint, "signed by %s, and no rule of policy.images asks for that", i.By)
		default:
			c.fail(KindPolicy, at, offset, hint, "signed by %s, and policy.images now demands %s", i.By, signers(demanded))
		}
	}
	return c.faults.err()
}
