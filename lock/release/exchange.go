package release

import (
	"context"
	"net/http"
)

// Exchange sends a GET, or with a body a POST of JSON, to an API that is not GitHub's,
// by the same rules: redirects, rewriting, and the limits of size and time. Any status is
// an answer; the error is an [*AnswerError]. It is safe for concurrent use.
func (c *Client) Exchange(ctx context.Context, address string, body []byte) (status int, header http.Header, text []byte, err error) {
	h := http.Header{"Accept": {"application/json"}}
	if body != nil {
		h.Set("Content-Type", "application/json")
	}
	a, err := c.send(ctx, address, h, body)
	return a.Status, a.Header, a.Body, err
}
