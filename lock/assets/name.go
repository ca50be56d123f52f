package assets

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// kind is what a file is, by its extension and its words.
type kind int

const (
	program kind = iota // or an archive
	appImage
	distribution // a package of one
	other        // no program
)

// name is what the name of a file says.
type name struct {
	text     string
	kind     kind
	packing  int // in the order of rule 9
	windows  bool
	os       string // of Go's names; empty if it names none
	arch     string // likewise, or "all"
	variant  string // of arm
	hard     bool   // hard floats are named
	rough    bool   // the architecture is that of 64bit or 32bit
	level    int    // of the processors: 2 to 4 of amd64
	libc     string
	distro   bool
	neutral  int      // how many words say nothing about what it is
	words    []string // that are left
	excluded bool     // a word says that it is no program
}

// packings are the extensions of archives and compressed files, in the order of rule 9.
var packings = [][]string{
	{"tar.gz", "tgz"}, {"tar.xz", "txz"}, {"tar.zst", "tzst"}, {"tar.bz2", "tbz", "tbz2"}, {"tar"}, {"zip"}, {"gz"}, {"xz"}, {"zst"}, {"bz2"},
}

// packages are the extensions of packages of distributions.
var packages = strings.Fields("pkg.tar.zst pkg.tar.xz pkg.tar.gz deb rpm apk snap flatpak ipk")

// others are the extensions of what is no program, or none that can be used.
var others = strings.Fields(`sha256 sha512 sha384 sha224 sha1 md5 sha256sum sha512sum sha1sum md5sum sum sums digest
	b2 blake3 crc32 checksum checksums asc sig sign gpg pgp pem crt cert cer pub key minisig p7s sigstore sigstore.json bundle
	jsonl json json5 yaml yml toml xml txt md rst adoc html htm pdf csv tsv log ini cfg conf sbom spdx cdx bom att
	attestation provenance prov patch diff zsync torrent blockmap vsix whl gem jar war nupkg crate rb py ps1 bat cmd
	img iso qcow2 vhd vmdk ova raw msi msix msixbundle appx appxbundle dmg pkg app rar 7z lz lz4 lzma tar.lz4 tar.lz tar.br br sz tar.sz
	c h cpp hpp rs go js ts mjs map css svg png jpg ico ttf so dll dylib a lib o pdb dsym debug sql db dat desktop service
	man fish zsh bash elv nu el vim sh template tpl lock env`)

// words that say a file is no program, unless the tool is called so.
var noPrograms = wordSet(`checksum checksums sha256 sha512 sha1 sha256sum sha256sums sha512sum sha512sums shasum shasums shasums256
	shasum256 md5 md5sum md5sums sbom sboms spdx cyclonedx bom provenance attestation attestations intoto signature signatures
	debug dbg debuginfo debugsymbols debugsym symbols syms dsym pdb src source sources sourcecode vendor vendored
	tests testdata doc docs manpage manpages completion completions license licenses
	manifest manifests crds chart charts image images airgap rootfs headers devel`)

// neutralWords say nothing about which program it is.
var neutralWords = wordSet(`unknown pc none static statically staticx linked stripped release bin binary binaries prebuilt portable standalone
	eabi abi generic dist unknownlinux cross`)

func wordSet(s string) map[string]bool {
	set := make(map[string]bool)
	for w := range strings.FieldsSeq(s) {
		set[w] = true
	}
	return set
}

// spellings are made one word before a name is split.
var spellings = []struct {
	form *regexp.Regexp
	word string
}{
	{regexp.MustCompile(`x86[_.-]?64`), "x8664"},
	{regexp.MustCompile(`(amd64|x8664)v([1-4])`), "$1-v$2"},
	{regexp.MustCompile(`aarch[_-]?64`), "aarch64"},
	{regexp.MustCompile(`arm[_-]64`), "arm64"},
	{regexp.MustCompile(`(^|[^a-z0-9])arm[_-]v?([5-8])([^0-9.]|$)`), "${1}armv$2$3"},
	{regexp.MustCompile(`([0-9]{2})[_-]?bits?`), "${1}bit"},
	{regexp.MustCompile(`ppc(?:64[_-]?le|le[_-]?64|64[_-]?el)`), "ppc64le"},
	{regexp.MustCompile(`s390[_-](?:x|64)`), "s390x"},
	{regexp.MustCompile(`mac[_-]os`), "macos"},
	{regexp.MustCompile(`os[_-]x([^a-z0-9]|$)`), "osx$1"},
}

var separators = regexp.MustCompile(`[^a-z0-9]+`)

// tokens splits a lower-case text into its words.
func tokens(s string) []string {
	return slices.DeleteFunc(separators.Split(s, -1), func(w string) bool { return w == "" })
}

// names are the words of what the tool may be called.
type names [][]string

