package catalogue

import (
	"strings"
	"testing"

	"depfetch/lock/edit"
)

// TestSigning holds which tables are made of what a registry says of signatures, which
// are left to what the signature itself says, and what is left out.
func TestSigning(t *testing.T) {
	const (
		actions = "--certificate-oidc-issuer, https://token.actions.githubusercontent.com"
		pair    = "--signature, 'https://h/{{.Asset}}.sig', --certificate, 'https://h/{{.Asset}}.pem'"
		issuer  = `issuer = "https://token.actions.githubusercontent.com"`
	)
	for _, c := range []struct{ name, settings, want string }{
		{"minisign", "minisign: {type: http, url: 'https://h/{{.Asset}}.minisig', public_key: RWSArdMzrixaQ0NKDBdOseqlsjRD0UizutMefVRK1qLOyqBJ9nnfis/t}",
			`{ minisign = "https://h/tool-{arch}.minisig", key = "RWSArdMzrixaQ0NKDBdOseqlsjRD0UizutMefVRK1qLOyqBJ9nnfis/t" }`},
		{"cosign", "cosign: {opts: [" + pair + ", --certificate-identity, 'https://github.com/o/tool/.github/workflows/r.yml@refs/tags/{{.Version}}', " + actions + "]}",
			`{ cosign = { sig = "https://h/tool-{arch}.sig", cert = "https://h/tool-{arch}.pem" }, identity = "https://github.com/o/tool/.github/workflows/r.yml@refs/tags/v{version}", ` + issuer + ` }`},
		{"cosign, a pattern that is a literal", "cosign: {opts: [" + pair + `, --certificate-identity-regexp, '^https://github\.com/o/tool/\.github/workflows/r\.yml@refs/tags/\Q{{.Version}}\E$', ` + actions + "]}",
			`{ cosign = { sig = "https://h/tool-{arch}.sig", cert = "https://h/tool-{arch}.pem" }, identity = "https://github.com/o/tool/.github/workflows/r.yml@refs/tags/v{version}", ` + issuer + ` }`},
		{"cosign, a pattern without an end", "cosign: {opts: [" + pair + `, --certificate-identity-regexp, '^https://github\.com/o/tool/', ` + actions + "]}",
			`unsettled { cosign = { sig = "https://h/tool-{arch}.sig", cert = "https://h/tool-{arch}.pem" }, ` + issuer + ` } by https://h/tool-amd64.pem like ^https://github\.com/o/tool/`},
		{"cosign, a pattern of any ref", "cosign: {bundle: {type: github_release, asset: '{{.Asset}}.sigstore.json'}, opts: [" + `--certificate-identity-regexp=https://github\.com/o/w/\.github/workflows/r\.yaml@.*, ` + actions + "]}",
			`unsettled { sigstore = "{url}.sigstore.json", ` + issuer + ` } by https://github.com/o/tool/releases/download/v1.2.3/tool-amd64.sigstore.json like https://github\.com/o/w/\.github/workflows/r\.yaml@.*`},
		{"an older bundle", "cosign: {bundle: {type: github_release, asset: '{{.Asset}}.bundle'}, opts: [--certificate-identity, a@example.com, --certificate-oidc-issuer, 'https://accounts.google.com']}",
			`{ cosign = { bundle = "{url}.bundle" }, identity = "a@example.com", issuer = "https://accounts.google.com" }`},
		{"a key", "cosign: {opts: [--key, 'https://h/cosign.pub', --signature, 'https://h/{{.Asset}}.sig']}",
			`unsettled { cosign = { sig = "https://h/tool-{arch}.sig" } } with https://h/cosign.pub`},
		{"an attestation", `github_artifact_attestations: {signer_workflow: 'o/tool/\.github/workflows/r\.yml'}`,
			`{ github = "o/tool", workflow = ".github/workflows/r.yml" }`},
		{"an attestation of another's workflow", `github_artifact_attestations: {signer_workflow: 'other/w/.github/workflows/r.yml'}`,
			`{ github = "o/tool", workflow = "other/w/.github/workflows/r.yml" }`},
		{"an attestation of any workflow", `github_artifact_attestations: {signer_workflow: 'o/tool/.+'}`,
			"left out: an attestation of GitHub: the workflow that must have signed is a pattern"},
		{"an attestation of something else", `github_artifact_attestations: {predicate_type: 'https://spdx.dev/Document/v2.3', signer_workflow: 'o/tool/.github/workflows/r.yml'}`,
			"left out: an attestation of GitHub: it says something else of the file than how it was built"},
		{"switched off", `github_artifact_attestations: {enabled: false, signer_workflow: 'o/tool/.github/workflows/r.yml'}`, ""},
		{"provenance", "slsa_provenance: {type: github_release, asset: multiple.intoto.jsonl}",
			`unsettled { github = "o/tool", ref = "refs/tags/v{version}", attestation = "https://github.com/o/tool/releases/download/v{version}/multiple.intoto.jsonl" } by https://github.com/o/tool/releases/download/v1.2.3/multiple.intoto.jsonl like ` + generator},
		{"provenance of any tag", "slsa_provenance: {type: github_release, asset: multiple.intoto.jsonl, source_tag: '-'}",
			`unsettled { github = "o/tool", attestation = "https://github.com/o/tool/releases/download/v{version}/multiple.intoto.jsonl" } by https://github.com/o/tool/releases/download/v1.2.3/multiple.intoto.jsonl like ` + generator},
		{"several that say the same", "slsa_provenance: {type: github_release, asset: a.intoto.jsonl}\n    github_artifact_attestations: {signer_workflow: o/tool/.github/workflows/r.yml}",
			`{ github = "o/tool", workflow = ".github/workflows/r.yml" }`},
		{"the list", "checksum: {type: github_release, asset: sums.txt, algorithm: sha256, cosign: {bundle: {type: github_release, asset: sums.txt.sigstore.json}, opts: [--certificate-identity, a@example.com, --certificate-oidc-issuer, 'https://accounts.google.com']}}",
			`{ sigstore = "https://github.com/o/tool/releases/download/v{version}/sums.txt.sigstore.json", identity = "a@example.com", issuer = "https://accounts.google.com", of = "sums" }`},
		{"a list that is not read", "checksum: {type: github_release, asset: sums.txt, algorithm: md5, minisign: {type: http, url: 'https://h/s', public_key: x}}",
			"left out: the list of checksums is not used, and so its signature is not"},
		{"no identity", "cosign: {opts: [" + pair + ", " + actions + "]}", "left out: cosign: it does not say who must have signed"},
		{"no issuer", "cosign: {opts: [" + pair + ", --certificate-identity, a]}", "left out: cosign: it does not say who vouches for the identity"},
		{"no certificate", "cosign: {opts: [--signature, 'https://h/s', --certificate-identity, a@example.com, " + actions + "]}", "left out: cosign: its certificate is nowhere"},
		{"other for each platform", "overrides: [{goarch: arm64, github_artifact_attestations: {signer_workflow: 'o/tool/.github/workflows/r.yml'}}]",
			"upstream signs it, which is left out: it is not the same for every platform"},
	} {
		r, err := Parse("test", []byte("packages:\n  - type: github_release\n    repo_owner: o\n    repo_name: tool\n    asset: tool-{{.Arch}}\n    "+c.settings+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		e, err := Lookup([]*Registry{r}, "tool")
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		m, err := e.Map(Want{Tag: "v1.2.3", Platforms: both})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var got []string
		for _, table := range m.Dep.Signature {
			got = append(got, edit.Text(table))
		}
		for _, u := range m.Unsettled {
			text := "unsettled " + edit.Text(u.Table)
			if u.Pattern != nil {
				text += " by " + u.URL + " like " + u.Pattern.String()
			} else {
				text += " with " + u.KeyURL
			}
			got = append(got, text)
		}
		for _, remark := range m.Remarks {
			got = append(got, strings.TrimPrefix(remark, "the registry says that upstream signs it, which is "))
		}
		if text := strings.Join(got, "\n"); text != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, text, c.want)
		}
	}
}

