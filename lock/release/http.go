package release

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"time"

	"depfetch/fetch/source"
)

const (
	// maxRedirects is how many redirects a request follows.
	maxRedirects = 10
	// answerTime is how long an answer may take as a whole. They are short,
	// unlike downloads.
	answerTime = 2 * time.Minute
)

var errSlow = fmt.Errorf("no answer for %s", answerTime)

// HTTP returns a GetFunc that sends requests with a RoundTripper, such as a
// source.Client. It gives up what has taken two minutes.
func HTTP(transport http.RoundTripper, userAgent string) GetFunc {
	return func(ctx context.Context, address string, header http.Header, limit int64) (Answer, error) {
		ctx, cancel := context.WithTimeoutCause(ctx, answerTime, errSlow)
		defer cancel()
		a, err := answer(ctx, transport, userAgent, address, header, limit)
		if errors.Is(context.Cause(ctx), errSlow) {
			err = errSlow
		}
		if err != nil {
			return Answer{}, fmt.Errorf("%s: %w", source.Redact(address), err)
		}
		return a, nil
	}
}

func answer(ctx context.Context, transport http.RoundTripper, userAgent, address string, header http.Header, limit int64) (Answer, error) {
	resp, err := follow(ctx, transport, userAgent, address, header)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return Answer{}, err
	}
	a := Answer{Status: resp.StatusCode, Header: resp.Header, Body: body}
	if int64(len(body)) > limit {
		a.Body, a.Overlong = body[:limit], true
	}
	return a, nil
}

// follow sends a request and follows redirects. It returns the first answer
// that is not a redirect.
func follow(ctx context.Context, transport http.RoundTripper, userAgent, address string, header http.Header) (*http.Response, error) {
	first, err := url.Parse(address)
	if err != nil || first.Host == "" {
		return nil, errors.New("the address cannot be read as a URL")
	}
	for u, hops := first, 0; hops <= maxRedirects; hops++ {
		r := (&http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: http.Header{}}).WithContext(ctx)
		if origin(u) == origin(first) {
			maps.Copy(r.Header, header)
		}
		r.Header.Set("User-Agent", userAgent)
		resp, err := transport.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		location := resp.Header.Get("Location")
		switch resp.StatusCode {
		case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
			http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		default:
			return resp, nil
		}
		resp.Body.Close()
		if u, err = nextHop(u, location); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("more than %d redirects", maxRedirects)
}

// nextHop returns where a redirect leads. The Location may hold a secret, so
// errors do not repeat it.
func nextHop(from *url.URL, location string) (*url.URL, error) {
	to, err := from.Parse(location)
	switch {
	case err != nil || location == "":
		return nil, errors.New("redirect to an address that cannot be read")
	case to.Scheme != "https" && to.Scheme != "http" || to.Host == "" || to.User != nil:
		return nil, errors.New("redirect to an address that is neither https nor http, or holds credentials")
	case from.Scheme == "https" && to.Scheme == "http":
		return nil, fmt.Errorf("redirect from https to plain http (host %q) refused", to.Host)
	}
	to.Fragment = ""
	return to, nil
}
