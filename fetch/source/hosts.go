package source

import (
	"fmt"
	"net/url"
	"strings"
)

// HostPattern is one entry of a policy's list of allowed hosts: an exact name,
// or "*.name" for every name at any depth below (not the name itself), with an
// optional port. A pattern without a port allows every port.
type HostPattern struct {
	name string // as Origin has it; for a wildcard, what follows "*", dot included
	wild bool
	port string
}

// ParseHostPattern reads a host pattern. Names compare without regard to case;
// an IPv6 address is written in brackets.
func ParseHostPattern(s string) (HostPattern, error) {
	var p HostPattern
	name := s
	if i := strings.LastIndexByte(s, ':'); i >= 0 && !strings.HasSuffix(s, "]") {
		var err error
		if p.port, err = portNumber(s[i+1:]); err != nil {
			return HostPattern{}, fmt.Errorf("host %q: %w", s, err)
		}
		name = s[:i]
	}
	if rest, ok := strings.CutPrefix(name, "*."); ok {
		p.wild, name = true, rest
	}
	inner, bracketed := strings.CutPrefix(name, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	switch {
	case bracketed != closed || bracketed && p.wild:
		return HostPattern{}, fmt.Errorf("host %q is not an address in brackets", s)
	case !bracketed && strings.Contains(name, ":"):
		return HostPattern{}, fmt.Errorf("host %q: %q cannot stand in a host name (write a name or *.name, with an optional port)", s, ':')
	case name == "" || name == ".":
		return HostPattern{}, fmt.Errorf("host %q has no name", s)
	}
	for _, r := range LowerASCII(inner) {
		if !bracketed && r < 0x80 && !strings.ContainsRune(hostLetters, r) {
			return HostPattern{}, fmt.Errorf("host %q: %q cannot stand in a host name (write a name or *.name, with an optional port)", s, r)
		}
	}
	var err error
	if p.name, err = hostName(inner, bracketed); err != nil {
		return HostPattern{}, err
	}
	if p.wild {
		p.name = "." + p.name
	}
	return p, nil
}

// Match reports whether u, an http or https URL, leads to a host that p allows.
func (p HostPattern) Match(u *url.URL) bool {
	o, err := OriginOf(u)
	switch {
	case err != nil || p.port != "" && p.port != o.Port:
		return false
	case p.wild:
		return strings.HasSuffix(o.Host, p.name) && len(o.Host) > len(p.name)
	}
	return o.Host == p.name
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
