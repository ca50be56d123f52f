package network

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"depfetch/cmd/internal/console"
	"depfetch/fetch/source"
)

// proxyVariables are the variables that name the proxy for a scheme. The first that is
// set counts, in curl's order; HTTP_PROXY is read as well, since Docker sets it.
var proxyVariables = map[string][]string{
	"http":  {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"},
	"https": {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"},
}

// proxySchemes are the supported protocols of proxies.
const proxySchemes = " http https socks5 socks5h "

// environmentProxy returns the function that chooses the proxy of a request from the
// environment. An address of a proxy that cannot be parsed is an error: requests must
// not bypass the proxy. The error does not contain it, since it may hold a password.
func environmentProxy(getenv func(string) string) (func(*http.Request) (*url.URL, error), error) {
	proxies := make(map[string]*url.URL)
	for scheme, names := range proxyVariables {
		for _, name := range names {
			value := getenv(name)
			if value == "" || name == "HTTP_PROXY" && getenv("REQUEST_METHOD") != "" {
				continue // under CGI, HTTP_PROXY comes from a header field of the request
			}
			u, err := ParseProxy(name, value)
			if err != nil {
				return nil, err
			}
			proxies[scheme] = u
			break
		}
	}
	except := NoProxy(getenv)
	return func(r *http.Request) (*url.URL, error) {
		u := proxies[r.URL.Scheme]
		if u == nil || loopback(r.URL.Hostname()) || Excepted(r.URL, except) {
			return nil, nil
		}
		return u, nil
	}, nil
}

// ParseProxy reads the address of a proxy from the value of an option or variable of this
// name. The error does not contain the address.
func ParseProxy(name, value string) (*url.URL, error) {
	if !strings.Contains(value, "://") {
		value = "http://" + value
	}
	u, err := url.Parse(value)
	switch {
	// A path or query is the rest of a password, which errors of requests would show.
	case err != nil || u.Hostname() == "" || u.Path != "" && u.Path != "/" || strings.ContainsAny(value, "?#"):
		return nil, console.Usagef("write it as http://host:port, special characters of a login as %40",
			"%s is not the address of a proxy", name)
	case !strings.Contains(proxySchemes, " "+u.Scheme+" "):
		return nil, console.Usagef("a proxy is http, https, socks5 or socks5h",
			"%s: a proxy of the kind %q is not supported here", name, u.Scheme)
	}
	return u, nil
}

// NoProxy returns the environment's list of hosts that need no proxy.
func NoProxy(getenv func(string) string) string {
	if list := getenv("no_proxy"); list != "" {
		return list
	}
	return getenv("NO_PROXY")
}

// loopback reports whether a host is this machine, for which no proxy is used.
func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.Unmap().IsLoopback()
}

// Excepted reports whether a list contains the host of an address. An element is "*", a
// domain (which includes all below it), an IP address or a range of addresses, with an
// optional port. Commas or blanks separate them.
func Excepted(u *url.URL, list string) bool {
	o, err := source.OriginOf(u)
	if err != nil {
		return false
	}
	addr, _ := netip.ParseAddr(o.Host)
	for _, entry := range strings.FieldsFunc(strings.ToLower(list), func(c rune) bool { return c == ',' || c == ' ' || c == '\t' }) {
		if entry == "*" {
			return true
		}
		if prefix, err := netip.ParsePrefix(entry); err == nil {
			if addr.IsValid() && prefix.Contains(addr) {
				return true
			}
			continue
		}
		host := strings.TrimSuffix(strings.TrimPrefix(entry, "["), "]")
		if h, port, err := net.SplitHostPort(entry); err == nil && net.ParseIP(entry) == nil {
			if port != o.Port {
				continue
			}
			host = h
		}
		if addr.IsValid() {
			if a, err := netip.ParseAddr(host); err == nil && a.Unmap() == addr {
				return true
			}
			continue
		}
		host = strings.Trim(strings.TrimPrefix(host, "*."), ".")
		if host != "" && (o.Host == host || strings.HasSuffix(o.Host, "."+host)) {
			return true
		}
	}
	return false
}
