package lock

import (
	"errors"
	"strings"
)

// ImageRule says who must have signed images: one of the rules of policy.images.
type ImageRule struct {
	Match string // a repository; with "/*" at its end, all that are below; or "*", all
	// SignedAs is the repository that signatures name; with "/*" at its end, what stands
	// there in the place of what Match has before its own. Empty means the image's.
	SignedAs string

	// Signature is who must have signed: of the kind sigstore, with a key or an identity,
	// or of the kind github. It has no URL, and its templates hold {tag} alone, the tag
	// of the image.
	Signature
}

// ImageRules returns the rules for an image by its name, in the order of the document:
// all of them must hold.
func (p Policy) ImageRules(name string) []*ImageRule {
	var rules []*ImageRule
	repository, _ := splitImage(name)
	for _, r := range p.Images {
		if _, ok := r.below(repository); ok {
			rules = append(rules, r)
		}
	}
	return rules
}

// below reports whether the rule is about a repository, and returns what stands for the
// "*" of its pattern.
func (r *ImageRule) below(repository string) (rest string, ok bool) {
	if prefix, pattern := strings.CutSuffix(r.Match, "*"); pattern {
		return strings.CutPrefix(repository, prefix)
	}
	return "", repository == r.Match
}

// SignedName returns the name, in the form of [ImageName], that a signature of an image
// must be for.
func (r *ImageRule) SignedName(name string) string {
	repository, tag := splitImage(name)
	rest, _ := r.below(repository)
	if prefix, pattern := strings.CutSuffix(r.SignedAs, "*"); pattern {
		repository = prefix + rest
	} else if r.SignedAs != "" {
		repository = r.SignedAs
	}
	return repository + ":" + tag
}

// Expand returns what the templates of the rule give for an image by its name: who must
// have signed it, and the ref that must have been built.
func (r *ImageRule) Expand(name string) (identity, ref string, err error) {
	_, tag := splitImage(name)
	word := func(string) (string, error) { return tag, nil }
	if identity, err = r.Identity.expand(word); err != nil { // of a filter
		return "", "", err
	}
	ref, err = r.Ref.expand(word)
	return identity, ref, err
}

// imageSignatures returns the signatures that rules demand.
func imageSignatures(rules []*ImageRule) []Signature {
	signatures := make([]Signature, len(rules))
	for i, r := range rules {
		signatures[i] = r.Signature
	}
	return signatures
}

// parseImageRules reads the rules for images of a policy: a table, or an array of tables.
func parseImageRules(v *value) (rules []*ImageRule) {
	for _, t := range v.tables(noSignature) {
		if !t.table() {
			continue
		}
		r := &ImageRule{Signature: Signature{Kind: "sigstore", at: t, urlAt: t.get("github")}}
		rules = append(rules, r)
		words := []string{"tag", ""} // of which the last, url, is for addresses
		if r.urlAt != nil {
			r.Kind = "github"
			t.table(githubRules...)
			new(Dep).parseAttestation(t, &r.Signature, words)
		} else {
			t.table(ruleKeys...)
			new(Dep).parseSigner(t, &r.Signature, words)
		}
		r.Match = parsed(t.require("match"), parseMatch)
		r.SignedAs = parsed(t.get("signed_as"), parseMatch)
		if strings.HasSuffix(r.SignedAs, "*") && (r.SignedAs == "*" || !strings.HasSuffix(r.Match, "/*")) {
			t.get("signed_as").fail("what stands for * is what match has below a repository, and it says none")
		}
	}
	return rules
}

// parseMatch reads which images a rule is about.
func parseMatch(s string) (string, error) {
	repository := s
	if strings.HasSuffix(s, "/*") {
		repository = s[:len(s)-1] + "0"
	}
	if s != "*" && !isRepository(repository) {
		return s, errors.New("want a repository with its registry, as docker.io/library/debian, or all below one, as ghcr.io/owner/*")
	}
	return s, nil
}
