package script

import (
	"encoding/hex"
	"path"
	"strings"
)

// languages are the package managers of programming languages, with the verbs that
// install and the options that take an argument.
var languages = map[string]struct {
	verbs string
	options
}{
	"pip": {"install download wheel", options{short: "rcefitdbI", long: []string{
		"requirement", "constraint", "editable", "find-links", "index-url", "extra-index-url", "target", "prefix", "root", "platform",
		"python-version", "trusted-host", "cache-dir", "timeout", "retries", "proxy", "dest", "src", "log", "cert", "config-settings",
		"global-option", "only-binary", "no-binary", "upgrade-strategy", "progress-bar", "python", "break-system-packages-of"}}},
	"pipx":     {"install inject runpip", options{short: "i", long: []string{"index-url", "python", "pip-args", "spec", "suffix"}}},
	"uv":       {"install add run sync", options{short: "rcefip", long: []string{"requirement", "requirements", "constraint", "editable", "find-links", "index-url", "extra-index-url", "index", "target", "prefix", "python", "with", "from", "cache-dir", "python-version"}}},
	"npm":      {"install i add in ci exec x", options{short: "Cw", long: []string{"prefix", "registry", "cache", "userconfig", "workspace", "loglevel", "omit", "tag", "fetch-retries", "fetch-timeout"}}},
	"yarn":     {"add global install dlx", options{long: []string{"cwd", "registry", "cache-folder", "network-timeout", "modules-folder"}}},
	"pnpm":     {"add install i dlx", options{short: "C", long: []string{"dir", "registry", "store-dir", "filter"}}},
	"npx":      {"", options{short: "pc", long: []string{"package", "call"}}},
	"gem":      {"install i specific_install", options{short: "vidnPsl", long: []string{"version", "install-dir", "bindir", "source", "clear-sources", "location", "branch", "ref", "tag"}}},
	"go":       {"install get run", options{long: []string{"ldflags", "tags", "gcflags", "asmflags", "o", "p", "mod", "modfile", "C"}}},
	"cargo":    {"install", options{short: "jFZ", long: []string{"git", "rev", "tag", "branch", "version", "root", "path", "features", "target", "profile", "target-dir", "registry", "index", "jobs", "bin", "example", "config"}}},
	"conda":    {"install create update", options{short: "ncpf", long: []string{"name", "channel", "prefix", "file", "solver"}}},
	"luarocks": {"install make build", options{long: []string{"server", "tree", "lua-version", "only-server"}}},
}

// languageAliases are package managers that are called as others.
var languageAliases = map[string]string{
	"pip3": "pip", "pip2": "pip", "mamba": "conda", "micromamba": "conda", "easy_install": "pip", "uvx": "uv", "bunx": "npx",
}

// evalLanguage evaluates a package manager of a programming language.
func evalLanguage(m *Machine, c *call) status {
	if of, ok := languageAliases[c.name]; ok {
		inner := *c
		if inner.name = of; c.name == "easy_install" {
			inner.args = append([]Value{Text("install")}, c.args...)
		}
		return evalLanguage(m, &inner)
	}
	l := languages[c.name]
	var (
		verb     string
		operands []Value
		refs     []Value // of repositories that options name
		git      Value
		required []Value // lists of requirements
	)
	args := c.args
	if c.name == "go" {
		args = longDashes(args)
	}
	for _, o := range l.parse(args) {
		switch v := o.value; o.name {
		case "":
			if verb == "" && l.verbs != "" {
				if !strings.Contains(" "+l.verbs+" ", " "+v.Text+" ") && (v.Text == "pip" || v.Text == "tool" || v.Text == "global") {
					continue // uv pip install, yarn global add
				}
				verb = v.Text
				continue
			}
			operands = append(operands, v)
		case "e", "editable", "spec", "with", "from", "p", "package":
			if c.name == "pip" || c.name == "pipx" || c.name == "uv" || c.name == "npx" {
				operands = append(operands, v)
			}
		case "r", "requirement", "requirements", "c", "constraint":
			if c.name == "pip" || c.name == "uv" {
				required = append(required, v)
			}
		case "git", "l", "location":
			git = v
		case "rev", "tag", "branch", "ref":
			refs = append(refs, v)
		}
	}
	if l.verbs != "" && !strings.Contains(" "+l.verbs+" ", " "+verb+" ") {
		m.query(c)
		return m.unknown(c)
	}
	if git.Text != "" {
		ref := Value{}
		if len(refs) > 0 {
			ref = refs[0]
		}
		noteCheckout(m, c, c.name, git, ref)
	}
	for _, v := range required {
		switch {
		case strings.Contains(v.Text, "://"):
			takeFile(m, c, v)
		case v.Text == "/dev/stdin":
			m.pipeInto(c, false)
		}
	}
	for _, v := range operands {
		if c.name == "go" {
			installModule(m, c, v)
		} else {
			installOperand(m, c, v)
		}
	}
	return m.unknown(c)
}

