package release

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"depfetch/fetch/fetchtest"
	"depfetch/fetch/source"
	"depfetch/lock"
)

// TestToken: it goes to the API, along redirects and pages there, and nowhere
// else.
func TestToken(t *testing.T) {
	s, c := github(t)
	elsewhere := fetchtest.New(t)
	c.Token = token
	authorized := func(next fetchtest.Step) fetchtest.Step {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer "+token || r.Header.Get("User-Agent") != "deplock/test" ||
				r.Header.Get("Accept") != "application/vnd.github+json" || r.Header.Get("X-GitHub-Api-Version") != apiVersion {
				t.Errorf("%s: %v", r.RequestURI, r.Header)
			}
			next(w, r)
		}
	}
	query := lock.Latest{GitHub: "o/r"}

	second := s.Script("/repositories/7/releases?page=2", authorized(page(releases("v1.1.0"), "")))
	moved := s.Script("/repositories/7/releases", authorized(page(releases("v1.0.0"), second)))
	s.Script(releasesURI, authorized(fetchtest.Redirect(301, moved)))
	if r, err := c.Latest(t.Context(), query, "1.0.0"); err != nil || r.Version != "1.1.0" {
		t.Errorf("a renamed repository: %+v, %v", r, err)
	}

	away := elsewhere.Script("/away", page(releases("v9.0.0"), ""))
	s.Script(releasesURI, authorized(fetchtest.Redirect(302, away)))
	if r, err := c.Latest(t.Context(), query, "1.0.0"); err != nil || r.Version != "9.0.0" {
		t.Errorf("redirected away: %+v, %v", r, err)
	}
	s.Script(releasesURI, authorized(page(releases("v1.0.0"), away)))
	if _, err := c.Latest(t.Context(), query, "1.0.0"); !isA[*AnswerError](err) {
		t.Errorf("a page elsewhere: %v", err)
	}
	requests := elsewhere.Requests("/away")
	if len(requests) != 1 {
		t.Errorf("elsewhere was asked %d times", len(requests))
	}
	for _, r := range requests {
		if r.Header.Get("Authorization") != "" {
			t.Error("the token was sent elsewhere")
		}
	}
	c.API = "http://localhost:" + s.URL[strings.LastIndex(s.URL, ":")+1:]
	s.Script(releasesURI, authorized(fetchtest.Redirect(302, s.URL+"/other")))
	s.Script("/other", page("[]", ""))
	if _, err := c.Latest(t.Context(), query, "1.0.0"); !isA[*NotFoundError](err) {
		t.Errorf("redirected to another name of the same server: %v", err)
	}
	if r := s.Requests("/other"); len(r) != 1 || r[0].Header.Get("Authorization") != "" {
		t.Error("the token was sent to another name of the same server, or nothing was")
	}
}

// TestHTTP holds the rules for redirects, and that errors keep secrets.
func TestHTTP(t *testing.T) {
	s := fetchtest.New(t)
	c := client(t, "https://api.example")
	for location, want := range map[string]string{
		s.URL + "/loop?x=secret":         "more than 10 redirects",
		"http://u:secret@host.example/":  "with credentials",
		"ftp://host.example/secret":      "neither https nor http",
		"http://[secret":                 "cannot be read",
		"http://g\u0130t.example/secret": "xn-- form",
	} {
		address := s.Script("/loop?x=secret", fetchtest.Redirect(302, location))
		a, err := c.get(t.Context(), address, nil)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %+v, %v", location, a, err)
		}
	}
	secure := fetchtest.NewTLS(t)
	down := &Client{Transport: secure.Client().Transport}
	if _, err := down.get(t.Context(), secure.Script("/f", fetchtest.Redirect(302, s.URL)), nil); err == nil || !strings.Contains(err.Error(), "plain http") {
		t.Errorf("down to http: %v", err)
	}
	longest := strings.Repeat("x", maxAnswer)
	if a, err := c.get(t.Context(), s.Script("/f", fetchtest.Body(longest)), nil); err != nil || string(a.Body) != longest || a.Status != 200 {
		t.Errorf("at the limit: %d bytes, status %d, %v", len(a.Body), a.Status, err)
	}
	if a, err := c.get(t.Context(), s.Script("/f", fetchtest.Body(longest+"x")), nil); !isA[*AnswerError](err) || a.Body != nil {
		t.Errorf("over the limit: %d bytes, %v", len(a.Body), err)
	}
	for _, address := range []string{"", "/f", "http://[", s.Script("/cut", fetchtest.Truncated("0123456789", 3))} {
		if a, err := c.get(t.Context(), address, nil); err == nil {
			t.Errorf("%q: %+v", address, a)
		}
	}
}

// silent is a server that never answers.
type silent struct{}

func (silent) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestHTTPSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		_, err := (&Client{Transport: silent{}}).get(t.Context(), "https://host.example/?x=secret", nil)
		if !errors.Is(err, ErrSlow) || time.Since(begin) != answerTime || strings.Contains(err.Error(), "secret") {
			t.Errorf("after %v: %v", time.Since(begin), err)
		}
	})
}

// TestHTTPSource has a source.Client send the requests.
func TestHTTPSource(t *testing.T) {
	s := fetchtest.New(t)
	c := &Client{API: s.URL, Transport: source.New(source.Config{}), UserAgent: "deplock/test"}
	s.Script(releasesURI, page(releases("v1.1.0"), ""))
	if r, err := c.Latest(t.Context(), lock.Latest{GitHub: "o/r"}, "1.0.0"); err != nil || r.Version != "1.1.0" {
		t.Errorf("%+v, %v", r, err)
	}
}