// TestExactly holds which patterns match one text alone.
func TestExactly(t *testing.T) {
	version := part{s: "1.2.3", word: "version"}
	for pattern, want := range map[string]string{
		`^a\.b/VERSION$`:         "a.b/1.2.3",
		`^a\Q.b\E/\QVERSION\E$`:  "a.b/1.2.3",
		`^\Qa.b/vVERSION\E$`:     "a.b/v1.2.3",
		`^(?:a)\.bVERSION$`:      "a.b1.2.3",
		`a\.b`:                   "",
		`^a\.b`:                  "",
		`a\.b$`:                  "",
		`^a.b$`:                  "",
		`^a\.b+$`:                "",
		`(?i)^ab$`:               "",
		`^(a|b)$`:                "",
		`^ab$|^c$`:               "",
		`(?m)^ab$`:               "",
		`^a(`:                    "",
		`^https://h/\.x@VERSION`: "",
	} {
		head, tail, ok := strings.Cut(pattern, "VERSION")
		in := literal(head)
		if ok {
			in = append(append(in, version), literal(tail)...)
		}
		got := exactly(in)
		if got.String() != want || want != "" && strings.Contains(want, "1.2.3") && got.isLiteral() {
			t.Errorf("%s: got %q, want %q", pattern, got.String(), want)
		}
	}
}
