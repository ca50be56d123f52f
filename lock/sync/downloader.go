package sync

import (
	"slices"
	"strings"

	"depfetch/lock/dockerfile/script"
)

// downloadsItself returns the reason why a command calls curl or wget itself, or "".
func downloadsItself(name string, args []script.Value) string {
	known := true
	var operands []string
	for _, a := range args {
		known = known && a.Known()
		if !a.Known() || !strings.HasPrefix(a.Text, "-") {
			operands = append(operands, a.Text)
		}
	}
	if hasWord("apt-get apt aptitude", name) {
		for _, o := range operands {
			if pkg, _, _ := strings.Cut(o, "="); hasWord(downloadingPackages, pkg) && slices.Contains(operands, "install") {
				return "the package " + pkg + " fetches with wget when it is installed"
			}
		}
		return ""
	}
	i := slices.IndexFunc(downloaders, func(d downloader) bool { return hasWord(d.names, name) })
	if i < 0 {
		return ""
	}
	d := downloaders[i]
	info := func(a script.Value) bool { return hasWord("--version -version -v -V --help -h", a.Text) }
	switch {
	case len(operands) == 0 && (d.idle || d.verbs != "" || slices.ContainsFunc(args, info)):
		return ""
	case d.verbs != "" && known && !slices.ContainsFunc(operands, func(o string) bool { return hasWord(d.verbs, o) }):
		return ""
	}
	return d.why
}

// hasWord reports whether a list, in which spaces separate words, has a word.
func hasWord(list, word string) bool { return slices.Contains(strings.Fields(list), word) }

// downloadingPackages are Debian's packages that call wget when they are installed.
const downloadingPackages = `
	firmware-b43-installer firmware-b43legacy-installer flashplugin-installer flashplugin-nonfree geoip-database-contrib
	libdvd-pkg msttcorefonts oracle-java11-installer oracle-java11-installer-local oracle-java7-installer
	oracle-java8-installer pepperflashplugin-nonfree ttf-mscorefonts-installer ubuntu-restricted-addons
	ubuntu-restricted-extras virtualbox-ext-pack`

// downloader is a program, under one or several names, that calls curl or wget itself.
type downloader struct {
	names string // with spaces between them
	why   string
	verbs string // the operands that make it download; empty if it always may
	idle  bool   // without operands, it downloads nothing
}

// downloaders are the programs that call curl or wget themselves. Package managers of
// operating systems and of languages that have a client of their own (pip, npm, go,
// cargo) are not among them.
var downloaders = []downloader{
	{names: "n", why: "it fetches releases with curl or wget", idle: true},
	{names: "nvm", why: "its install fetches releases with curl or wget", verbs: "install i install-latest-npm ls-remote version-remote"},
	{names: "pyenv", why: "its install fetches sources with curl or wget", verbs: "install update"},
	{names: "rbenv", why: "ruby-build fetches sources with curl or wget", verbs: "install update"},
	{names: "nodenv", why: "node-build fetches releases with curl or wget", verbs: "install update"},
	{names: "goenv swiftenv", why: "its install fetches releases with curl", verbs: "install update"},
	{names: "tfenv tgenv", why: "its install fetches releases with curl", verbs: "install use list-remote"},
	{names: "gvm", why: "its install fetches releases with curl"},
	{names: "phpenv", why: "php-build fetches sources with curl", verbs: "install update"},
	{names: "jenv", why: "its plugins may fetch with curl", verbs: "install plugin"},
	{names: "plenv", why: "perl-build may fetch with curl or wget", verbs: "install install-cpanm"},
	{names: "luaenv", why: "lua-build fetches sources with curl or wget", verbs: "install"},
	{names: "rvm", why: "its install fetches sources with curl", verbs: "install get reinstall upgrade autolibs requirements pkg rubygems"},
	{names: "asdf", why: "its plugins fetch with curl or wget", verbs: "install plugin plugin-add plugin-update update latest"},
	{names: "sdk", why: "SDKMAN fetches candidates with curl", verbs: "install i update selfupdate upgrade ug list ls env"},
	{names: "opam", why: "it fetches sources with curl or wget", verbs: "init install update upgrade switch pin source reinstall"},
	{names: "cabal", why: "it fetches with curl or wget", verbs: "update v2-update new-update install v2-install new-install build v2-build new-build get fetch unpack run test"},
	{names: "helm", why: "plugins may fetch their programs with curl or wget", verbs: "plugin plugins"},
	{names: "tlmgr", why: "it fetches packages with curl or wget", verbs: "install update restore"},

	{names: "install-tl", why: "it fetches packages with curl or wget"},
	{names: "debootstrap", why: "it fetches packages with wget"},
	{names: "download_prerequisites perlbrew phpbrew python-build ruby-build ruby-install spectool abuild", why: "it fetches sources with curl or wget"},
	{names: "install-php-extensions kerl makepkg php-build spack vcpkg", why: "it fetches sources with curl"},
	{names: "emerge", why: "it fetches sources with wget"},
	{names: "node-build", why: "it fetches releases with curl or wget"},
	{names: "nave", why: "it fetches releases with curl"},
	{names: "tgswitch", why: "it fetches releases"},
	{names: "brew linuxbrew", why: "it fetches bottles with curl"},
	{names: "ghcup winetricks", why: "it fetches with curl or wget"},
	{names: "apt-file bpkg docker-php-ext-install-pecl", why: "it fetches with curl"},
	{names: "apt-fast", why: "it fetches with aria2"},
	{names: "cpan cpanm luarocks", why: "it may fetch with curl or wget"},
	{names: "mmdebstrap", why: "it may fetch with curl"},
	{names: "mvnw", why: "it may fetch Maven with curl or wget"},
	{names: "bootstrap-vcpkg.sh", why: "it fetches itself with curl"},
	{names: "boot lein", why: "its first run fetches itself with curl or wget"},
	{names: "mill", why: "its first run fetches itself with curl"},
	{names: "rustup-init.sh", why: "it fetches rustup with curl or wget"},
	{names: "arkade get-poetry.py", why: "it fetches by itself"},
	{names: "getnonfreefonts update-ms-fonts", why: "it fetches fonts with wget"},
	{names: "install-plugins.sh", why: "it fetches plugins with curl"},
	{names: "update-pciids update-usbids", why: "it fetches lists with curl or wget"},
}
