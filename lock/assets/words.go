package assets

import (
	"slices"
	"strings"
)

// systems are the words for systems, by Go's names for these. A longer word stands
// before one that it begins with.
var systems = []struct{ word, os string }{
	{"android", "android"}, {"darwin", "darwin"}, {"macosx", "darwin"}, {"macos", "darwin"}, {"osx", "darwin"}, {"apple", "darwin"}, {"mac", "darwin"},
	{"windows", "windows"}, {"win", "windows"}, {"mingw", "windows"}, {"msvc", "windows"}, {"cygwin", "windows"},
	{"freebsd", "freebsd"}, {"openbsd", "openbsd"}, {"netbsd", "netbsd"}, {"dragonfly", "dragonfly"}, {"dragonflybsd", "dragonfly"},
	{"solaris", "solaris"}, {"illumos", "illumos"}, {"sunos", "solaris"}, {"aix", "aix"}, {"plan9", "plan9"}, {"haiku", "haiku"}, {"hurd", "hurd"},
	{"ios", "ios"}, {"wasi", "wasip1"}, {"wasm", "wasip1"}, {"wasm32", "wasip1"}, {"linux", "linux"}, {"gnulinux", "linux"},
}

// systemOf returns the system that a word names, and what follows it in the word if that
// is an architecture or a libc: linuxamd64, win64.
func systemOf(w string) (os, rest string) {
	for _, s := range systems {
		rest, ok := strings.CutPrefix(w, s.word)
		if !ok {
			continue
		}
		_, arch := arches[rest]
		_, libc := libcs[rest]
		if rest == "" || arch || libc || rest == "64" || rest == "32" {
			return s.os, rest
		}
		if s.word == "macos" && strings.Trim(rest, "0123456789") == "" {
			return s.os, ""
		}
	}
	return "", ""
}

// setOS notes a system. That of a triple such as aarch64-linux-android is the last one.
func (n *name) setOS(os string) {
	if n.os == "" || n.os == "linux" || n.os == os {
		n.os = os
		return
	}
	if os != "linux" && n.os != os {
		n.words = append(n.words, os) // two systems: no platform of ours
	}
}

// arch is an architecture, by Go's name, and the variant of arm.
type arch struct{ name, variant string }

// arches are the words for architectures.
var arches = archWords(map[arch]string{
	{"amd64", ""}:    "amd64 x8664 x64 64bit intel64 intel 64 amd64v1",
	{"386", ""}:      "386 i386 i486 i586 i686 x86 x32 ia32 32bit",
	{"arm64", ""}:    "arm64 aarch64 armv8 armv8l arm64v8 aarch64v8 silicon applesilicon m1",
	{"arm", "v7"}:    "armv7 armv7l armv7a armv7hf armv7h armhf arm7 arm32v7 armhfp armv7neon",
	{"arm", "v6"}:    "armv6 armv6l armv6hf armv6h arm6 arm32v6",
	{"arm", "v5"}:    "armv5 armv5te armv5l arm5 arm32v5 armel",
	{"arm", ""}:      "arm arm32",
	{"ppc64le", ""}:  "ppc64le ppc64el powerpc64le",
	{"ppc64", ""}:    "ppc64 powerpc64",
	{"ppc", ""}:      "ppc powerpc",
	{"s390x", ""}:    "s390x s390",
	{"riscv64", ""}:  "riscv64 riscv64gc riscv",
	{"loong64", ""}:  "loong64 loongarch64 loongarch",
	{"mips", ""}:     "mips mips32",
	{"mipsle", ""}:   "mipsle mipsel mips32le",
	{"mips64", ""}:   "mips64",
	{"mips64le", ""}: "mips64le mips64el",
	{"sparc64", ""}:  "sparc64 sparcv9",
	{"other", ""}:    "thumbv7neon hexagon i486gnu aarch64be arm64e armeb riscv32 riscv32gc",
	{"all", ""}:      "universal universal2 all any noarch fat anyarch multiarch universalbinary",
})

func archWords(by map[arch]string) map[string]arch {
	words := make(map[string]arch)
	for a, all := range by {
		for w := range strings.FieldsSeq(all) {
			words[w] = a
		}
	}
	delete(words, "64") // stands only behind a system
	return words
}

// setArch notes an architecture. A second one that differs says that the file is for
// several, which is no platform of ours.
func (n *name) setArch(a arch) {
	switch {
	case n.arch == "" || n.arch == "all" || n.arch == a.name && n.variant == "":
		n.arch, n.variant = a.name, a.variant
	case n.arch == a.name, a.name == "all":
	default:
		n.arch = "other"
	}
}

// libcs are the words for C libraries, which may say that floats are hard.
var libcs = map[string]struct {
	name string
	hard bool
}{
	"gnu": {"gnu", false}, "glibc": {"gnu", false}, "gnueabihf": {"gnu", true}, "gnueabi": {"gnu", false}, "gnux": {"gnu", false},
	"musl": {"musl", false}, "musleabihf": {"musl", true}, "musleabi": {"musl", false}, "muslc": {"musl", false},
}

// distros are the words for distributions of Linux.
var distros = wordSet(`ubuntu debian centos rhel fedora el opensuse suse sles amazonlinux al alpine rocky rockylinux almalinux archlinux manylinux
	bookworm bullseye buster stretch trixie focal jammy noble xenial bionic`)

// fits returns how well a file serves an architecture, less being better.
func (n *name) fits(arch, variant string) (int, bool) {
	switch {
	case n.arch == "":
		return 9, true
	case n.arch == "all":
		return 8, true
	case n.arch != arch:
		return 0, false
	case arch == "amd64":
		return bit(n.rough), max(n.level, 1) <= level(variant)
	case arch != "arm":
		return bit(n.rough), true
	}
	return n.armFits(variant)
}

// level returns the level of a variant of amd64.
func level(variant string) int {
	if len(variant) == 2 && "v1" <= variant && variant <= "v4" {
		return int(variant[1] - '0')
	}
	return 1
}

// armFits is fits of 32-bit arm: a processor runs what is for one before it. A name
// without a variant is for v6 or v7.
func (n *name) armFits(variant string) (int, bool) {
	order := []string{"v8", "v7", "v6", "v5"}
	own := n.variant
	soft := bit(n.libc != "" && !n.hard)
	if own == "" {
		return 2 + soft, variant == "v7" || variant == "v8" || variant == "v6" && n.hard
	}
	have, is := slices.Index(order, variant), slices.Index(order, own)
	if have < 0 || is < have {
		return 0, false
	}
	return 4*(is-have) + soft, true
}

// libcFits returns how well a file serves who wants a C library, less being better.
func (n *name) libcFits(want string) (int, bool) {
	switch want {
	case "musl":
		return bit(n.libc == ""), n.libc != "gnu"
	case "gnu":
		return bit(n.libc == ""), n.libc != "musl"
	}
	return bit(n.libc == "musl"), true
}
