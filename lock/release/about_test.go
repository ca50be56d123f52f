package release

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestAbout(t *testing.T) {
	answers := map[string]string{
		"known":   `{"owner": {"login": "Org", "type": "Organization"}, "license": {"spdx_id": "GPL-3.0"}}`,
		"person":  `{"owner": {"login": "me", "type": "User"}, "license": null}`,
		"other":   `{"owner": {"login": "me", "type": "User"}, "license": {"spdx_id": "NOASSERTION"}}`,
		"hostile": `{"owner": {"login": "me", "type": "User"}, "license": {"spdx_id": "MIT OR x"}}`,
		"broken":  `[`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := answers[strings.TrimPrefix(r.URL.Path, "/repos/o/")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, text)
	}))
	defer server.Close()
	c := &Client{API: server.URL, Transport: http.DefaultTransport}
	for name, want := range map[string]About{
		"known":   {Owner: "Org", Organization: true, License: "GPL-3.0"},
		"person":  {Owner: "me"},
		"other":   {Owner: "me"},
		"hostile": {Owner: "me"},
	} {
		if got, err := c.About(context.Background(), "o/"+name); err != nil || got != want {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
	var absent *NotFoundError
	if _, err := c.About(context.Background(), "o/none"); !errors.As(err, &absent) {
		t.Errorf("of none: %v", err)
	}
	if _, err := c.About(context.Background(), "o/broken"); err == nil {
		t.Error("a broken answer is no error")
	}
}
