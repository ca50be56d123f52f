package migrate

import (
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"

	"depfetch/lock"
)

// names gives dependencies names that are not taken.
type names struct{ taken map[string]bool }

func newNames(present []*lock.Dep) *names {
	n := &names{make(map[string]bool)}
	for _, d := range present {
		n.taken[strings.ToLower(d.Name)] = true
	}
	return n
}

var (
	// ending matches what file names end with that says how they are packed.
	ending = regexp.MustCompile(`(?i)\.(tar(\.\w+)?|t[gbx]z2?|tzst|zip|gz|xz|bz2|zst|deb|rpm|apk|jar|phar|pyz|whl|run|bin|AppImage|exe|sh|py)$`)
	// plain is a name as the lockfile takes it.
	plain = regexp.MustCompile(`[^A-Za-z0-9._+-]+`)
	// rest is where the name of a release file ends and its version or platform
	// begins.
	rest = regexp.MustCompile(`(?i)([-_.@]v?|v)?\{.*|[-_.@]v?\d.*|\d+\.\d.*|[-_.@]((linux|darwin|windows|x86|x64|amd64|arm|aarch|i386|musl|gnu|bin|dist|src|noarch|all|static|stable)([-_.].*|$))`)
)

// of returns a name for a dependency: that of its file or, for an archive, that of
// what it is an archive of.
func (n *names) of(address, file string, archive bool) string {
	base := path.Base(file)
	if archive || ending.MatchString(base) {
		base = archiveName(address)
	}
	base = strings.Trim(plain.ReplaceAllString(base, "-"), "-._+")
	if base == "" {
		base = "file"
	}
	base = base[:min(len(base), 100)]
	name := base
	for i := 2; n.taken[strings.ToLower(name)]; i++ {
		name = base + "-" + strconv.Itoa(i)
	}
	n.taken[strings.ToLower(name)] = true
	return name
}

// archiveName returns what the file of an address is called without its version,
// platform and endings.
func archiveName(address string) string {
	u, err := url.Parse(strings.NewReplacer("{", "%7B", "}", "%7D").Replace(address))
	if err != nil {
		return ""
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	if u.Host == "github.com" && len(parts) > 2 && parts[2] == "archive" {
		return parts[1] // the file is called for its version alone
	}
	base := path.Base(u.Path)
	for ending.MatchString(base) {
		base = ending.ReplaceAllString(base, "")
	}
	if i := rest.FindStringIndex(base); i != nil {
		base = base[:i[0]]
	}
	if base != "" && base != "." && base != "/" {
		return base
	}
	if u.Host == "github.com" && len(parts) > 1 {
		return parts[1]
	}
	for i := len(parts) - 2; i >= 0; i-- {
		if p := parts[i]; p != "" && rest.FindStringIndex(p) == nil {
			return p
		}
	}
	return u.Hostname()
}
