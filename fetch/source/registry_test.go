package source_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"depfetch/fetch/digest"
	"depfetch/fetch/fetchtest"
	"depfetch/fetch/source"
)

const blobURI = "/v2/team/deps/blobs/sha256:"

func blobOf(text string) (uri string, d digest.SHA256) {
	sum := sha256.Sum256([]byte(text))
	return blobURI + hex.EncodeToString(sum[:]), digest.Of([]byte(text))
}

func repository(s *fetchtest.Server) string {
	return "oci://" + s.Host() + "/team/deps"
}

// challenged demands an Authorization and names the realm of a token service.
func challenged(authorization, realm string, next fetchtest.Step) fetchtest.Step {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == authorization {
			next(w, r)
			return
		}
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="%s",service="a \"registry\"",scope="repository:team/deps:pull"`, realm))
		w.WriteHeader(http.StatusUnauthorized)
	}
}

func logins(t *testing.T, host string) *source.Logins {
	t.Helper()
	l, err := source.ParseLogins("config.json", []byte(`{"auths": {"https://`+host+`/v1/": {"auth": "bWU6c2VjcmV0OndvcmQ="}}}`))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

const tokenURI = "/token?service=a+%22registry%22&scope=repository%3Ateam%2Fdeps%3Apull"

// TestRegistryAnonymous holds that a registry gets no login before it asks for one.
func TestRegistryAnonymous(t *testing.T) {
	s := fetchtest.New(t)
	uri, d := blobOf(body)
	s.Script(uri, fetchtest.Body(body))
	got, _, err := get(t, source.Config{Logins: logins(t, s.Host())}, source.BlobIn(repository(s), d.String()))
	if err != nil || got != body {
		t.Fatalf("%q, %v", got, err)
	}
	if r := s.Requests(uri)[0]; r.Header.Get("Authorization") != "" {
		t.Error("a login was sent that nobody asked for")
	}
}

// TestRegistryToken holds what is taken for a token: odd answers are errors that repeat none of them.
func TestRegistryToken(t *testing.T) {
	for _, tt := range []struct {
		name, answer, token string
	}{
		{"token", `{"token": "abc", "expires_in": 300, "issued_at": "now", "x": [1, {"token": "no"}, null]}`, "abc"},
		{"access token", `{"access_token": "abc"}`, "abc"},
		{"no token", `{"token": null, "access_token": "abc", "refresh_token": null}`, "abc"},
		{"both", `{"access_token": "no", "token": "abc"}`, "abc"},
		{"escapes", `{"to\u006ben": "a\u0062c\/+="}`, "abc/+="},
		{"a page", `<html>log in</html>`, ""},
		{"nothing", ``, ""},
		{"twice", `{"token": "a", "token": "b"}`, ""},
		{"a number", `{"token": 1}`, ""},
		{"a line", `{"token": "a\r\nX: y"}`, ""},
		{"null", `null`, ""},
		{"null for a key", `{null: "abc"}`, ""},
		{"an array", `["token"]`, ""},
		{"more behind it", `{"token": "abc"} x`, ""},
		{"deep", `{"token": "abc", "x": ` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}`, ""},
		{"long", `{"token": "abc"}` + strings.Repeat(" ", 1<<20), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := fetchtest.New(t)
			uri, d := blobOf(body)
			s.Script(uri, challenged("Bearer "+tt.token, s.URL+"/token", fetchtest.Body(body)))
			s.Script(tokenURI, fetchtest.Body(tt.answer))
			got, _, err := get(t, source.Config{}, source.BlobIn(repository(s), d.String()))
			if tt.token != "" {
				if err != nil || got != body {
					t.Fatalf("%q, %v", got, err)
				}
			} else if err == nil || strings.Contains(err.Error(), "abc") {
				t.Fatalf("error %v", err)
			}
		})
	}
}

// TestRegistryTokenWithLogin holds that a token service gets the login of the registry.
func TestRegistryTokenWithLogin(t *testing.T) {
	s := fetchtest.New(t)
	uri, d := blobOf(body)
	s.Script(uri, challenged("Bearer abc", s.URL+"/token", fetchtest.Body(body)))
	s.Script(tokenURI, fetchtest.BasicAuth("me", "secret:word", fetchtest.Body(`{"token": "abc"}`)))
	got, _, err := get(t, source.Config{Logins: logins(t, s.Host())}, source.BlobIn(repository(s), d.String()))
	if err != nil || got != body {
		t.Fatalf("%q, %v", got, err)
	}
	netrc, err := source.ParseNetrc([]byte("machine 127.0.0.1 login me password secret:word"))
	if err != nil {
		t.Fatal(err)
	}
	if got, _, err = get(t, source.Config{Netrc: netrc}, source.BlobIn(repository(s), d.String())); err != nil || got != body {
		t.Fatalf("netrc: %q, %v", got, err)
	}
	_, _, err = get(t, source.Config{}, source.BlobIn(repository(s), d.String()))
	var e *source.Error
	if !errors.As(err, &e) || e.Status != 401 || e.Authorized || !strings.HasSuffix(err.Error(), ": HTTP 401 Unauthorized, no login was sent") {
		t.Fatalf("no login: %v", err)
	}
}

