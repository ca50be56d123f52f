package catalogue

import (
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
)

// naming says how upstream writes the versions of an entry as tags.
type naming struct {
	prefix string // of the tags
	v      bool   // a v stands before the version
}

// lead is what stands before the version in a tag.
func (n naming) lead() string {
	if n.v {
		return n.prefix + "v"
	}
	return n.prefix
}

// A tag is split before its first numbers with dots between, at the beginning or behind
// a separator (cidr2ip-1.0.0), else before its first digit (go1.22).
var (
	separated = regexp.MustCompile(`^((?:[^0-9].*?[-_/@])??)(v?)([0-9]+(?:\.[0-9]+)+.*)$`)
	numbered  = regexp.MustCompile(`^([^0-9]*?)(v?)([0-9].*)$`)
)

// nameTag splits a tag into its naming and the version, as package release and people
// write it: 1.7.1 for jq-1.7.1 and v1.7.1.
func nameTag(tag, prefix string) (naming, string) {
	rest, ok := strings.CutPrefix(tag, prefix)
	if !ok {
		return naming{}, tag
	}
	m := separated.FindStringSubmatch(rest)
	if m == nil {
		m = numbered.FindStringSubmatch(rest)
	}
	if m == nil || prefix != "" && m[1] != "" {
		return naming{prefix: prefix}, rest
	}
	return naming{prefix: prefix + m[1], v: m[2] != ""}, m[3]
}

// rendering is what a registry gives for one version and one machine.
type rendering struct {
	r     *resolved
	url   text
	files []renderedFile
	sums  text // nil if there are none

	signatures []renderedSignature
	unsigned   []string // what of signatures cannot be written, and why
}

type renderedFile struct {
	name   string
	member text // nil if the download is the file
}

// render evaluates the templates of r for a version, which the tag of r is written as.
func (r *resolved) render(n naming, version string) (*rendering, error) {
	switch {
	case r.ErrorMessage != nil && *r.ErrorMessage != "":
		return nil, &NoFileError{Entry: r.entry.FullName(), Version: r.tag, Why: strings.TrimSpace(*r.ErrorMessage)}
	case isSet(r.NoAsset):
		return nil, &NoFileError{Entry: r.entry.FullName(), Version: r.tag, Why: "upstream publishes no file of this version"}
	}
	switch r.Type {
	case typeRelease, typeHTTP, typeContent, typeArchive:
	default:
		return nil, &BuildError{Entry: r.entry.FullName(), Type: r.Type}
	}
	s, err := r.scope(n, version)
	if err != nil {
		return nil, r.fail(err)
	}
	out := &rendering{r: r}
	asset, err := r.address(s, out)
	if err != nil {
		return nil, r.fail(err)
	}
	if address := out.url.String(); !strings.HasPrefix(address, "https://") && !strings.HasPrefix(address, "http://") {
		return nil, r.fail(fmt.Errorf("its address is not one of https: %s", shown(address)))
	}
	if err := r.renderFiles(s, asset, out); err != nil {
		return nil, r.fail(err)
	}
	if out.sums, err = r.renderSums(n, version, asset, out.url); err != nil {
		return nil, r.fail(err)
	}
	out.signatures, out.unsigned = r.renderSignatures(s, asset, out.sums)
	return out, nil
}

func (r *resolved) fail(err error) error {
	return r.entry.bad("%v", err)
}

// replaced returns what the registry calls a system or an architecture.
func replaced(name string, replacements map[string]string) text {
	if to := replacements[name]; to != "" {
		name = to
	}
	return text{{s: name, machine: true}}
}

