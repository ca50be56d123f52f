package source

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
)

// Cookies keeps the cookies that servers set during a run, and sends them back as in RFC
// 6265, except that expiry dates are ignored. The zero value is empty. It is safe for
// concurrent use.
type Cookies struct {
	mu  sync.Mutex
	all []cookie
}

type cookie struct {
	name, value  string
	host, path   string
	below        bool // subdomains of the host get it too
	secure, gone bool
}

// take keeps the cookies of an answer. A cookie for a domain that does not contain the
// host is ignored.
func (c *Cookies) take(u *url.URL, header http.Header) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, line := range header["Set-Cookie"] {
		pair, rest, _ := strings.Cut(line, ";")
		name, value, ok := strings.Cut(pair, "=")
		k := cookie{name: strings.TrimSpace(name), value: strings.TrimSpace(value), host: u.Hostname()}
		k.path = u.Path[:max(strings.LastIndexByte(u.Path, '/'), 0)]
		for _, attribute := range strings.Split(rest, ";") {
			key, value, _ := strings.Cut(attribute, "=")
			value = strings.TrimSpace(value)
			switch strings.ToLower(strings.TrimSpace(key)) {
			case "domain":
				if domain := strings.ToLower(strings.TrimPrefix(value, ".")); domain != "" && domain != k.host {
					_, err := netip.ParseAddr(k.host)
					ok = ok && err != nil && strings.Contains(domain, ".")
					k.host = domain
				}
				k.below = value != ""
			case "path":
				if strings.HasPrefix(value, "/") {
					k.path = strings.TrimRight(value, "/")
				}
			case "secure":
				k.secure = true
				ok = ok && u.Scheme == "https"
			case "max-age":
				k.gone = value == "0" || strings.HasPrefix(value, "-")
			}
		}
		if !ok || k.name == "" || k.host != u.Hostname() && !strings.HasSuffix(u.Hostname(), "."+k.host) {
			continue
		}
		for i := range c.all {
			if old := &c.all[i]; old.name == k.name && old.host == k.host && old.path == k.path {
				old.gone = true
			}
		}
		c.all = append(c.all, k)
	}
}

// set adds the cookies for a request's address to it.
func (c *Cookies) set(r *http.Request) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	all := r.Header.Get("Cookie")
	for _, k := range c.all {
		host := r.URL.Hostname()
		if k.gone || k.secure && r.URL.Scheme != "https" || host != k.host && !(k.below && strings.HasSuffix(host, "."+k.host)) ||
			!strings.HasPrefix(r.URL.Path+"/", k.path+"/") {
			continue
		}
		if all != "" {
			all += "; "
		}
		all += k.name + "=" + k.value
	}
	if all != "" {
		r.Header.Set("Cookie", all)
	}
}
