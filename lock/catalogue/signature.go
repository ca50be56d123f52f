package catalogue

import (
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"depfetch/lock/edit"
)

// minisign is what a registry says of a minisign signature.
type minisign struct {
	Enabled   *bool  `yaml:"enabled"`
	Type      string `yaml:"type"`
	RepoOwner string `yaml:"repo_owner"`
	RepoName  string `yaml:"repo_name"`
	Asset     string `yaml:"asset"`
	URL       string `yaml:"url"`
	PublicKey string `yaml:"public_key"`
}

// renderedSignature is where a minisign signature is, of the file or of the list of
// checksums.
type renderedSignature struct {
	url    text
	key    string
	ofSums bool
}

// minisignKey matches public keys of minisign.
var minisignKey = regexp.MustCompile(`^RW[A-Za-z0-9+/]{54}$`)

// renderSignatures evaluates the minisign signatures of a file and of its list, which is
// nil if there is none. What cannot be said in a lockfile is left out.
func (r *resolved) renderSignatures(s scope, asset, sums text) []renderedSignature {
	var all []renderedSignature
	add := func(node *yaml.Node, ofSums bool) {
		var m minisign
		if node.IsZero() || node.Decode(&m) != nil || m.Enabled != nil && !*m.Enabled || !minisignKey.MatchString(m.PublicKey) {
			return
		}
		within := scope{parsed: s.parsed, fields: make(map[string]text)}
		for name, t := range s.fields {
			within.fields[name] = t
		}
		if !ofSums {
			within.fields["Asset"] = asset
		}
		var (
			url text
			err error
		)
		switch m.Type {
		case typeRelease:
			owner, name := r.RepoOwner, r.RepoName
			if m.RepoOwner != "" {
				owner = m.RepoOwner
			}
			if m.RepoName != "" {
				name = m.RepoName
			}
			var file text
			file, err = within.expand(m.Asset)
			url = slices.Concat(literal("https://github.com/"+owner+"/"+name+"/releases/download/"), s.fields["Version"], literal("/"), escaped(file))
		case typeHTTP:
			url, err = within.expand(m.URL)
		default:
			return
		}
		if err == nil {
			all = append(all, renderedSignature{url: url, key: m.PublicKey, ofSums: ofSums})
		}
	}
	add(&r.Minisign, false)
	if sums != nil {
		add(&r.Checksum.Minisign, true)
	}
	return all
}

// signatures sets the signatures of m. They must be the same in kind and key for every
// platform, since a signature that is left out for one would be believed for it.
func (m *Mapping) signatures(w Want, all []*rendering, a *aliases) []func() {
	first := all[0].signatures
	var settle []func()
	for i, s := range first {
		texts := make([]text, len(all))
		for k, r := range all {
			if len(r.signatures) != len(first) || r.signatures[i].key != s.key || r.signatures[i].ofSums != s.ofSums {
				return nil
			}
			texts[k] = r.signatures[i].url
		}
		c, ok := columns(w.Platforms, texts)
		if !ok {
			return nil
		}
		a.add(c)
		settle = append(settle, func() {
			if s.ofSums && m.Dep.Sums == "" {
				return
			}
			url := a.template(c)
			if rest, ok := strings.CutPrefix(url, m.Dep.URL); ok {
				url = "{url}" + rest
			}
			table := []edit.Entry{{Key: "minisign", Value: url}, {Key: "key", Value: s.key}}
			if s.ofSums {
				table = append(table, edit.Entry{Key: "of", Value: "sums"})
			}
			m.Dep.Signature = append(m.Dep.Signature, table)
		})
	}
	return settle
}
