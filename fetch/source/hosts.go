package source

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// HostPattern is one entry of a policy's list of allowed hosts: an exact name,
// or "*.name" for every name at any depth below (not the name itself), with an
// optional port. A pattern without a port allows every port.
type HostPattern struct {
	name string // lower case; for a wildcard, what follows "*", dot included
	wild bool
	port string
}

// ParseHostPattern reads a host pattern. Names compare without regard to case;
// an IPv6 address is written in brackets.
func ParseHostPattern(s string) (HostPattern, error) {
	var p HostPattern
	name := s
	if i := strings.LastIndexByte(s, ':'); i >= 0 && !strings.HasSuffix(s, "]") {
		name, p.port = s[:i], s[i+1:]
		if _, err := net.LookupPort("tcp", p.port); err != nil || strings.Trim(p.port, "0123456789") != "" || p.port == "" {
			return HostPattern{}, fmt.Errorf("host %q: %q is not a port number", s, p.port)
		}
	}
	if rest, ok := strings.CutPrefix(name, "*."); ok {
		p.wild, name = true, rest
	}
	if strings.HasPrefix(name, "[") {
		a, err := netip.ParseAddr(strings.TrimSuffix(name[1:], "]"))
		if err != nil || p.wild || !strings.HasSuffix(name, "]") {
			return HostPattern{}, fmt.Errorf("host %q is not an address in brackets", s)
		}
		p.name = a.String()
		return p, nil
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if name == "" {
		return HostPattern{}, fmt.Errorf("host %q has no name", s)
	}
	for _, r := range name {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789-._", r) {
			return HostPattern{}, fmt.Errorf("host %q: %q cannot stand in a host name (write a name or *.name, with an optional port)", s, r)
		}
	}
	p.name = name
	if p.wild {
		p.name = "." + name
	}
	return p, nil
}

// Match reports whether u, an http or https URL, leads to a host that p allows.
func (p HostPattern) Match(u *url.URL) bool {
	if p.port != "" && p.port != effectivePort(u) {
		return false
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if a, err := netip.ParseAddr(host); err == nil {
		host = a.String()
	}
	if p.wild {
		return strings.HasSuffix(host, p.name) && len(host) > len(p.name)
	}
	return host == p.name
}

func (p HostPattern) String() string {
	s := p.name
	if p.wild {
		s = "*" + s
	} else if strings.Contains(s, ":") {
		s = "[" + s + "]"
	}
	if p.port != "" {
		s += ":" + p.port
	}
	return s
}

// effectivePort returns u's port, or the default one of its scheme.
func effectivePort(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	switch u.Scheme {
	case "http":
		return "80"
	case "https":
		return "443"
	}
	return ""
}
