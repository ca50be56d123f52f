package source

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// Origin is the origin of an http or https address (RFC 6454): the scheme, the host by
// exactly the name that is dialled or given to a proxy, and the port. Two addresses have
// the same origin if all three are equal. All comparisons of hosts use this type.
type Origin struct {
	Scheme string // "https" or "http"
	Host   string // a name in lower case, or an IP address in canonical form, without brackets
	Port   string // in decimal, the scheme's default one included
}

// String returns the origin as it is written in an address.
func (o Origin) String() string {
	return o.Scheme + "://" + o.Authority()
}

// Authority returns host and port as they are written in an address, the port
// unless it is the default one.
func (o Origin) Authority() string {
	host := o.Host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if o.Port == defaultPorts[o.Scheme] {
		return host
	}
	return host + ":" + o.Port
}

var defaultPorts = map[string]string{"http": "80", "https": "443"}

// OriginOf returns the origin of an address. A host that could be understood in more than
// one way is an error. A name that is not ASCII is one: it would be mapped to another
// name before it is dialled, and the address must contain that name itself.
func OriginOf(u *url.URL) (Origin, error) {
	scheme := u.Scheme
	switch {
	case scheme == "":
		return Origin{}, errors.New("it begins with neither https:// nor http://")
	case defaultPorts[scheme] == "":
		return Origin{}, fmt.Errorf("%q is neither https nor http", scheme+":")
	}
	if u.Host == "" || u.Opaque != "" {
		return Origin{}, errors.New("the address names no host")
	}
	o := Origin{Scheme: scheme, Port: defaultPorts[scheme]}
	var err error
	if o.Host, err = hostName(u.Hostname(), strings.HasPrefix(u.Host, "[")); err != nil {
		return Origin{}, err
	}
	if port := u.Port(); port != "" {
		if o.Port, err = portNumber(port); err != nil {
			return Origin{}, fmt.Errorf("host %q: %w", u.Hostname(), err)
		}
	}
	return o, nil
}

// SameOrigin reports whether two addresses lead to the same origin.
func SameOrigin(a, b string) bool {
	x, err := ParseOrigin(a)
	if err != nil {
		return false
	}
	y, err := ParseOrigin(b)
	return err == nil && x == y
}

// ParseOrigin returns the origin of an address, whose path and query do not count.
func ParseOrigin(address string) (Origin, error) {
	_, rest, _ := strings.Cut(address, "://")
	end := len(address) - len(rest) + strings.IndexAny(rest+"/", "/?#")
	u, err := url.Parse(address[:end])
	if err != nil {
		return Origin{}, errUnreadable // the parser's error may quote a password as a port
	}
	return OriginOf(u)
}

func sameOrigin(a, b *url.URL) bool {
	if a == b {
		return true
	}
	x, err := OriginOf(a)
	if err != nil {
		return false
	}
	y, err := OriginOf(b)
	return err == nil && x == y
}

// hostName returns the canonical form of a host's name or IP address. The dot at the end
// of a name with several labels is dropped: the name without it is the same.
func hostName(name string, bracketed bool) (string, error) {
	for _, r := range name {
		if r >= 0x80 {
			return "", fmt.Errorf("host %q is not ASCII; write it in its xn-- form", name)
		}
	}
	if bracketed || strings.Contains(name, ":") {
		a, err := netip.ParseAddr(name)
		if err != nil || a.Is4() {
			return "", fmt.Errorf("host %q is not an address in brackets", "["+name+"]")
		}
		if a.Zone() != "" {
			return "", fmt.Errorf("host %q: a zone (%%) is not supported here", "["+name+"]")
		}
		return a.Unmap().String(), nil
	}
	written := LowerASCII(name)
	name = strings.TrimSuffix(written, ".")
	last := name[strings.LastIndexByte(name, '.')+1:]
	if last == "" || name[0] == '.' || strings.Contains(name, "..") {
		return "", fmt.Errorf("host %q: a part of the name is empty", written)
	}
	if last == name {
		name = written
	}
	if i := strings.IndexFunc(name, func(r rune) bool { return !strings.ContainsRune(hostLetters, r) }); i >= 0 {
		return "", fmt.Errorf("host %q: %q cannot stand in a host name", name, name[i])
	}
	// Resolvers and proxies treat names that end in a number differently: 127.1 and
	// 0x7f.0.0.1 are 127.0.0.1 for some of them.
	if strings.Trim(last, "0123456789") == "" || hexNumber(last) {
		a, err := netip.ParseAddr(written)
		if err != nil {
			return "", fmt.Errorf("host %q: write an IPv4 address as four decimal numbers", name)
		}
		return a.String(), nil
	}
	return name, nil
}

const hostLetters = "abcdefghijklmnopqrstuvwxyz0123456789-._"

func hexNumber(s string) bool {
	digits, ok := strings.CutPrefix(s, "0x")
	return ok && strings.Trim(digits, "0123456789abcdef") == ""
}

// portNumber returns a port without leading zeros.
func portNumber(s string) (string, error) {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n == 0 || strings.Trim(s, "0123456789") != "" {
		return "", fmt.Errorf("%q is not a port number", s)
	}
	return strconv.FormatUint(n, 10), nil
}

// LowerASCII returns s with the letters A to Z in lower case. Others are not changed:
// some have an ASCII letter as their lower case, which would make another host.
func LowerASCII(s string) string {
	if strings.IndexFunc(s, isUpperASCII) < 0 {
		return s
	}
	b := []byte(s)
	for i, c := range b {
		if isUpperASCII(rune(c)) {
			b[i] += 'a' - 'A'
		}
	}
	return string(b)
}

func isUpperASCII(r rune) bool { return 'A' <= r && r <= 'Z' }