// scope returns the fields of templates.
func (r *resolved) scope(n naming, version string) (scope, error) {
	tag := append(literal(n.lead()), part{s: version, word: "version"})
	semver, err := tag.trimPrefix(r.prefix())
	if err != nil {
		return scope{}, err
	}
	s := scope{parsed: &r.entry.parsed, fields: map[string]text{
		"Version": tag, "SemVer": semver, "Format": literal(r.format()),
		"GOOS": replaced(r.machine.goos, nil), "GOARCH": replaced(r.machine.goarch, nil),
	}}
	s.machine(r, r.Replacements)
	for _, v := range r.Vars {
		switch {
		case v.Default != nil:
			s.fields["Vars."+v.Name] = literal(fmt.Sprint(v.Default))
		case v.Required:
			return scope{}, fmt.Errorf("the variable %s has to be chosen, which is not supported", v.Name)
		}
	}
	return s, nil
}

// machine sets the fields that replacements change.
func (s scope) machine(r *resolved, replacements map[string]string) {
	arch := r.machine.goarch
	if r.machine.env() == "darwin/arm64" && isSet(r.Rosetta2) || r.machine.env() == "windows/arm64" && isSet(r.WindowsARMEmulation) {
		arch = "amd64"
	}
	s.fields["OS"], s.fields["Arch"] = replaced(r.machine.goos, replacements), replaced(arch, replacements)
}

func (r *resolved) format() string {
	if r.Type == typeArchive {
		return "tar.gz"
	}
	return r.Format
}

// address sets the address of the download, and returns its name.
func (r *resolved) address(s scope, out *rendering) (asset text, err error) {
	host := "https://github.com/" + r.RepoOwner + "/" + r.RepoName
	tag := s.fields["Version"]
	switch r.Type {
	case typeHTTP:
		if out.url, err = r.expandAsset(s, r.URL); err != nil {
			return nil, err
		}
		if out.url.isLiteral() && out.url.String() == "" {
			return nil, fmt.Errorf("it has no url")
		}
		return out.url.base()
	case typeRelease:
		if asset, err = r.expandAsset(s, r.Asset); err != nil {
			return nil, err
		}
		out.url = slices.Concat(literal(host+"/releases/download/"), tag, literal("/"), escaped(asset))
	case typeContent:
		if asset, err = r.expandAsset(s, r.Path); err != nil {
			return nil, err
		}
		out.url = slices.Concat(literal("https://raw.githubusercontent.com/"+r.RepoOwner+"/"+r.RepoName+"/"), tag, literal("/"), escaped(asset))
	case typeArchive:
		out.url = slices.Concat(literal(host+"/archive/refs/tags/"), tag, literal(".tar.gz"))
		return nil, nil
	}
	if len(asset) == 0 {
		return nil, fmt.Errorf("it has no asset")
	}
	return asset, nil
}

// escaped percent-encodes what cannot stand in the path of an address.
func escaped(t text) text {
	t = slices.Clone(t)
	for i, p := range t {
		if p.isLiteral() {
			t[i].s = strings.ReplaceAll((&url.URL{Path: "/" + p.s}).EscapedPath()[1:], "%2F", "/")
		}
	}
	return t
}

// expandAsset evaluates the template of a download's name, and completes it as aqua
// does: by the format, and on Windows by .exe.
func (r *resolved) expandAsset(s scope, template string) (text, error) {
	t, err := s.expand(template)
	if err != nil {
		return nil, err
	}
	name := t.String()
	if f := r.Format; (r.AppendExt == nil || *r.AppendExt) && extension(name) == "raw" && f != "raw" && f != "" && !strings.HasSuffix(name, "."+f) {
		t = append(t, literal("."+f)...)
	}
	if r.machine.goos == "windows" && r.completesExe(t.String()) {
		t = append(t, literal(r.exe())...)
	}
	return t, nil
}

// exe is the extension of programs for Windows.
func (r *resolved) exe() string {
	switch {
	case r.WindowsExt != "":
		return r.WindowsExt
	case r.Type == typeContent || r.Type == typeArchive:
		return ".sh"
	}
	return ".exe"
}

// completesExe reports whether the name of a download for Windows lacks its extension.
func (r *resolved) completesExe(name string) bool {
	switch {
	case strings.HasSuffix(name, ".exe"), strings.HasSuffix(name, ".jar"):
		return false
	case r.Format != "raw" && (r.Format != "" || r.suffix(name) != ""):
		return false
	case r.CompleteWindowsExt != nil:
		return *r.CompleteWindowsExt
	}
	return r.Type != typeContent && r.Type != typeArchive
}

