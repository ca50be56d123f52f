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
	// maxAnswer is the size of the largest answer that is read, in bytes. A page of
	// releases lists every asset of every release.
	maxAnswer = 16 << 20
	// answerTime is how long a whole answer may take. Answers are short, unlike
	// downloads.
	answerTime = 2 * time.Minute
)

var errSlow = fmt.Errorf("no answer for %s", answerTime)

// answer is the last answer to a request, after redirects.
type answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// get asks for an address, with header and the token if it is on the API's origin. It
// follows redirects, but never from https to http, and sends header to the address's
// own origin alone. An answer with any status is not an error.
func (c *Client) get(ctx context.Context, address string, header http.Header) (answer, error) {
	header = maps.Clone(header)
	if c.Token != "" && source.SameOrigin(address, c.base()) {
		header.Set("Authorization", "Bearer "+c.Token)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, answerTime, errSlow)
	defer cancel()
	a, err := c.read(ctx, address, header)
	if errors.Is(context.Cause(ctx), errSlow) {
		err = errSlow
	}
	switch {
	case err != nil:
		return answer{}, fmt.Errorf("%s: %w", source.Redact(address), err)
	case len(a.Body) > maxAnswer:
		return answer{}, &AnswerError{URL: address, Status: a.Status, Err: fmt.Errorf("the answer is longer than %d MiB", maxAnswer>>20)}
	}
	return a, nil
}

// read reads up to one byte more than maxAnswer.
func (c *Client) read(ctx context.Context, address string, header http.Header) (answer, error) {
	resp, err := source.Follow(address, func(u *url.URL, home bool) (*http.Response, error) {
		r := (&http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: http.Header{}}).WithContext(ctx)
		if home {
			maps.Copy(r.Header, header)
		}
		r.Header.Set("User-Agent", c.UserAgent)
		return c.Transport.RoundTrip(r)
	})
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	return answer{Status: resp.StatusCode, Header: resp.Header, Body: body}, err
}
