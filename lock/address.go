package lock

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"depfetch/fetch/source"
)

// once returns what check says of s. A lockfile has few hosts, and most locked
// addresses are what a template expands to: each is looked at once.
func (d *document) once(s string, check func(string) error) error {
	err, known := d.checked[s]
	if !known {
		err = check(s)
		d.checked[s] = err
	}
	return err
}

// checkAddress returns why s is not an address that a lockfile may hold, or
// nil. An http or https address must be one that Go's client sends byte for
// byte. No message repeats what may be a credential.
func (d *document) checkAddress(s string) error { return d.once(s, d.addressFault) }

func (d *document) addressFault(s string) error {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			r, _ := utf8.DecodeRuneInString(s[i:])
			return fmt.Errorf("percent-encode %q: an address is printable ASCII without spaces", r)
		}
	}
	scheme, authority, tail, ok := splitAddress(s)
	if !ok {
		return errors.New("no scheme: an address begins with https://, http:// or file:///")
	}
	if err := checkScheme(scheme); err != nil {
		return err
	}
	switch {
	case strings.Contains(authority, "@"):
		return errors.New("credentials do not belong in a lockfile; give them with --netrc")
	case strings.Contains(tail, "#"):
		return errors.New("a fragment (#) is never sent to a server; leave it out")
	}
	u, err := url.Parse(s)
	if err != nil {
		err = errors.Unwrap(err)
		if strings.HasPrefix(err.Error(), "invalid port") {
			err = errors.New("what follows the host is no port") // it may be a password
		}
		return fmt.Errorf("not an address: %w", err)
	}
	if scheme == "file" {
		err = checkFileAddress(authority, tail)
	} else {
		err = d.once(authority, checkHost)
	}
	if err != nil {
		return err
	}
	if !strings.HasPrefix(tail, "/") {
		tail = "/" + tail
	}
	if sent := u.RequestURI(); sent != tail {
		return fmt.Errorf("percent-encode %q: it would be sent as %q", tail, sent)
	}
	return nil
}

// checkMirror returns why s is not an address of a mirror, or nil: one that checkAddress
// allows, or a repository of a registry.
func (d *document) checkMirror(s string) error {
	if !source.InRegistry(s) {
		return d.checkAddress(s)
	}
	return d.once(s, source.CheckRepository)
}

// splitAddress returns the parts of "scheme://authority/tail", the tail with
// the slash, question mark or hash that it begins with.
func splitAddress(s string) (scheme, authority, tail string, ok bool) {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok || scheme == "" || !consistsOf(scheme[:1], "") || scheme[0] <= '9' || !consistsOf(scheme, "+.-") {
		return "", "", "", false
	}
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		return scheme, rest[:i], rest[i:], true
	}
	return scheme, rest, "", true
}

// checkScheme returns why a scheme cannot be used, or nil.
func checkScheme(scheme string) error {
	switch lower := strings.ToLower(scheme); lower {
	case "https", "http", "file":
		if scheme != lower {
			return fmt.Errorf("scheme %q is written %q", scheme, lower)
		}
		return nil
	case "oci":
		return errors.New(`scheme "oci" is for mirrors alone, and written in lower case: oci://HOST/REPOSITORY`)
	default:
		return fmt.Errorf("scheme %q is not supported: want https, http or file", scheme)
	}
}

// checkHost returns why an authority without credentials names no host, or nil.
func checkHost(authority string) error {
	if authority == "" {
		return errors.New("no host")
	}
	if strings.ContainsAny(authority, "*%") {
		return fmt.Errorf("host %q: a pattern or a zone names no host", authority)
	}
	_, err := source.ParseHostPattern(authority)
	return err
}

// checkFileAddress returns why a file address does not name a local file by its
// absolute path, or nil.
func checkFileAddress(authority, tail string) error {
	if authority != "" && authority != "localhost" || len(tail) < 2 || tail[0] != '/' || strings.Contains(tail, "?") {
		return errors.New("a file address is file:///absolute/path")
	}
	return nil
}
