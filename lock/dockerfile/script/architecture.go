package script

import (
	"strings"

	"depfetch/lock"
)

// names are what an architecture is called by the programs that scripts ask.
type names struct{ uname, dpkg, apk, gnu string }

func architecture(p lock.Platform) (names, bool) {
	n, ok := map[string]names{
		"amd64":    {"x86_64", "amd64", "x86_64", "x86_64-linux-gnu"},
		"arm64":    {"aarch64", "arm64", "aarch64", "aarch64-linux-gnu"},
		"arm/v7":   {"armv7l", "armhf", "armv7", "arm-linux-gnueabihf"},
		"arm/v6":   {"armv6l", "armel", "armhf", "arm-linux-gnueabi"},
		"arm/v5":   {"armv5tel", "armel", "armhf", "arm-linux-gnueabi"},
		"386":      {"i686", "i386", "x86", "i386-linux-gnu"},
		"ppc64le":  {"ppc64le", "ppc64el", "ppc64le", "powerpc64le-linux-gnu"},
		"s390x":    {"s390x", "s390x", "s390x", "s390x-linux-gnu"},
		"riscv64":  {"riscv64", "riscv64", "riscv64", "riscv64-linux-gnu"},
		"loong64":  {"loongarch64", "loong64", "loongarch64", "loongarch64-linux-gnu"},
		"mips64le": {"mips64", "mips64el", "mips64", "mips64el-linux-gnuabi64"},
	}[strings.TrimPrefix(string(p), "linux/")]
	return n, ok
}

// TargetVars returns the variables that BuildKit defines for a platform, in the
// order in which its documentation lists them. The build is taken to run on the
// platform that it is for.
func TargetVars(p lock.Platform) map[string]string {
	parts := strings.SplitN(string(p), "/", 3)
	parts = append(parts, "", "")
	vars := make(map[string]string)
	for _, kind := range []string{"TARGET", "BUILD"} {
		vars[kind+"PLATFORM"] = string(p)
		vars[kind+"OS"], vars[kind+"ARCH"], vars[kind+"VARIANT"] = parts[0], parts[1], parts[2]
	}
	return vars
}

func evalUname(m *Machine, c *call) status {
	n, ok := architecture(m.Platform)
	var kernel, machine, system bool
	for _, o := range (options{}).parse(c.args) {
		// Long names may be abbreviated.
		is := func(short, long string, least int) bool {
			return o.name == short || len(o.name) >= least && strings.HasPrefix(long, o.name)
		}
		switch {
		case o.name == "" || !o.value.Known():
			ok = false
		case is("m", "machine", 1):
			machine = true
		case is("s", "kernel-name", 8), o.name == "sysname":
			kernel = true
		case is("o", "operating-system", 1):
			system = true
		default:
			ok = false // the release, the name of the host, or what differs between systems
		}
	}
	var words []string
	if kernel || len(c.args) == 0 {
		words = append(words, "Linux")
	}
	if machine {
		words = append(words, n.uname)
	}
	if system {
		words = append(words, "GNU/Linux")
		ok = ok && !system // Linux, where it is not that of GNU
	}
	return m.say(c, ok, strings.Join(words, " "))
}

func evalArch(m *Machine, c *call) status {
	n, ok := architecture(m.Platform)
	return m.say(c, ok && len(c.args) == 0, n.uname)
}

func evalDpkg(m *Machine, c *call) status {
	n, ok := architecture(m.Platform)
	switch c.arg(0) {
	case "--print-architecture":
		return m.say(c, ok, n.dpkg)
	case "-i", "--install", "--unpack", "-x", "--extract":
		for _, a := range c.args[1:] {
			m.used(m.abs(a), "dpkg", c.start)
		}
		return assumed
	}
	return m.unknown(c)
}

func evalDpkgArchitecture(m *Machine, c *call) status {
	n, ok := architecture(m.Platform)
	query := strings.Join(c.texts(), " ")
	switch {
	case strings.HasSuffix(query, "DEB_HOST_ARCH"), strings.HasSuffix(query, "DEB_BUILD_ARCH"), strings.HasSuffix(query, "DEB_TARGET_ARCH"):
		return m.say(c, ok, n.dpkg)
	case strings.HasSuffix(query, "_GNU_TYPE"), strings.HasSuffix(query, "_MULTIARCH"):
		return m.say(c, ok, n.gnu)
	case strings.HasSuffix(query, "_GNU_CPU"):
		cpu, _, _ := strings.Cut(n.gnu, "-")
		return m.say(c, ok, cpu)
	}
	return m.unknown(c)
}

func evalRpm(m *Machine, c *call) status {
	found := false
	for _, a := range c.args {
		if strings.Contains(a.Text, "://") && !strings.HasPrefix(a.Text, "-") && !strings.HasPrefix(a.Text, "file:") && installs(c) {
			takeFile(m, c, a)
			found = true
		}
	}
	if found {
		return m.unknown(c)
	}
	n, ok := architecture(m.Platform)
	text := strings.Join(c.texts(), " ")
	switch {
	case strings.Contains(text, "-q") && (strings.Contains(text, "queryformat") || strings.Contains(text, "--qf")) && strings.Contains(text, "%{ARCH}") && !strings.Contains(text, "%{V"):
		return m.say(c, ok, n.uname)
	case text == "--eval %{_arch}" || text == "-E %{_arch}" || text == "--eval %_arch" || text == "-E %_arch":
		return m.say(c, ok, n.uname)
	case strings.HasPrefix(text, "-K") || strings.HasPrefix(text, "--checksig"):
		return evalSignature(m, c)
	}
	useAll(m, c)
	return m.unknown(c)
}

func evalGetconf(m *Machine, c *call) status {
	if len(c.args) != 1 {
		return m.unknown(c)
	}
	long := "64"
	if strings.HasPrefix(string(m.Platform), "linux/arm/") || m.Platform == "linux/386" {
		long = "32"
	}
	return m.say(c, c.arg(0) == "LONG_BIT", long)
}
