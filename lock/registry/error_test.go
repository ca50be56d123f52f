package registry

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// TestBrief: an error says what a registry says, in a line, and never repeats a page.
func TestBrief(t *testing.T) {
	long := strings.Repeat("ä", 150)
	for body, want := range map[string]string{
		"":                          "",
		"<html>" + long + "</html>": "",
		`{"errors":[{"code":"DENIED","message":"not you","detail":"` + long + `"}]}`: ": DENIED: not you",
		`{"errors":[{"code":"DENIED","message":"` + long + `"}]}`:                    ": DENIED: " + strings.Repeat("ä", 100) + "…",
		`{"errors":[{"code":"X","message":"one\ntwo"},{"code":"Y"}]}`:                ": X: one (and 1 more)",
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, body)
		}))
		resp, err := http.Get(server.URL + "/v2/?token=secret")
		if err != nil {
			t.Fatal(err)
		}
		err = Brief(fmt.Errorf("asking: %w", transport.CheckError(resp, http.StatusOK)))
		resp.Body.Close()
		server.Close()
		if text := "GET " + server.URL + "/v2/?token=REDACTED: HTTP 403 Forbidden" + want; err.Error() != text {
			t.Errorf("got  %v\nwant %s", err, text)
		}
		if Status(err) != http.StatusForbidden {
			t.Errorf("status %d", Status(err))
		}
	}
	if other := errors.New("other"); Brief(other) != other || Status(other) != 0 {
		t.Error("an error of no registry is changed")
	}
}
