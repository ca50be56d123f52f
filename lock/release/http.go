package release

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
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

var (
	// ErrSlow is the cause of an AnswerError if no whole answer has come in time. Whoever
	// asks again would wait for as long again.
	ErrSlow = fmt.Errorf("the whole answer has not come within %s", answerTime)
	errLong = fmt.Errorf("the answer is longer than %d MiB", maxAnswer>>20)
)

// answer is the last answer to a request, after redirects.
type answer struct {
	Status int
	Header http.Header
	Body   []byte
	Asked  string // where a rule has led in the place of the address, or empty
}

// get asks for an address, with header and the token if it is on the API's origin. It
// follows redirects, but never from https to http, and sends header to the address's
// own origin alone, never where a rule has it asked for. An answer with any status is not an error.
func (c *Client) get(ctx context.Context, address string, header http.Header) (answer, error) {
	return c.send(ctx, address, header, nil)
}

// send is get, or with a body the POST of that.
func (c *Client) send(ctx context.Context, address string, header http.Header, body []byte) (answer, error) {
	header = maps.Clone(header)
	if c.Token != "" && source.SameOrigin(address, c.base()) {
		header.Set("Authorization", "Bearer "+c.Token)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, answerTime, ErrSlow)
	defer cancel()
	asked, _ := c.Rewrites.Rewrite(address)
	if asked == address {
		asked = ""
	}
	a, err := c.read(ctx, c.Rewrites, address, header, body)
	if (err != nil || a.Status >= http.StatusBadRequest) && asked != "" && c.Rewrites.Fallback && ctx.Err() == nil {
		asked = ""
		a, err = c.read(ctx, nil, address, header, body)
	}
	a.Asked = asked
	if errors.Is(context.Cause(ctx), ErrSlow) {
		err = ErrSlow
	}
	switch {
	case err != nil:
		return answer{}, &AnswerError{URL: address, Asked: asked, Err: err}
	case len(a.Body) > maxAnswer:
		return answer{}, &AnswerError{URL: address, Asked: asked, Status: a.Status, Err: errLong}
	}
	return a, nil
}

// read reads an answer, by the rules of rewrites, up to one byte more than maxAnswer.
func (c *Client) read(ctx context.Context, rewrites *source.Rewrites, address string, header http.Header, body []byte) (answer, error) {
	resp, err := rewrites.Follow(address, func(h source.Hop) (*http.Response, error) {
		r := (&http.Request{Method: http.MethodGet, URL: h.URL, Host: h.URL.Host, Header: http.Header{}}).WithContext(ctx)
		if body != nil {
			r.Method, r.Body, r.ContentLength = http.MethodPost, io.NopCloser(bytes.NewReader(body)), int64(len(body))
		}
		if h.Home {
			maps.Copy(r.Header, header)
		}
		if h.URL != h.Named {
			r.Header.Del("Authorization") // the token is not for who serves the address instead
			if c.Authorize != nil {
				c.Authorize(r)
			}
		}
		r.Header.Set("User-Agent", c.UserAgent)
		return c.Transport.RoundTrip(r)
	})
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	return answer{Status: resp.StatusCode, Header: resp.Header, Body: text}, err
}
