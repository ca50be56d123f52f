package source

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"
)

// dialFunc returns what opens connections.
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

// mayExist reports whether a host that was not found may be there: a name server
// that fails for its IPv4 addresses passes for one that knows none, if it has said
// that there are no others. Asked for each kind alone, its failure shows.
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

// checkProxy keeps the words of a proxy that refuses to connect out of errors: it
// may repeat the login that it was sent.
func checkProxy(_ context.Context, _ *url.URL, _ *http.Request, r *http.Response) error {
	if r.StatusCode != http.StatusOK {
		return &proxyError{r.StatusCode}
	}
	return nil
}
