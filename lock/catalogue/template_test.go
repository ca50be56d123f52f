package catalogue

import (
	"strings"
	"testing"
)

// written returns a text as a template of a lockfile.
func written(t text) string {
	var b strings.Builder
	for _, p := range t {
		if p.isLiteral() {
			b.WriteString(p.s)
		} else {
			b.WriteString(p.written())
		}
	}
	return b.String()
}

// testScope returns the fields for a tag of which lead stands before the version.
func testScope(lead, version string) scope {
	tag := append(literal(lead), part{s: version, word: "version"})
	return scope{fields: map[string]text{
		"Version": tag, "SemVer": tag, "OS": replaced("linux", nil), "Arch": replaced("amd64", nil), "GOOS": replaced("linux", nil),
		"Format": literal("tar.gz"), "Vars.channel": literal("stable"),
	}}
}

// TestExpand holds what the templates of registries become.
func TestExpand(t *testing.T) {
	cases := []struct{ template, lead, version, want, text string }{
		{"tool", "v", "1.2.3", "tool", "tool"},
		{"tool-{{.Version}}-{{.OS}}", "v", "1.2.3", "tool-v{version}-linux", "tool-v1.2.3-linux"},
		{"{{trimV .Version}}.{{.Format}}", "v", "1.2.3", "{version}.tar.gz", "1.2.3.tar.gz"},
		{"{{ .Version | trimV }}", "", "1.2.3", "{version}", "1.2.3"},
		{"{{- .Version -}} x", "v", "1", "v{version}x", "v1x"},
		{`{{trimPrefix "cli-v" .Version}}`, "cli-v", "1.2.3", "{version}", "1.2.3"},
		{`{{trimPrefix "cli/" .Version | trimV}}`, "cli/v", "1.2.3", "{version}", "1.2.3"},
		{`{{trimPrefix "go" .Version}}`, "v", "1.2.3", "v{version}", "v1.2.3"},
		{`{{replace "." "" .Version}}`, "", "1.2.3", "{version|replace('.', '')}", "123"},
		{`{{replace "-" "_" .Version}}`, "v", "1.2-rc1", "v{version|replace('-', '_')}", "v1.2_rc1"},
		{`{{trimV .Version | replace "." "_"}}`, "v", "1.2", "{version|replace('.', '_')}", "1_2"},
		{`{{title .OS}}`, "", "1", "Linux", "Linux"},
		{`{{(semver .Version).Major}}.{{(semver .Version).Minor}}.{{(semver .Version).Patch}}`, "v", "1.22.3", "{major}.{minor}.{patch}", "1.22.3"},
		{`{{ index (splitList "." (trimV .Version)) 2 }}`, "v", "1.2.3", "{version|after('.')|after('.')|before('.')}", "3"},
		{`{{.Version | regexFind "^[^-]+"}}`, "v", "1.2-3", "v{version|before('-')}", "v1.2"},
		{`{{trimSuffix "gz" .Format}}`, "", "1", "tar.", "tar."},
		{`{{if eq .GOOS "darwin"}}a{{else}}b{{end}}`, "", "1", "b", "b"},
		{`{{if and (ne .GOOS "darwin") (not (eq .OS "x"))}}a{{end}}`, "", "1", "a", "a"},
		{`{{.Vars.channel}}`, "", "1", "stable", "stable"},
		{`{{replace "'" "" .Version}}`, "", "1", `{version|replace("'", '')}`, "1"},
	}
	for _, c := range cases {
		got, err := testScope(c.lead, c.version).expand(c.template)
		if err != nil || written(got) != c.want || got.String() != c.text {
			t.Errorf("%s: got %q, %q, %v; want %q, %q", c.template, written(got), got, err, c.want, c.text)
		}
	}
}

// TestExpandErrors holds that what no template of a lockfile can say is an error.
func TestExpandErrors(t *testing.T) {
	for _, template := range []string{
		"{{.Version", "{{.Nothing}}", "{{.Vars.nothing}}", "{{env \"HOME\"}}", "{{printf \"%s\" .Version}}", "{{range .Version}}x{{end}}",
		"{{$x := .Version}}{{$x}}", `{{trimSuffix ".0" .Version}}`, `{{if eq .Version "v1"}}x{{end}}`, `{{title .Version}}`, `{{replace "" "x" .Version}}`,
		`{{replace "v1" "x" .Version}}`, `{{(semver .OS).Major}}`, `{{(semver .Version).Metadata}}`, `{{trimPrefix "v1" .Version}}x{{regexFind "[0-9]+" .Version}}`,
		`{{index (splitList "." .OS) 4}}`, `{{splitList "." .Version}}`, `{{template "x"}}`, `{{.Version .OS}}`, `{{trimV}}`, strings.Repeat(`{{replace "a" "aaaaaaaaaa" (`, 1) + strings.Repeat(`replace "a" "aaaaaaaaaa" (`, 9) + `replace "v" "a" .Version` + strings.Repeat(")", 10) + "}}", `{{(semver .SemVer)}}`,
	} {
		if got, err := testScope("v", "1.2.0").expand(template); err == nil {
			t.Errorf("%s: got %q and no error", template, written(got))
		}
	}
}

// FuzzExpand holds that no template ends the program, and that what is written for a
// version is what it gives for that version.
func FuzzExpand(f *testing.F) {
	f.Add(`tool-{{trimV .Version | replace "." "_"}}-{{if eq .OS "linux"}}{{title .Arch}}{{end}}`, "1.2.3-rc.1")
	f.Fuzz(func(t *testing.T, template, version string) {
		if !lockable(version) {
			return
		}
		if got, err := testScope("v", version).expand(template); err == nil && strings.Contains(got.String(), "{version") && !strings.Contains(template, "{version") {
			t.Errorf("%q: a template is left in %q", template, got)
		}
	})
}
