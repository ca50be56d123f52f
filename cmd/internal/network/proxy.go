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

// proxyVariables are the variables that name the proxy for a scheme, the first that
// is set counts: as for curl, and HTTP_PROXY besides, which Docker sets.
var proxyVariables = map[string][]string{
	"http":  {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"},
	"https": {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"},
}

// proxySchemes are the protocols in which a proxy can be spoken to.
const proxySchemes = " http https socks5 socks5h "

// environmentProxy returns what chooses the proxy of a request by the environment.
// A proxy whose address cannot be read is an error: without it, requests would take
// another way than the one that was wanted. The address may hold a password.
func environmentProxy(getenv func(string) string) (func(*http.Request) (*url.URL, error), error) {
	proxies := make(map[string]*url.URL)
	for scheme, names := range proxyVariables {
		for _, name := range names {
			value := getenv(name)
			if value == "" || name == "HTTP_PROXY" && getenv("REQUEST_METHOD") != "" {
				continue // under CGI, HTTP_PROXY is a field of a request
			}
			u, err := parseProxy(value)
			if err != nil {
				return nil, console.Usagef("write it as http://host:port, special characters of a login as %40",
					"%s is not the address of a proxy", name)
			}
			if !strings.Contains(proxySchemes, " "+u.Scheme+" ") {
				return nil, console.Usagef("a proxy is http, https, socks5 or socks5h",
					"%s: a proxy of the kind %q is not supported here", name, u.Scheme)
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

func parseProxy(value string) (*url.URL, error) {
	if !strings.Contains(value, "://") {
		value = "http://" + value
	}
	u, err := url.Parse(value)
	if err == nil && u.Host == "" {
		err = url.InvalidHostError(value)
	}
	return u, err
}

// NoProxy returns the list of hosts that the environment excepts from proxies.
func NoProxy(getenv func(string) string) string {
	if list := getenv("no_proxy"); list != "" {
		return list
	}
	return getenv("NO_PROXY")
}

// loopback reports whether a host is this machine, to which no proxy leads.
func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.Unmap().IsLoopback()
}

// Excepted reports whether a list of hosts names the one of an address: "*", a
// domain with all that is below it, an IP address, or a range of them, each with a
// port if it is for that alone. Commas or blanks stand between them.
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
