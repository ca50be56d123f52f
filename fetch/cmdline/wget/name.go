package wget

import (
	"strconv"
	"strings"

	"depfetch/fetch/cmdline"
)

// names are the options that say how files are named after their URLs.
type names struct {
	dirs, protocol, noHost bool
	cut                    int    // how many leading directories are dropped
	page                   string // the file name of a URL that has none
	windows, control       bool   // the characters of Windows, and control characters, are written as they are not encoded
	ascii                  bool
	lower, upper           bool
}

// restrict reads the value of --restrict-file-names.
func (n *names) restrict(value string) error {
	for _, word := range strings.Split(strings.ToLower(value), ",") {
		switch word {
		case "unix":
			n.windows = false
		case "windows":
			n.windows = true
		case "lowercase":
			n.lower, n.upper = true, false
		case "uppercase":
			n.lower, n.upper = false, true
		case "nocontrol":
			n.control = true
		case "ascii":
			n.ascii = true
		default:
			return cmdline.Bad("--restrict-file-names=", value, ": want unix, windows, nocontrol, ascii, lowercase or uppercase")
		}
	}
	return nil
}

// maxName limits the last element of a path, in bytes, so that suffixes can be added.
const maxName = 255 - 19

// of returns the file of a URL below a directory. No element of its path that
// comes from the URL is "..".
func (n *names) of(dir, url string) string {
	url, _, _ = strings.Cut(url, "#")
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok {
		scheme, rest = "http", url
	}
	rest, query, hasQuery := strings.Cut(rest, "?")
	host, path, _ := strings.Cut(rest, "/")
	elements := simplify(strings.Split(path, "/"))
	file := elements[len(elements)-1]
	if file == "" {
		if file = n.page; file == "" {
			file = "index.html"
		}
	}
	if hasQuery && n.windows {
		file += "@" + query
	} else if hasQuery {
		file += "?" + query
	}
	var all []string
	if n.dirs {
		if n.protocol {
			all = append(all, n.element(strings.ToLower(scheme)))
		}
		if !n.noHost {
			all = append(all, n.host(host, strings.ToLower(scheme)))
		}
		for i, e := range elements[:len(elements)-1] {
			if i >= n.cut && e != "" {
				all = append(all, n.element(e))
			}
		}
	}
	return within(dir, strings.Join(append(all, n.element(file[:min(len(file), maxName)])), "/"))
}

// within returns the file of a name below a directory.
func within(dir, name string) string {
	if dir == "" || dir == "." {
		return name
	}
	return strings.TrimRight(dir, "/") + "/" + name
}

// afterSlash returns how busybox names the file of a URL: all that follows the last
// slash, even if that is in the query.
func afterSlash(url string) string {
	if _, rest, ok := strings.Cut(url, "://"); ok {
		url = rest
	}
	url = url[strings.IndexAny(url+"/", "/?#"):]
	if url = url[strings.LastIndexByte(url, '/')+1:]; url != "" && url[0] == '?' {
		url = url[1:]
	}
	if url == "" {
		return "index.html"
	}
	return url
}

// host returns the directory of a host.
func (n *names) host(host, scheme string) string {
	host = strings.ToLower(host[strings.LastIndexByte(host, '@')+1:])
	host = strings.TrimSuffix(host, map[string]string{"http": ":80", "https": ":443"}[scheme])
	if i := strings.LastIndexByte(host, ':'); i >= 0 && n.windows {
		host = host[:i] + "+" + host[i+1:]
	}
	if host == "" || host == "." || host == ".." {
		return "%2E"
	}
	return strings.ReplaceAll(host, "\\", "%5C")
}

// simplify resolves dot segments, as far as they are not percent-encoded.
func simplify(elements []string) []string {
	kept := make([]string, 0, len(elements)+1)
	for i, e := range elements {
		last := i == len(elements)-1
		switch e {
		case ".", "..":
			if e == ".." && len(kept) > 0 {
				kept = kept[:len(kept)-1]
			}
			if last {
				kept = append(kept, "")
			}
		default:
			kept = append(kept, e)
		}
	}
	return kept
}

// element returns a part of a URL as the name of a file or directory: decoded, with the
// characters that names must not have encoded again.
func (n *names) element(s string) string {
	var b []byte
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil && n > 0 {
				c = byte(n)
				i += 2
			}
		}
		b = append(b, c)
	}
	if string(b) == ".." {
		return "%2E%2E"
	}
	text := cmdline.Escape(string(b), func(c byte) bool {
		return c != '/' && (c >= ' ' && c != 0x7f || n.control) && (c < 0x80 || !n.ascii) && !(n.windows && strings.IndexByte("\\|<>?:\"*", c) >= 0)
	})
	switch {
	case n.lower:
		return strings.ToLower(text)
	case n.upper:
		return strings.ToUpper(text)
	default:
		return text
	}
}
