package source

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// maxRedirects is how many redirects a request follows.
const maxRedirects = 10

// Hop is one request of those that redirects lead to.
type Hop struct {
	URL *url.URL // where to send it
	// Named is the address that a rule has rewritten to URL, or URL.
	Named *url.URL
	// Home means that credentials for the origin of URL may be sent: it is where the
	// first request went, or the choice of a rule.
	Home bool
}

// rewritten reports whether a rule holds for the address.
func (h Hop) rewritten() bool { return h.URL != h.Named }

// Follow gets an http or https address and follows redirects: ten at most, none
// from https to http, none to an address with credentials or to a host that is not
// what would be dialled. The rules hold for every address, those of redirects too. It
// returns the first answer that is not a redirect.
//
// send sends one request and does not follow redirects. Errors of send are returned
// unchanged.
func (r *Rewrites) Follow(address string, send func(Hop) (*http.Response, error)) (*http.Response, error) {
	named, err := parseHTTP(address)
	if err != nil {
		return nil, err
	}
	var first *url.URL
	for hops := 0; ; hops++ {
		u, err := r.hop(named)
		if err != nil {
			return nil, err
		}
		if first == nil {
			first = u
		}
		resp, err := send(Hop{u, named, u != named || sameOrigin(u, first)})
		if err != nil {
			return nil, err
		}
		location := redirect(resp)
		if location == "" {
			return resp, nil
		}
		io.CopyN(io.Discard, resp.Body, sniffSize) // so that the connection can be used again
		resp.Body.Close()
		if hops == maxRedirects {
			return nil, &RedirectError{fmt.Errorf("more than %d redirects", maxRedirects)}
		}
		if named, err = nextHop(u, location); err != nil {
			return nil, &RedirectError{err}
		}
	}
}

// hop returns where an address is asked for.
func (r *Rewrites) hop(named *url.URL) (*url.URL, error) {
	if r.empty() {
		return named, nil
	}
	address := named.String()
	to, err := r.Rewrite(address)
	if err != nil || to == address {
		return named, err
	}
	return parseHTTP(to)
}

// redirect returns where an answer redirects to, or "".
func redirect(r *http.Response) string {
	switch r.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return r.Header.Get("Location")
	}
	return ""
}

// nextHop returns where a redirect leads to. The Location may hold a secret, so
// errors do not repeat it.
func nextHop(from *url.URL, location string) (*url.URL, error) {
	to, err := from.Parse(encodeLocation(location))
	if err != nil {
		return nil, errors.New("redirect to an address that cannot be read")
	}
	if to.Scheme != "https" && to.Scheme != "http" || to.Host == "" {
		return nil, fmt.Errorf("redirect to %q, which is neither https nor http", to.Scheme+":")
	}
	if _, err := OriginOf(to); err != nil {
		return nil, fmt.Errorf("redirect refused: %w", err)
	}
	if from.Scheme == "https" && to.Scheme == "http" {
		return nil, fmt.Errorf("redirect from https to plain http (host %q) refused", to.Host)
	}
	if to.User != nil {
		return nil, fmt.Errorf("redirect to an address with credentials (host %q) refused", to.Host)
	}
	to.Fragment = ""
	return to, nil
}

// encodeLocation percent-encodes what cannot be sent, as curl does: a blank in a
// query becomes "+". What a path may not hold otherwise is encoded here, since
// net/url would encode the whole path anew.
func encodeLocation(location string) string {
	var b strings.Builder
	query := false
	for i := range len(location) {
		c := location[i]
		switch {
		case c == ' ' && query:
			b.WriteByte('+')
		case c <= ' ' || c >= 0x7f || !query && strings.IndexByte("\"<>\\^`{|}", c) >= 0:
			fmt.Fprintf(&b, "%%%02X", c)
		default:
			query = query || c == '?'
			b.WriteByte(c)
		}
	}
	return b.String()
}

var errUnreadable = errors.New("the address cannot be read as a URL")

// parseHTTP parses an address that net/url will write again byte for byte.
func parseHTTP(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, errUnreadable
	case u.User != nil:
		return nil, errors.New("the address holds credentials; put them into a netrc file")
	}
	_, err = OriginOf(u)
	return u, err
}