// suffix returns the extension of a name, in which dots of the version do not count.
func (r *resolved) suffix(name string) string {
	return path.Ext(strings.ReplaceAll(name, strings.TrimPrefix(r.tag, "v"), ""))
}

// unreadable are the formats that package unpack does not read.
var unreadable = strings.Fields("7z rar dmg pkg tar.br tbr tar.lz4 tlz4 tar.sz tsz lz4 sz")

// packed returns by what format a download is packed; "" means that it is the file.
func (r *resolved) packed(name string) string {
	format := r.format()
	if format == "raw" || format == "" && slices.Contains([]string{"", ".exe", ".jar"}, path.Ext(name)) {
		return ""
	}
	if ext := extension(name); ext != "raw" {
		return ext
	}
	if path.Ext(name) == ".7z" {
		return "7z"
	}
	return format
}

// maxFiles is how many commands an entry may have.
const maxFiles = 1000

func (r *resolved) renderFiles(s scope, asset text, out *rendering) error {
	name := asset.String()
	packed := r.packed(name)
	if slices.Contains(unreadable, packed) {
		return fmt.Errorf("it is packed as %s, which cannot be unpacked here", packed)
	}
	files := r.Files
	if len(files) > maxFiles {
		return fmt.Errorf("it has more than %d files", maxFiles)
	}
	if len(files) == 0 {
		files = []file{{Name: r.entry.command()}}
	}
	for _, f := range files {
		rendered := renderedFile{name: f.Name}
		if r.machine.goos == "windows" && path.Ext(f.Name) == "" {
			rendered.name += ".exe"
		}
		if packed != "" {
			member, err := r.member(s, asset, f)
			if err != nil {
				return err
			}
			rendered.member = member
		}
		out.files = append(out.files, rendered)
	}
	return nil
}

// member returns where a file lies in the archive.
func (r *resolved) member(s scope, asset text, f file) (text, error) {
	member := literal(f.Name)
	if f.Src != "" {
		within := scope{parsed: s.parsed, fields: map[string]text{"FileName": literal(f.Name), "Asset": asset}}
		for name, t := range s.fields {
			within.fields[name] = t
		}
		var err error
		if within.fields["AssetWithoutExt"], err = asset.withoutExtension(); err != nil {
			return nil, err
		}
		if member, err = within.expand(f.Src); err != nil {
			return nil, err
		}
	}
	if r.machine.goos == "windows" && r.suffix(member.String()) == "" {
		member = append(member, literal(r.exe())...)
	}
	return member, nil
}

// renderSums returns the address of the list of checksums, or nil if there is none
// that package sums reads.
func (r *resolved) renderSums(n naming, version string, asset, download text) (text, error) {
	c := r.Checksum
	if c == nil || c.Enabled != nil && !*c.Enabled || !slices.Contains([]string{"sha256", "sha384", "sha512"}, c.Algorithm) {
		return nil, nil
	}
	s, err := r.scope(n, version)
	if err != nil {
		return nil, err
	}
	if c.Replacements != nil {
		all := make(map[string]string)
		for _, m := range []map[string]string{r.Replacements, c.Replacements} {
			for k, v := range m {
				all[k] = v
			}
		}
		if len(c.Replacements) == 0 {
			all = nil
		}
		s.machine(r, all)
	}
	switch c.Type {
	case typeRelease:
		s.fields["Asset"] = asset
		name, err := s.expand(c.Asset)
		if err != nil {
			return nil, err
		}
		return slices.Concat(literal("https://github.com/"+r.RepoOwner+"/"+r.RepoName+"/releases/download/"), s.fields["Version"], literal("/"), escaped(name)), nil
	case typeHTTP:
		if r.Type == typeHTTP {
			s.fields["AssetURL"] = download
		}
		return s.expand(c.URL)
	}
	return nil, nil
}
