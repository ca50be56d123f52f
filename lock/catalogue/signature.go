package catalogue

import (
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"depfetch/lock/edit"
)

// located is a file that a registry names, in a release or at an address.
type located struct {
	Type      string `yaml:"type"`
	RepoOwner string `yaml:"repo_owner"`
	RepoName  string `yaml:"repo_name"`
	Asset     string `yaml:"asset"`
	URL       string `yaml:"url"`
}

// signingSettings are all that a registry says of one signature; each kind uses some.
type signingSettings struct {
	located        `yaml:",inline"`
	Enabled        *bool    `yaml:"enabled"`
	PublicKey      string   `yaml:"public_key"`      // of minisign
	Opts           []string `yaml:"opts"`            // of cosign
	Bundle         *located `yaml:"bundle"`          // of cosign
	Signature      *located `yaml:"signature"`       // of cosign
	Certificate    *located `yaml:"certificate"`     // of cosign
	Key            *located `yaml:"key"`             // of cosign
	SignerWorkflow string   `yaml:"signer_workflow"` // of attestations
	SignerOther    string   `yaml:"signer-workflow"` // as some write it
	Predicate      string   `yaml:"predicate_type"`  // of attestations
	SourceTag      string   `yaml:"source_tag"`      // of SLSA
}

// renderedSignature is one signature, of the file or of the list of checksums.
type renderedSignature struct {
	kind      string // as the lockfile names it
	ofSums    bool
	url, cert text         // where it is; nil for attestations of GitHub's API
	bundle    bool         // of cosign: the url is that of a bundle
	identity  text         // who must have signed; nil if a key has, or if it is not known
	ref       text         // of the source; nil if any
	fixed     []edit.Entry // what is the same for every version: the key, the issuer
	// What the signature itself must tell, if the registry does not: who has signed, by a
	// pattern, or the key, by its address.
	pattern string
	keyURL  text
}

// settled reports whether all is known that the lockfile says.
func (s renderedSignature) settled() bool { return s.pattern == "" && s.keyURL == nil }

// minisignKey matches public keys of minisign.
var minisignKey = regexp.MustCompile(`^RW[A-Za-z0-9+/]{54}$`)

// renderSignatures evaluates the signatures of a file and of its list, which is nil if
// there is none, and says what cannot be written in a lockfile. Where several say the
// same of the same file, which is built and signed by one workflow, one is enough.
func (r *resolved) renderSignatures(s scope, asset, sums text) (all []renderedSignature, left []string) {
	render := func(signing *Signing, s scope, ofSums bool) {
		built := false // what a workflow has signed
		for _, kind := range []struct {
			name   string
			node   *yaml.Node
			render func(*signingSettings, scope) (renderedSignature, string)
		}{
			{"minisign", &signing.Minisign, r.minisign},
			{"cosign", &signing.Cosign, r.cosign},
			{"an attestation of GitHub", &signing.Attestations, r.attestation},
			{"SLSA provenance", &signing.SLSA, r.provenance},
		} {
			var settings signingSettings
			switch {
			case kind.node.IsZero(), built && kind.name != "minisign":
				continue
			case kind.node.Decode(&settings) != nil:
				left = append(left, kind.name+": it is not of the format")
				continue
			case settings.Enabled != nil && !*settings.Enabled:
				continue
			}
			sig, why := kind.render(&settings, s)
			if why != "" {
				left = append(left, kind.name+": "+why)
				continue
			}
			sig.ofSums = ofSums
			all = append(all, sig)
			built = built || kind.name != "minisign"
		}
	}
	within := scope{parsed: s.parsed, fields: make(map[string]text)}
	for name, t := range s.fields {
		within.fields[name] = t
	}
	within.fields["Asset"] = asset
	if stem, err := asset.withoutExtension(); err == nil {
		within.fields["AssetWithoutExt"] = stem
	}
	render(&r.Signing, within, false)
	switch {
	case sums != nil:
		render(&r.Checksum.Signing, s, true)
	case r.Checksum != nil && !r.Checksum.Signing.isZero():
		left = append(left, "the list of checksums is not used, and so its signature is not")
	}
	return all, left
}

// isZero reports whether s says nothing.
func (s *Signing) isZero() bool {
	return s.Cosign.IsZero() && s.SLSA.IsZero() && s.Minisign.IsZero() && s.Attestations.IsZero()
}

// at returns the address of a file.
func (r *resolved) at(l *located, s scope) (text, bool) {
	switch l.Type {
	case typeRelease:
		owner, name := r.RepoOwner, r.RepoName
		if l.RepoOwner != "" {
			owner = l.RepoOwner
		}
		if l.RepoName != "" {
			name = l.RepoName
		}
		file, err := s.expand(l.Asset)
		return slices.Concat(literal("https://github.com/"+owner+"/"+name+"/releases/download/"), s.fields["Version"], literal("/"), escaped(file)), err == nil
	case typeHTTP:
		url, err := s.expand(l.URL)
		return url, err == nil && len(url) > 0
	}
	return nil, false
}

const nowhere = "where it is cannot be said"

func (r *resolved) minisign(m *signingSettings, s scope) (renderedSignature, string) {
	url, ok := r.at(&m.located, s)
	switch {
	case !ok:
		return renderedSignature{}, nowhere
	case !minisignKey.MatchString(m.PublicKey):
		return renderedSignature{}, "its public key is none"
	}
	return renderedSignature{kind: "minisign", url: url, fixed: []edit.Entry{{Key: "key", Value: m.PublicKey}}}, ""
}