func namesOf(all []string) names {
	var own names
	for _, n := range all {
		own = append(own, tokens(strings.ToLower(n)))
	}
	return own
}

// has reports whether a word is in one of the names.
func (own names) has(w string) bool {
	return slices.ContainsFunc(own, func(n []string) bool { return slices.Contains(n, w) })
}

// within returns where one of the names stands among words. What stands there is no
// platform: wasm-tools is for more than wasm.
func (own names) within(words []string) (start, end int) {
	for _, n := range own {
		for i := 0; i+len(n) <= len(words) && len(n) > 0; i++ {
			if slices.Equal(words[i:i+len(n)], n) {
				return i, i + len(n)
			}
		}
	}
	return 0, 0
}

// parse reads a name.
func parse(text, version string, own names) name {
	n := name{text: text}
	s := strings.ToLower(text)
	for _, v := range versionForms(strings.ToLower(version)) {
		s = withoutVersion(s, v)
	}
	s = n.extension(s)
	for _, sp := range spellings {
		s = sp.form.ReplaceAllString(s, sp.word)
	}
	words := tokens(s)
	start, end := own.within(words)
	after := "" // what the word before was
	for i, w := range words {
		if start <= i && i < end {
			n.words, after = append(n.words, w), ""
			continue
		}
		after = n.word(w, after, own)
	}
	if n.excluded {
		n.kind = other
	}
	if n.os == "" && n.windows {
		n.os = "windows"
	}
	return n
}

// extension reads the extension of a lower-case name, and returns the rest.
func (n *name) extension(s string) string {
	cut := func(ext string) bool {
		rest, ok := strings.CutSuffix(s, "."+ext)
		if ok && rest != "" {
			s = rest
		}
		return ok && rest != ""
	}
	for _, ext := range packages {
		if cut(ext) {
			n.kind = distribution
			return s
		}
	}
	for i, some := range packings {
		for _, ext := range some {
			if cut(ext) {
				n.packing = i + 1
				n.extensionWithin(s)
				return s
			}
		}
	}
	switch {
	case cut("appimage"):
		n.kind = appImage
	case cut("exe"):
		n.windows = true
	case slices.ContainsFunc(others, cut), manual.MatchString(s):
		n.kind = other
	}
	return s
}

// extensionWithin reads an extension below that of an archive or a compressed file, such
// as exe in tool.exe.zip; a compressed document is no program either.
func (n *name) extensionWithin(s string) {
	within := path.Ext(s)
	switch {
	case within == ".exe":
		n.windows = true
	case within != "" && slices.Contains(inOthers, within[1:]), manual.MatchString(s):
		n.kind = other
	}
}

// inOthers are the extensions of what is no program when it is compressed.
var inOthers = strings.Fields("deb rpm apk json txt md man sbom spdx sig asc vsix app dmg img iso qcow2 raw vmdk ova xml yaml yml sql log")

// manual matches the names of pages of the manual.
var manual = regexp.MustCompile(`[a-z]\.[1-9]$`)

// word reads one word, behind one of the kind after, and returns its own kind.
func (n *name) word(w, after string, own names) string {
	if v := strings.TrimPrefix(w, "v"); after == "amd64" && len(w) == 2 && v != w && "1" <= v && v <= "4" {
		n.level = int(v[0] - '0')
		return ""
	}
	number := strings.Trim(w, "0123456789") == ""
	switch {
	case number && (after == "distro" || after == "libc"):
		return after
	case number && after == "os" && (w == "64" || w == "32"):
		n.setArch(arches[w+"bit"])
		n.rough = true
		return "arch"
	case w == "v8" && after == "arm64", (w == "64bit" || w == "32bit") && n.arch != "":
		return ""
	}
	if os, rest := systemOf(w); os != "" {
		n.setOS(os)
		if rest == "" {
			return "os"
		}
		if rest == "64" || rest == "32" {
			rest += "bit"
		}
		return n.word(rest, "os", own)
	}
	if a, ok := arches[w]; ok {
		n.setArch(a)
		n.rough = w == "64bit" || w == "32bit"
		return a.name
	}
	if libc, ok := libcs[strings.TrimRight(w, "0123456789")]; ok && !own.has(w) {
		n.libc = libc.name
		n.hard = n.hard || libc.hard
		return "libc"
	}
	if distros[strings.TrimRight(w, "0123456789")] && !own.has(w) {
		n.distro = true
		n.setOS("linux")
		if w == "alpine" {
			n.libc = "musl"
		}
		return "distro"
	}
	switch {
	case own.has(w):
		n.words = append(n.words, w)
	case noPrograms[w]:
		n.excluded = true
	case neutralWords[w]:
		n.neutral++
	case w == "v":
	default:
		n.words = append(n.words, w)
	}
	return ""
}