// TestRegistryIdentityToken holds that a login that cannot be used is reported where it is
// needed, as is a file that cannot be read.
func TestRegistryIdentityToken(t *testing.T) {
	s := fetchtest.New(t)
	uri, d := blobOf(body)
	s.Script(uri, challenged("Bearer abc", s.URL+"/token", fetchtest.Body(body)))
	for _, tt := range []struct{ file, want string }{
		{`{"auths": {"` + s.Host() + `": {"auth": "PHRva2VuPjo=", "identitytoken": "refresh"}}}`, "config.json has an identitytoken, which is not supported here; log in with a password or access token"},
		{`{"auths": {"` + s.Host() + `": {"auth": "refresh!"}}}`, "config.json has an auth that is not the base64 of user:password"},
		{`{"auths": "refresh"}`, "config.json is not the JSON that docker login writes"},
	} {
		l, _ := source.ParseLogins("config.json", []byte(tt.file))
		_, _, err := get(t, source.Config{Logins: l}, source.BlobIn(repository(s), d.String()))
		if err == nil || err.Error() != "HTTP 401 Unauthorized, no login was sent: "+tt.want {
			t.Errorf("%v", err)
		}
	}
	if n := len(s.Requests(tokenURI)); n != 0 {
		t.Errorf("the token service was asked %d times", n)
	}
}

// TestRegistryBasic holds that a login is sent once it has been asked for, and then each time.
func TestRegistryBasic(t *testing.T) {
	s := fetchtest.New(t)
	uri, d := blobOf(body)
	s.Script(uri, fetchtest.BasicAuth("me", "secret:word", fetchtest.Body(body)))
	client := source.New(source.Config{Logins: logins(t, s.Host())})
	for range 2 {
		var b sink
		if _, err := client.Get(t.Context(), source.Request{URL: source.BlobIn(repository(s), d.String()), Limit: -1, Dst: &b}); err != nil || b.got.String() != body {
			t.Fatalf("%q, %v", b.got.String(), err)
		}
	}
	if n := len(s.Requests(uri)); n != 3 {
		t.Errorf("%d requests, want one without a login and two with it", n)
	}
	s.Script(uri, fetchtest.BasicAuth("me", "other", fetchtest.Body(body)))
	_, _, err := get(t, source.Config{Logins: logins(t, s.Host())}, source.BlobIn(repository(s), d.String()))
	if err == nil || err.Error() != "HTTP 401 Unauthorized, with the login of config.json" {
		t.Error(err)
	}
	helped, _ := source.ParseLogins("config.json", []byte(`{"credsStore": "desktop", "auths": {"`+s.Host()+`": {}}}`))
	_, _, err = get(t, source.Config{Logins: helped}, source.BlobIn(repository(s), d.String()))
	if err == nil || err.Error() != "HTTP 401 Unauthorized, no login was sent: config.json leaves it to the program docker-credential-desktop, which is not run here" {
		t.Error(err)
	}
}