// option returns the value of an option in the command line of cosign.
func (m *signingSettings) option(name string) string {
	for i, o := range m.Opts {
		if value, ok := strings.CutPrefix(o, name+"="); ok {
			return value
		}
		if o == name && i+1 < len(m.Opts) {
			return m.Opts[i+1]
		}
	}
	return ""
}

func (r *resolved) cosign(m *signingSettings, s scope) (renderedSignature, string) {
	sig := renderedSignature{kind: "cosign"}
	var faults []string
	place := func(l *located, option string) text {
		if value := m.option(option); l == nil && value != "" {
			l = &located{Type: typeHTTP, URL: value}
		}
		if l == nil {
			return nil
		}
		url, ok := r.at(l, s)
		if !ok {
			faults = append(faults, nowhere)
		}
		return url
	}
	sig.url = place(m.Bundle, "--bundle")
	switch name := sig.url.String(); {
	case sig.url == nil:
		sig.url, sig.cert = place(m.Signature, "--signature"), place(m.Certificate, "--certificate")
	case strings.HasSuffix(name, ".sigstore.json"), strings.HasSuffix(name, ".sigstore"):
		sig.kind = "sigstore"
	default:
		sig.bundle = true
	}
	sig.keyURL = place(m.Key, "--key")
	switch {
	case faults != nil:
		return sig, faults[0]
	case sig.url == nil:
		return sig, nowhere
	case sig.keyURL != nil:
		sig.cert = nil
		return sig, ""
	case sig.cert == nil && sig.kind == "cosign" && !sig.bundle:
		return sig, "its certificate is nowhere"
	}
	return sig, r.identify(&sig, m, s)
}

// identify sets who must have signed. It returns why that cannot be said, or "".
func (r *resolved) identify(sig *renderedSignature, m *signingSettings, s scope) string {
	issuer := m.option("--certificate-oidc-issuer")
	if issuer == "" {
		return "it does not say who vouches for the identity"
	}
	sig.fixed = []edit.Entry{{Key: "issuer", Value: issuer}}
	if exact := m.option("--certificate-identity"); exact != "" {
		identity, err := s.expand(exact)
		if err != nil {
			return err.Error()
		}
		sig.identity = identity
		return ""
	}
	pattern := m.option("--certificate-identity-regexp")
	if pattern == "" {
		return "it does not say who must have signed"
	}
	expanded, err := s.expand(pattern)
	if err != nil {
		return err.Error()
	}
	if sig.identity = exactly(expanded); sig.identity != nil {
		return ""
	}
	sig.pattern = expanded.String()
	if _, err := regexp.Compile(sig.pattern); err != nil {
		return "the pattern of its identity is none"
	}
	return ""
}

// workflowForm matches what attestations say of a workflow, with or without backslashes
// before what a pattern would take for something else.
var workflowForm = regexp.MustCompile(`^(?:https://github\.com/)?([A-Za-z0-9-]+/[A-Za-z0-9._-]+)/(\.github/workflows/[A-Za-z0-9._-]+\.ya?ml)$`)

func (r *resolved) attestation(m *signingSettings, _ scope) (renderedSignature, string) {
	workflow := m.SignerWorkflow
	if workflow == "" {
		workflow = m.SignerOther
	}
	parts := workflowForm.FindStringSubmatch(strings.NewReplacer(`\.`, ".", `\-`, "-").Replace(workflow))
	switch {
	case m.Predicate != "" && !strings.HasPrefix(m.Predicate, "https://slsa.dev/provenance/"):
		return renderedSignature{}, "it says something else of the file than how it was built"
	case workflow == "":
		return renderedSignature{}, "it does not say which workflow must have signed"
	case parts == nil:
		return renderedSignature{}, "the workflow that must have signed is a pattern"
	}
	repository := r.RepoOwner + "/" + r.RepoName
	workflow = parts[2]
	if parts[1] != repository {
		workflow = parts[1] + "/" + parts[2]
	}
	return renderedSignature{kind: "github", fixed: []edit.Entry{{Key: "github", Value: repository}, {Key: "workflow", Value: workflow}}}, ""
}

// generator matches the identities of what makes SLSA provenance in the workflows of
// others.
const generator = `^https://github\.com/slsa-framework/slsa-github-generator/\.github/workflows/[a-z0-9_-]+\.ya?ml@refs/tags/v[0-9.]+$`

func (r *resolved) provenance(m *signingSettings, s scope) (renderedSignature, string) {
	url, ok := r.at(&m.located, s)
	if !ok {
		return renderedSignature{}, nowhere
	}
	sig := renderedSignature{kind: "github", url: url, pattern: generator, fixed: []edit.Entry{{Key: "github", Value: r.RepoOwner + "/" + r.RepoName}}}
	switch {
	case m.SourceTag == "":
		sig.ref = slices.Concat(literal("refs/tags/"), s.fields["Version"])
	case m.SourceTag != "-":
		tag, err := s.expand(m.SourceTag)
		if err != nil {
			return sig, err.Error()
		}
		sig.ref = slices.Concat(literal("refs/tags/"), tag)
	}
	return sig, ""
}
