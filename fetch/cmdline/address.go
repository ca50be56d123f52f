package cmdline

import (
	"net/url"
	"strings"

	"depfetch/fetch/source"
)

// Address is an address of a command line in the form in which curl would request it.
// Addresses are compared with those of the lockfile in this form.
type Address struct {
	URL      string // without credentials and fragment
	Scheme   string // in lower case
	User     string
	Password string
	HasUser  bool
}

// Normalize reads an address as curl does (RFC 3986, section 6.2.2): a missing
// scheme is scheme, case does not matter in scheme and host, an empty path is
// "/", and dot segments are resolved unless asIs is set. Nothing else is changed:
// neither percent-encoding nor ports nor the order of a query.
func Normalize(s, scheme string, asIs bool) (Address, error) {
	var a Address
	for i := range len(s) {
		if s[i] <= ' ' || s[i] == 0x7f {
			return a, Bad("the URL holds a space or a control character")
		}
	}
	rest := s
	if before, after, ok := strings.Cut(s, "://"); ok && before != "" && !strings.ContainsAny(before, "/?#.@[") {
		a.Scheme, rest = source.LowerASCII(before), after
	} else {
		a.Scheme = scheme
	}
	rest, _, _ = strings.Cut(rest, "#")
	authority, tail := rest, ""
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		authority, tail = rest[:i], rest[i:]
	}
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		user, password, _ := strings.Cut(authority[:i], ":")
		a.User, a.Password, a.HasUser = unescape(user), unescape(password), true
		authority = authority[i+1:]
	}
	if a.Scheme == "file" && strings.EqualFold(authority, "localhost") {
		authority = ""
	}
	if authority == "" && a.Scheme != "file" {
		return a, Bad("the URL names no host")
	}
	path, query := tail, ""
	if i := strings.IndexByte(tail, '?'); i >= 0 {
		path, query = tail[:i], tail[i:]
	}
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	if !asIs {
		path = removeDots(path)
	}
	a.URL = a.Scheme + "://" + source.LowerASCII(authority) + path + query
	return a, nil
}

func unescape(s string) string {
	if u, err := url.PathUnescape(s); err == nil {
		return u
	}
	return s
}

// Escape percent-encodes the bytes of s that keep does not report.
func Escape(s string, keep func(c byte) bool) string {
	const hex = "0123456789ABCDEF"
	var b []byte
	for i := range len(s) {
		if c := s[i]; keep(c) {
			b = append(b, c)
		} else {
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return string(b)
}

// removeDots resolves dot segments (RFC 3986, section 5.2.4), as curl does in
// their percent-encoded forms too.
func removeDots(path string) string {
	segments := strings.Split(path[1:], "/")
	var kept []string
	for i, s := range segments {
		last := i == len(segments)-1
		switch strings.ReplaceAll(strings.ToLower(s), "%2e", ".") {
		case ".":
			if last {
				kept = append(kept, "")
			}
		case "..":
			kept = kept[:max(len(kept)-1, 0)]
			if last {
				kept = append(kept, "")
			}
		default:
			kept = append(kept, s)
		}
	}
	return "/" + strings.Join(kept, "/")
}

// Base returns the last element of the path of an address, which may be empty.
func Base(address string) string {
	if i := strings.IndexAny(address, "?#"); i >= 0 {
		address = address[:i]
	}
	if _, rest, ok := strings.Cut(address, "://"); ok {
		address = rest
	}
	if !strings.Contains(address, "/") {
		return ""
	}
	return address[strings.LastIndexByte(address, '/')+1:]
}