// longDashes writes the options of the go command as getopt_long has them.
func longDashes(args []Value) []Value {
	all := make([]Value, len(args))
	for i, a := range args {
		if all[i] = a; len(a.Text) > 1 && a.Text[0] == '-' && a.Text[1] != '-' {
			all[i] = a.with("-" + a.Text)
		}
	}
	return all
}

// installOperand evaluates what a package manager is to install.
func installOperand(m *Machine, c *call, v Value) {
	text := v.Text
	python := c.name == "pip" || c.name == "pipx" || c.name == "uv"
	if python {
		if _, address, ok := strings.Cut(text, "@ "); ok {
			text = strings.TrimSpace(address) // name @ address
		}
		text, _, _ = strings.Cut(text, " ;")
	}
	if m.used(m.abs(v.with(text)), c.name, c.start) != nil {
		return
	}
	switch scheme, rest, ok := strings.Cut(text, "://"); {
	case ok && (strings.HasPrefix(scheme, "git") || strings.HasPrefix(scheme, "hg") || strings.HasPrefix(scheme, "bzr") || strings.HasPrefix(scheme, "svn")):
		address, fragment, _ := strings.Cut(text, "#")
		ref := fragment
		if python {
			// git+https://host/path@ref: an @ before the first slash is a user's.
			ref = ""
			if i := strings.LastIndexByte(address, '@'); i > strings.LastIndexByte(address, '/') || i > 0 && strings.Contains(rest, "/") && i > len(scheme)+3+strings.IndexByte(rest, '/') {
				address, ref = address[:i], address[i+1:]
			}
		}
		_, repository, plus := strings.Cut(address, "+")
		if !plus || !strings.Contains(scheme, "+") {
			repository = address
		}
		noteCheckout(m, c, c.name, v.with(repository), v.with(strings.TrimPrefix(ref, "commit=")))
	case ok && (scheme == "http" || scheme == "https" || scheme == "ftp" || strings.HasPrefix(scheme, "$")):
		takeFile(m, c, v.with(text))
	case c.name == "npm" || c.name == "yarn" || c.name == "pnpm" || c.name == "npx":
		installHosted(m, c, v)
	}
}

// installHosted evaluates npm's short names of repositories: owner/name#ref, github:….
func installHosted(m *Machine, c *call, v Value) {
	name, ref, _ := strings.Cut(v.Text, "#")
	host := "github.com"
	for prefix, h := range map[string]string{"github:": "github.com", "gitlab:": "gitlab.com", "bitbucket:": "bitbucket.org"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			name, host = rest, h
		}
	}
	if !v.Known() || strings.Count(name, "/") != 1 || strings.ContainsAny(name[:1], "./~@-") || strings.ContainsAny(name, " :@") || strings.HasSuffix(name, "/") {
		return
	}
	noteCheckout(m, c, c.name, v.with("https://"+host+"/"+name), v.with(ref))
}

// takeFile notes a file that a package manager downloads from an address.
func takeFile(m *Machine, c *call, u Value) {
	address, fragment, _ := strings.Cut(u.Text, "#")
	f := &Fetch{Start: c.start, End: c.end, Run: m.source.Run, Tool: c.name, URL: u.with(address), Depends: m.uncertain(), consumed: true}
	m.Log(f)
	for _, part := range strings.Split(fragment, "&") {
		algo, sum, ok := strings.Cut(part, "=")
		if _, err := hex.DecodeString(sum); ok && err == nil && (strings.HasPrefix(algo, "sha") || algo == "md5") {
			m.Log(Checked{Fetch: f, Check: Check{At: c.start, Kind: CheckSum, Algo: algo, Sum: u.with(sum)}})
		}
	}
	m.Log(Piped{Fetch: f, At: c.start, Into: c.name})
}

// installModule evaluates a package of Go. What a version is of, the checksum database
// holds.
func installModule(m *Machine, c *call, v Value) {
	name, version, ok := strings.Cut(v.Text, "@")
	first, _, _ := strings.Cut(name, "/")
	if !strings.Contains(first, ".") || strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".go") || path.IsAbs(name) {
		return // of the module that is built, or of the standard library
	}
	if !ok && c.arg(0) != "get" {
		return // of a version that go.mod names
	}
	off := m.get("GOSUMDB").Text == "off" || strings.Contains(m.get("GOFLAGS").Text, "-insecure")
	m.Log(&Checkout{Start: c.start, End: c.end, Tool: c.name, URL: v.with(name), Ref: v.with(version), Module: true, Unchecked: off})
}
