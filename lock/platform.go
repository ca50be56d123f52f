package lock

import (
	"errors"
	"fmt"
	"strings"
)

// Platform is a system that a file is for, in the canonical form of Docker and
// containerd: "os/arch" or "os/arch/variant", lower case. Values are
// comparable; they come from [ParsePlatform] and [NormalizePlatform].
type Platform string

// Any is the platform of a locked line that stands for every platform.
const Any Platform = "any"

// ParsePlatform reads a platform in its canonical form. The error for another
// spelling of a platform names the canonical one.
func ParsePlatform(s string) (Platform, error) {
	p, err := NormalizePlatform(s)
	switch {
	case s == string(Any):
		return "", errors.New(`"any" can only be the key of a locked line`)
	case err != nil:
		return "", err
	case string(p) != s:
		return "", fmt.Errorf("platform %q is written %q", s, string(p))
	}
	return p, nil
}

// NormalizePlatform reads a platform as people and machines spell it, such as
// "Linux/x86_64" or "linux/arm64/v8", and returns its canonical form by the
// rules of containerd's platforms.Normalize. It ignores an operating system's
// version in parentheses.
func NormalizePlatform(s string) (Platform, error) {
	parts := strings.Split(strings.ToLower(s), "/")
	if len(parts) < 2 || len(parts) > 3 {
		return "", fmt.Errorf("platform %q: want os/arch or os/arch/variant", s)
	}
	os, version, _ := strings.Cut(parts[0], "(")
	if version != "" && strings.HasSuffix(version, ")") {
		parts[0] = os
	}
	for _, part := range parts {
		if part == "" || !consistsOf(part, "._-") {
			return "", fmt.Errorf("platform %q: want os/arch or os/arch/variant", s)
		}
	}
	if parts[0] == "macos" {
		parts[0] = "darwin"
	}
	arch, variant := normalizeArch(parts[1], strings.Join(parts[2:], ""))
	p := parts[0] + "/" + arch
	if variant != "" {
		p += "/" + variant
	}
	return Platform(p), nil
}

// normalizeArch returns the canonical form of a lower-case architecture and its
// variant, either of which may be what uname or a Debian package says.
func normalizeArch(arch, variant string) (string, string) {
	switch arch {
	case "i386":
		return "386", ""
	case "x86_64", "x86-64", "amd64":
		if variant == "v1" {
			variant = ""
		}
		return "amd64", variant
	case "aarch64", "arm64":
		switch variant {
		case "8", "v8", "v8.0":
			variant = ""
		case "9", "9.0", "v9.0":
			variant = "v9"
		}
		return "arm64", variant
	case "armhf":
		return "arm", "v7"
	case "armel":
		return "arm", "v6"
	case "arm":
		switch variant {
		case "", "7":
			variant = "v7"
		case "5", "6", "8":
			variant = "v" + variant
		}
	}
	return arch, variant
}

// String returns p as the lockfile writes it.
func (p Platform) String() string { return string(p) }

// split returns the parts of p; variant may be empty.
func (p Platform) split() (os, arch, variant string) {
	os, rest, _ := strings.Cut(string(p), "/")
	arch, variant, _ = strings.Cut(rest, "/")
	return os, arch, variant
}

// Uname returns what `uname -m` says on p, or "" if that is not known.
func (p Platform) Uname() string {
	os, arch, variant := p.split()
	switch os {
	case "linux":
		return linuxUname(arch, variant)
	case "darwin":
		return map[string]string{"amd64": "x86_64", "arm64": "arm64"}[arch]
	case "freebsd", "openbsd":
		return map[string]string{"amd64": "amd64", "arm64": "arm64", "386": "i386"}[arch]
	}
	return ""
}

// linuxUname returns the machine name that the Linux kernel reports.
func linuxUname(arch, variant string) string {
	switch arch {
	case "amd64":
		return "x86_64"
	case "386":
		return "i686"
	case "arm64":
		return "aarch64"
	case "arm":
		return map[string]string{"v5": "armv5tel", "v6": "armv6l", "v7": "armv7l", "v8": "armv8l"}[variant]
	case "loong64":
		return "loongarch64"
	case "mips", "mipsle":
		return "mips"
	case "mips64", "mips64le":
		return "mips64"
	case "ppc64", "ppc64le", "riscv64", "s390x":
		return arch
	}
	return ""
}
