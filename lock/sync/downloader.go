package sync

import (
	"slices"
	"strings"

	"depfetch/lock/dockerfile/script"
)

// downloadsItself says why a command calls curl or wget by itself, or "".
func downloadsItself(name string, args []script.Value) string {
	var words []string // that are no options
	for _, a := range args {
		if !a.Known() || !strings.HasPrefix(a.Text, "-") {
			words = append(words, a.Text)
		}
	}
	known := !slices.ContainsFunc(args, func(a script.Value) bool { return !a.Known() })
	if slices.Contains([]string{"apt-get", "apt", "aptitude"}, name) && slices.Contains(words, "install") {
		for _, w := range words {
			if pkg, _, _ := strings.Cut(w, "="); fetchers[pkg] {
				return "the package " + pkg + " fetches with wget when it is installed"
			}
		}
		return ""
	}
	why := downloaders[name]
	only, limited := verbs[name]
	switch {
	case why == "":
	case len(words) == 0 && (name == "n" || limited || slices.ContainsFunc(args, asks)):
		return ""
	case limited && known && !slices.ContainsFunc(words, func(w string) bool { return slices.Contains(only, w) }):
		return ""
	}
	return why
}

// asks reports whether an option makes a program say its version, or how it is used.
func asks(a script.Value) bool {
	return slices.Contains([]string{"--version", "-version", "-v", "-V", "--help", "-h"}, a.Text)
}

// verbs are those words that make a program download, where it has others.
var verbs = map[string][]string{
	"cabal": {"update", "v2-update", "new-update", "install", "v2-install", "new-install", "build", "v2-build", "new-build", "get", "fetch", "unpack", "run", "test"},
	"helm":  {"plugin", "plugins"},
	"tlmgr": {"install", "update", "restore"},
	"opam":  {"init", "install", "update", "upgrade", "switch", "pin", "source", "reinstall"},
	"nvm":   {"install", "i", "install-latest-npm", "ls-remote", "version-remote"},
	"pyenv": {"install", "update"}, "rbenv": {"install", "update"}, "nodenv": {"install", "update"}, "goenv": {"install", "update"},
	"phpenv": {"install", "update"}, "jenv": {"install", "plugin"}, "plenv": {"install", "install-cpanm"}, "luaenv": {"install"},
	"rvm":   {"install", "get", "reinstall", "upgrade", "autolibs", "requirements", "pkg", "rubygems"},
	"asdf":  {"install", "plugin", "plugin-add", "plugin-update", "update", "latest"},
	"sdk":   {"install", "i", "update", "selfupdate", "upgrade", "ug", "list", "ls", "env"},
	"tfenv": {"install", "use", "list-remote"}, "tgenv": {"install", "use", "list-remote"}, "swiftenv": {"install", "update"},
}

// fetchers are Debian's packages that call wget when they are installed.
var fetchers = map[string]bool{
	"ttf-mscorefonts-installer": true, "msttcorefonts": true, "flashplugin-installer": true, "flashplugin-nonfree": true,
	"oracle-java8-installer": true, "oracle-java7-installer": true, "oracle-java11-installer": true,
	"oracle-java11-installer-local": true, "firmware-b43-installer": true, "firmware-b43legacy-installer": true,
	"virtualbox-ext-pack": true, "pepperflashplugin-nonfree": true, "geoip-database-contrib": true,
	"ubuntu-restricted-extras": true, "ubuntu-restricted-addons": true, "libdvd-pkg": true,
}

// downloaders are programs that call curl or wget by themselves, with what is
// known of it. Those of operating systems, and of languages with clients of their
// own (pip, npm, go, cargo), are not among them.
var downloaders = map[string]string{
	"nvm": "its install fetches releases with curl or wget", "pyenv": "its install fetches sources with curl or wget",
	"rbenv": "ruby-build fetches sources with curl or wget", "ruby-build": "it fetches sources with curl or wget",
	"python-build": "it fetches sources with curl or wget", "node-build": "it fetches releases with curl or wget",
	"nodenv": "node-build fetches releases with curl or wget", "goenv": "its install fetches releases with curl",
	"phpenv": "php-build fetches sources with curl", "php-build": "it fetches sources with curl",
	"rvm": "its install fetches sources with curl", "asdf": "its plugins fetch with curl or wget",
	"sdk": "SDKMAN fetches candidates with curl", "gvm": "its install fetches releases with curl",
	"n": "it fetches releases with curl or wget", "jenv": "its plugins may fetch with curl",
	"ghcup": "it fetches with curl or wget", "opam": "it fetches sources with curl or wget",
	"brew": "it fetches bottles with curl", "cpanm": "it may fetch with curl or wget", "cpan": "it may fetch with curl or wget",
	"luarocks": "it may fetch with curl or wget", "winetricks": "it fetches with curl or wget",
	"install-php-extensions": "it fetches sources with curl", "vcpkg": "it fetches sources with curl",
	"bootstrap-vcpkg.sh": "it fetches itself with curl", "mvnw": "it may fetch Maven with curl or wget",
	"tfenv": "its install fetches releases with curl", "tgenv": "its install fetches releases with curl",
	"tgswitch": "it fetches releases", "kerl": "it fetches sources with curl", "perlbrew": "it fetches sources with curl or wget",
	"spack": "it fetches sources with curl", "emerge": "it fetches sources with wget", "makepkg": "it fetches sources with curl",
	"abuild": "it fetches sources with curl or wget", "linuxbrew": "it fetches bottles with curl", "bpkg": "it fetches with curl",
	"apt-fast": "it fetches with aria2", "apt-file": "it fetches with curl", "debootstrap": "it fetches packages with wget",
	"mmdebstrap": "it may fetch with curl", "docker-php-ext-install-pecl": "it fetches with curl",
	"phpbrew": "it fetches sources with curl or wget", "swiftenv": "its install fetches releases with curl",
	"nave": "it fetches releases with curl", "plenv": "perl-build may fetch with curl or wget", "luaenv": "lua-build fetches sources with curl or wget",
	"ruby-install": "it fetches sources with curl or wget", "cabal": "it fetches with curl or wget",
	"helm": "plugins may fetch their programs with curl or wget", "lein": "its first run fetches itself with curl or wget",
	"boot": "its first run fetches itself with curl or wget", "mill": "its first run fetches itself with curl",
	"install-tl": "it fetches packages with curl or wget", "tlmgr": "it fetches packages with curl or wget",
	"getnonfreefonts": "it fetches fonts with wget", "install-plugins.sh": "it fetches plugins with curl",
	"download_prerequisites": "it fetches sources with curl or wget", "spectool": "it fetches sources with curl or wget",
	"update-pciids": "it fetches lists with curl or wget", "update-usbids": "it fetches lists with curl or wget",
	"update-ms-fonts": "it fetches fonts with wget",
	"rustup-init.sh":  "it fetches rustup with curl or wget", "get-poetry.py": "it fetches by itself", "arkade": "it fetches by itself",
}
