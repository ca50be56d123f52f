package source

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"
)

// dialFunc returns the DialContext of a transport.
func dialFunc(timeout time.Duration) func(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: timeout, KeepAlive: 30 * time.Second}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		var dns *net.DNSError
		if errors.As(err, &dns) && dns.IsNotFound && mayExist(ctx, dns.Name) {
			dns.IsNotFound, dns.IsTemporary = false, true
		}
		return conn, err
	}
}

// mayExist reports whether a host that was not found may exist nevertheless. If a name
// server fails for the IPv4 addresses and says that there are no IPv6 addresses, package
// net reports the host as not found. A lookup of each kind alone shows the failure.
func mayExist(ctx context.Context, host string) bool {
	for _, network := range []string{"ip4", "ip6"} {
		_, err := net.DefaultResolver.LookupNetIP(ctx, network, host)
		var dns *net.DNSError
		if err == nil || errors.As(err, &dns) && !dns.IsNotFound {
			return true
		}
	}
	return false
}

// proxyError is the refusal of a proxy to connect.
type proxyError struct{ status int }

func (e *proxyError) Error() string { return "the proxy answers " + statusText(e.status) }

// proxyOf returns the proxy of a request as it may be shown, or "".
func (c *Client) proxyOf(r *http.Request) string {
	if c.cfg.Proxy == nil {
		return ""
	}
	proxy, err := c.cfg.Proxy(r)
	if err != nil || proxy == nil {
		return ""
	}
	return Redact(proxy.String())
}

// checkProxy keeps the text of a proxy that refuses to connect out of errors: it may
// repeat the login.
func checkProxy(_ context.Context, _ *url.URL, _ *http.Request, r *http.Response) error {
	if r.StatusCode != http.StatusOK {
		return &proxyError{r.StatusCode}
	}
	return nil
}
