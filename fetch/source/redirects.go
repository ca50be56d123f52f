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

// Follow gets an http or https address and follows redirects: ten at most, none
// from https to http, none to an address with credentials or to a host that is not
// what would be dialled. It returns the first answer that is not a redirect.
//
// send sends one request and does not follow redirects. home means that the address has
// the origin of the first one, so that credentials may be sent. Errors of send are
// returned unchanged.
func Follow(address string, send func(u *url.URL, home bool) (*http.Response, error)) (*http.Response, error) {
	first, err := parseHTTP(address)
	if err != nil {
		return nil, err
	}
	for u, hops := first, 0; ; hops++ {
		resp, err := send(u, sameOrigin(u, first))
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
		if u, err = nextHop(u, location); err != nil {
			return nil, &RedirectError{err}
		}
	}
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

// parseHTTP parses an address that net/url will write again byte for byte.
func parseHTTP(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, errors.New("the address cannot be read as a URL")
	case u.User != nil:
		return nil, errors.New("the address holds credentials; put them into a netrc file")
	}
	_, err = OriginOf(u)
	return u, err
}