// TestRegistryExpired holds that a token that no longer counts is replaced once, by one of all
// transfers.
func TestRegistryExpired(t *testing.T) {
	s := fetchtest.New(t)
	uri, d := blobOf(body)
	s.Script(uri, challenged("Bearer old", s.URL+"/token", fetchtest.Body(body)))
	s.Script(tokenURI, fetchtest.Body(`{"token": "old"}`), fetchtest.Body(`{"token": "new"}`))
	client := source.New(source.Config{})
	fetch := func(ctx context.Context) error {
		var b sink
		_, err := client.Get(ctx, source.Request{URL: source.BlobIn(repository(s), d.String()), Limit: -1, Dst: &b})
		if err == nil && !bytes.Equal(b.got.Bytes(), []byte(body)) {
			err = errors.New("other bytes")
		}
		return err
	}
	if err := fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Script(uri, challenged("Bearer new", s.URL+"/token", fetchtest.Body(body)))
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if err := fetch(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := len(s.Requests(tokenURI)); n != 2 {
		t.Errorf("%d tokens", n)
	}
}

// TestRegistryRealm holds that logins go neither from a registry over https to a token
// service over plain http, nor to a host that the policy does not allow.
func TestRegistryRealm(t *testing.T) {
	s, service := fetchtest.New(t), fetchtest.New(t)
	uri, d := blobOf(body)
	elsewhere := strings.Replace(service.URL, "127.0.0.1", "localhost", 1) + "/token"
	s.Script(uri, challenged("Bearer abc", elsewhere, fetchtest.Body(body)))
	_, _, err := get(t, source.Config{Hosts: hosts(t, "127.0.0.1"), Logins: logins(t, s.Host())}, source.BlobIn(repository(s), d.String()))
	var e *source.Error
	if !errors.As(err, &e) || !e.Refused {
		t.Error(err)
	}
	for _, realm := range []string{"", "ftp://x/", "http://me:pw@127.0.0.1/", "/token"} {
		s.Script(uri, challenged("Bearer abc", realm, fetchtest.Body(body)))
		_, _, err := get(t, source.Config{}, source.BlobIn(repository(s), d.String()))
		if err == nil || err.Error() != "the registry names no valid address of a token service" {
			t.Errorf("realm %q: %v", realm, err)
		}
	}

	secure := fetchtest.NewTLS(t)
	secure.Script(uri, challenged("Bearer abc", service.URL+"/token", fetchtest.Body(body)))
	rules := &source.Rewrites{}
	if err := rules.Add("https://registry.example=" + secure.URL); err != nil {
		t.Fatal(err)
	}
	var roots source.Roots
	if err := roots.Add("CA", secure.CA()); err != nil {
		t.Fatal(err)
	}
	_, _, err = get(t, source.Config{Rewrites: rules, Roots: roots, Logins: logins(t, secure.Host())}, source.BlobIn("oci://registry.example/team/deps", d.String()))
	if err == nil || !strings.HasSuffix(err.Error(), ": plain http is refused") {
		t.Error(err)
	}
	if n := len(service.Requests(tokenURI)); n != 0 {
		t.Errorf("the token service was asked %d times", n)
	}
}

// TestRegistryRedirect holds that what a registry redirects to gets no token, and cannot ask for one.
func TestRegistryRedirect(t *testing.T) {
	s, bucket := fetchtest.New(t), fetchtest.New(t)
	uri, d := blobOf(body)
	s.Script(uri, challenged("Bearer abc", s.URL+"/token", fetchtest.Redirect(307, bucket.URL+"/b?sig=1")))
	s.Script(tokenURI, fetchtest.Body(`{"token": "abc"}`))
	bucket.Script("/b?sig=1", fetchtest.Body(body))
	got, _, err := get(t, source.Config{}, source.BlobIn(repository(s), d.String()))
	if err != nil || got != body || bucket.Requests("/b?sig=1")[0].Header.Get("Authorization") != "" {
		t.Fatalf("%q, %v", got, err)
	}
	bucket.Script("/b?sig=1", challenged("Bearer x", bucket.URL+"/token", fetchtest.Body(body)))
	_, _, err = get(t, source.Config{Logins: logins(t, s.Host())}, source.BlobIn(repository(s), d.String()))
	if err == nil || len(bucket.Requests("/token")) != 0 {
		t.Error(err)
	}
}

// TestRegistryResume holds that the rest of a blob is asked for with the same login.
func TestRegistryResume(t *testing.T) {
	s := fetchtest.New(t)
	uri, d := blobOf(body)
	s.Script(uri, fetchtest.BasicAuth("me", "secret:word", nil),
		fetchtest.BasicAuth("me", "secret:word", fetchtest.RangedCut(`"x"`, body, 4)), fetchtest.BasicAuth("me", "secret:word", fetchtest.Ranged(`"x"`, body)))
	client := source.New(source.Config{Logins: logins(t, s.Host())})
	var b sink
	req := source.Request{URL: source.BlobIn(repository(s), d.String()), Limit: int64(len(body)), Dst: &b}
	resp, err := client.Get(t.Context(), req)
	if err == nil || resp.Validator != `"x"` {
		t.Fatalf("%+v, %v", resp, err)
	}
	req.Offset, req.Validator = int64(b.got.Len()), resp.Validator
	if _, err = client.Get(t.Context(), req); err != nil || b.got.String() != body {
		t.Fatalf("%q, %v", b.got.String(), err)
	}
	if r := s.Requests(uri)[2]; r.Header.Get("Range") != "bytes=4-" || r.Header.Get("If-Range") != `"x"` {
		t.Errorf("asked with %v", r.Header)
	}
}

// TestRegistryStatus holds that statuses mean what they mean for any server.
func TestRegistryStatus(t *testing.T) {
	s := fetchtest.New(t)
	uri, d := blobOf(body)
	s.Script(uri, fetchtest.Status(404), fetchtest.Status(429, "Retry-After", "7"))
	for _, want := range []string{"404 false 0s", "429 true 7s"} {
		_, _, err := get(t, source.Config{}, source.BlobIn(repository(s), d.String()))
		var e *source.Error
		if !errors.As(err, &e) || fmt.Sprint(e.Status, e.Temporary, e.RetryAfter) != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// TestAskedOrigin holds which addresses are repositories, and where they are asked for.
func TestAskedOrigin(t *testing.T) {
	for _, tt := range []struct{ address, want string }{
		{"oci://reg.example/a", "https://reg.example"},
		{"oci://REG.example:5000/a/b-c_d.e/f__g--h", "https://reg.example:5000"},
		{"oci://localhost:5000/a", "http://localhost:5000"},
		{"oci://127.0.0.9:5000/a", "http://127.0.0.9:5000"},
		{"oci://127.example:5000/a", "https://127.example:5000"},
		{"oci://10.0.0.1:5000/a", "https://10.0.0.1:5000"},
		{"oci://[::1]:5000/a", "http://[::1]:5000"},
		{"oci://docker.io/me/a", "https://registry-1.docker.io"},
		{"oci://reg.example", ""}, {"oci://reg.example/", ""}, {"oci://reg.example/A", ""}, {"oci://reg.example/a/", ""},
		{"oci://reg.example/a//b", ""}, {"oci://reg.example/../b", ""}, {"oci://reg.example/a___b", ""}, {"oci://reg.example/a._b", ""},
		{"oci://reg.example/-a", ""}, {"oci://reg.example/a:tag", ""}, {"oci://reg.example/a@sha256:00", ""}, {"oci://me:pw@reg.example/a", ""},
		{"oci://reg.example/a?b", ""}, {"oci://reg.example/a#b", ""}, {"oci:///a", ""}, {"oci://reg.example:x/a", ""}, {"https://reg.example/a", ""}, {"OCI://reg.example/a", ""},
	} {
		o, _ := source.AskedOrigin(tt.address)
		got := o.String()
		err := source.CheckRepository(tt.address)
		if err != nil {
			got = ""
		}
		if got != tt.want || err != nil && strings.Contains(err.Error(), "pw") {
			t.Errorf("%s: %s, %v", tt.address, got, err)
		}
	}
}

// TestParseLogins holds what is a config.json of docker, and that no error quotes it.
func TestParseLogins(t *testing.T) {
	for _, bad := range []string{
		``, `null`, `{`, `[]`, `{null: {}}`, `{"auths": {null: {}}}`, `{"auths": nullx}`, `"secret"`, `{"auths": "secret"}`, `{"auths": {"h": {"auth": "\ud800"}}}`, `{"a": }`, `{"a": 1,}`, `{"a": 1} 2`, "{\"a\": \"\n\"}", `{"a": "\x"}`,
	} {
		if _, err := source.ParseLogins("config.json", []byte(bad)); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", bad, err)
		}
	}
	for _, good := range []string{`{}`, `{"auths": {}}`, `{"auths": null, "credHelpers": null, "credsStore": null}`,
		`{"auths": {"h": null, "i": {"auth": null, "username": null, "identitytoken": null}}}`, `{"auths": {"h": {}}, "HttpHeaders": {"a": "b"}, "psFormat": "x\t\"y\"\ud83d\ude00", "n": [1, -2.5e3, true, null]}`} {
		if _, err := source.ParseLogins("config.json", []byte(good)); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
}

// TestLoginKeys holds which keys of a config.json are for a repository.
func TestLoginKeys(t *testing.T) {
	s := fetchtest.New(t)
	uri, d := blobOf(body)
	s.Script(uri, fetchtest.BasicAuth("me", "secret:word", fetchtest.Body(body)))
	for key, want := range map[string]bool{
		s.Host(): true, "http://" + s.Host(): true, "https://" + s.Host() + "/v2/": true, s.Host() + "/team": true, s.Host() + "/team/deps": true,
		s.Host() + "/tea": false, s.Host() + "/team/deps/x": false, "127.0.0.1": false, s.Host() + "0": false,
	} {
		l, err := source.ParseLogins("config.json", []byte(`{"auths": {"`+key+`": {"username": "me", "password": "secret:word"}}}`))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err = get(t, source.Config{Logins: l}, source.BlobIn(repository(s), d.String())); (err == nil) != want {
			t.Errorf("%s: %v", key, err)
		}
	}
}
