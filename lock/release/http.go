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

// answerTime is how long an answer may take as a whole. They are short, unlike
// downloads.
const answerTime = 2 * time.Minute

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

// follow sends a request and follows redirects. The header goes to the origin of
// the address alone.
func follow(ctx context.Context, transport http.RoundTripper, userAgent, address string, header http.Header) (*http.Response, error) {
	return source.Follow(address, func(u *url.URL, home bool) (*http.Response, error) {
		r := (&http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: http.Header{}}).WithContext(ctx)
		if home {
			maps.Copy(r.Header, header)
		}
		r.Header.Set("User-Agent", userAgent)
		return transport.RoundTrip(r)
	})
}
