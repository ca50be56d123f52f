package source_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"depfetch/fetch/fetchtest"
	"depfetch/fetch/source"
)

// TestRegistryKinds holds what comes of the ways in which registries answer. Each gets its
// blob, or an error that says which login it had; none gets a login that it did not ask for.
func TestRegistryKinds(t *testing.T) {
	s, service, store := fetchtest.New(t), fetchtest.New(t), fetchtest.New(t)
	uri, d := blobOf(body)
	const (
		own    = "/token?service=reg&scope=repository%3Ateam%2Fdeps%3Apull"
		login  = "Basic bWU6c2VjcmV0OndvcmQ="
		secret = "X-Amz-Signature=2718281828"
	)
	// asks does what next does for an authorization, and answers others with challenges.
	asks := func(authorization string, next fetchtest.Step, challenges ...string) fetchtest.Step {
		return func(w http.ResponseWriter, r *http.Request) {
			if got := r.Header.Get("Authorization"); got == authorization {
				next(w, r)
				return
			}
			for _, c := range challenges {
				w.Header().Add("WWW-Authenticate", c)
			}
			w.WriteHeader(http.StatusUnauthorized)
		}
	}
	bearer := func(scope string) string {
		return fmt.Sprintf(`Bearer realm="%s/token",service="reg"%s`, service.URL, scope)
	}
	const ofClass = "&scope=repository%28plugin%29%3Ateam%2Fdeps%3Apull"
	const ownScope = `,scope="repository:team/deps:pull"`
	serve := fetchtest.Body(body)
	stored := fetchtest.Redirect(307, store.URL+"/blob?"+secret)
	anonymous, withLogin := fetchtest.Body(`{"token":"abc","expires_in":300}`), asks(login, fetchtest.Body(`{"token":"abc"}`))
	// Object stores refuse a request that is signed in two ways.
	signed := func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		serve(w, r)
	}
	for _, tt := range []struct {
		name     string
		registry fetchtest.Step
		tokens   map[string]fetchtest.Step // of the service
		store    fetchtest.Step
		login    bool
		want     string // of the error: status, temporary, text; empty is the blob
	}{
		{"open: distribution on a trusted network", serve, nil, nil, true, ""},
		{"basic, realm alone: Nexus, Artifactory", asks(login, serve, `Basic realm="Sonatype Nexus Repository Manager"`), nil, nil, true, ""},
		{"basic, and a service: ECR, blobs from S3", asks(login, stored, `Basic realm="https://ecr.example/",service="ecr.amazonaws.com"`), nil, signed, true, ""},
		{"basic without a login", asks(login, serve, `Basic realm="x"`), nil, nil, false, "401 false HTTP 401 Unauthorized, no login was sent"},
		{"token for everybody: ghcr.io, Docker Hub", asks("Bearer abc", stored, bearer(ownScope)), map[string]fetchtest.Step{own: anonymous}, signed, false, ""},
		{"token for a login: Harbor, GitLab", asks("Bearer abc", serve, bearer(ownScope)), map[string]fetchtest.Step{own: withLogin}, nil, true, ""},
		{"token, no scope named: Artifactory", asks("Bearer abc", serve, bearer("")), map[string]fetchtest.Step{own: withLogin}, nil, true, ""},
		{"more asked for than reading", asks("Bearer abc", serve, bearer(`,scope="repository:team/deps:pull,push"`)), map[string]fetchtest.Step{own: anonymous}, nil, false, ""},
		{"more of a class, and of the registry", asks("Bearer abc", serve, bearer(`,scope="repository(plugin):team/deps:pull,push registry:catalog:*"`)), map[string]fetchtest.Step{own + ofClass: anonymous}, nil, false, ""},
		{"a scope of its own: public ECR", asks("Bearer abc", serve, bearer(`,scope="aws"`)), map[string]fetchtest.Step{own + "&scope=aws": anonymous}, nil, false, ""},
		{"the name behind a vanity host", asks("Bearer abc", serve, bearer(`,scope="repository:org/deps:pull"`)), map[string]fetchtest.Step{own + "&scope=repository%3Aorg%2Fdeps%3Apull": anonymous}, nil, false, ""},
		{"both kinds: the token", asks("Bearer abc", serve, `Basic realm="x"`, bearer(ownScope)), map[string]fetchtest.Step{own: withLogin}, nil, true, ""},
		{"both kinds in one field", asks("Bearer abc", serve, `Negotiate, `+bearer(ownScope)+`, Basic realm="x"`), map[string]fetchtest.Step{own: withLogin}, nil, true, ""},
		{"401 without a challenge", fetchtest.Status(401), nil, nil, true, "401 false HTTP 401 Unauthorized, no login was sent: the registry does not say which it takes"},
		{"a challenge of another kind", asks("none", serve, "Negotiate"), nil, nil, true, "401 false HTTP 401 Unauthorized, no login was sent: the registry does not say which it takes"},
		{"private, and as if it were not there: Docker Hub", asks("Bearer right", serve, bearer(ownScope+`,error="insufficient_scope"`)), map[string]fetchtest.Step{own: withLogin}, nil, true, "401 false HTTP 401 Unauthorized, with the login of config.json"},
		{"no such blob: 404", asks("Bearer abc", fetchtest.Status(404), bearer(ownScope)), map[string]fetchtest.Step{own: anonymous}, nil, false, "404 false HTTP 404 Not Found, no login was sent"},
		{"no such blob, or no right to it: Google's 403", asks("Bearer abc", fetchtest.Status(403), bearer(ownScope)), map[string]fetchtest.Step{own: withLogin}, nil, true, "403 false HTTP 403 Forbidden, with the login of config.json"},
		{"no right to read: ECR's 403", asks(login, fetchtest.Status(403), `Basic realm="x"`), nil, nil, true, "403 false HTTP 403 Forbidden, with the login of config.json"},
		{"the service does not know me", asks("Bearer abc", serve, bearer(ownScope)), map[string]fetchtest.Step{own: fetchtest.Status(401)}, nil, true, "401 false the token service at " + service.Host() + ": HTTP 401 Unauthorized, with the login of config.json"},
		{"the service denies", asks("Bearer abc", serve, bearer(ownScope)), map[string]fetchtest.Step{own: fetchtest.Status(403)}, nil, false, "403 false the token service at " + service.Host() + ": HTTP 403 Forbidden, no login was sent"},
		{"the service is busy: Docker Hub's limit", asks("Bearer abc", serve, bearer(ownScope)), map[string]fetchtest.Step{own: fetchtest.Status(429, "Retry-After", "9")}, nil, false, "429 true the token service at " + service.Host() + ": HTTP 429 Too Many Requests, no login was sent"},
		{"the service is down", asks("Bearer abc", serve, bearer(ownScope)), map[string]fetchtest.Step{own: fetchtest.Status(503)}, nil, false, "503 true the token service at " + service.Host() + ": HTTP 503 Service Unavailable, no login was sent"},
		{"the service has moved", asks("Bearer abc", serve, bearer(ownScope)), map[string]fetchtest.Step{own: fetchtest.Redirect(302, "https://login.example/")}, nil, false, "302 false the token service at " + service.Host() + ": HTTP 302 Found, no login was sent"},
		{"the link to the store has expired", asks("Bearer abc", stored, bearer(ownScope)), map[string]fetchtest.Step{own: anonymous}, fetchtest.Status(403), false, "403 false HTTP 403 Forbidden"},
		{"the store asks for a login", asks("Bearer abc", stored, bearer(ownScope)), map[string]fetchtest.Step{own: withLogin}, asks(login, serve, `Basic realm="x"`), true, "401 false HTTP 401 Unauthorized"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s.Script(uri, tt.registry)
			for _, uri := range []string{own, own + "&scope=aws", own + "&scope=repository%3Aorg%2Fdeps%3Apull", own + ofClass} {
				service.Script(uri, tt.tokens[uri])
				if tt.tokens[uri] == nil {
					service.Script(uri, fetchtest.Status(400))
				}
			}
			store.Script("/blob?"+secret, tt.store)
			before := len(s.Requests(uri))
			var cfg source.Config
			if tt.login {
				cfg.Logins = logins(t, s.Host())
			}
			got, _, err := get(t, cfg, source.BlobIn(repository(s), d.String()))
			if n := len(s.Requests(uri)) - before; n > 2 {
				t.Errorf("the registry was asked %d times", n)
			}
			if tt.want == "" {
				if err != nil || got != body {
					t.Fatalf("%q, %v", got, err)
				}
				return
			}
			var e *source.Error
			if !errors.As(err, &e) || fmt.Sprint(e.Status, e.Temporary, " ", e.Error()) != tt.want {
				t.Errorf("got  %s\nwant %s", fmt.Sprint(e.Status, e.Temporary, " ", e.Error()), tt.want)
			}
			if strings.Contains(err.Error(), "2718281828") || strings.Contains(source.Redact(e.URL), "2718281828") {
				t.Error("the signature of the store's address is shown")
			}
		})
	}
	for _, r := range append(s.Requests(uri)[:1], store.Requests("/blob?"+secret)...) {
		if r.Header.Get("Authorization") != "" {
			t.Errorf("%s got a login that it did not ask for", r.Host)
		}
	}
}
