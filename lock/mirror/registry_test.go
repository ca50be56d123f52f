package mirror

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"depfetch/fetch"
)

// TestGuarded: nothing is sent in plain text to another machine.
func TestGuarded(t *testing.T) {
	for address, want := range map[string]bool{
		"http://127.0.0.1:5000/v2/": true, "http://localhost/v2/": true, "http://[::1]:5000/v2/": true, "https://example.com/v2/": true,
		"http://10.0.0.1:5000/v2/": false, "http://example.com/v2/": false, "http://127.0.0.1.example.com/": false, "http://registry.localhost/": false,
	} {
		sent := false
		r, err := http.NewRequest(http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = guarded{RoundTripper: transportFunc(func(*http.Request) (*http.Response, error) {
			sent = true
			return nil, http.ErrAbortHandler
		})}.RoundTrip(r)
		if sent != want || !want && !errors.Is(err, errPlain) {
			t.Errorf("%s: sent %v, %v", address, sent, err)
		}
	}
}

type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestGuardedBody: a request that is sent again, with a new token, sends its body again.
func TestGuardedBody(t *testing.T) {
	r, err := http.NewRequest(http.MethodPut, "https://example.com/v2/", strings.NewReader("a manifest"))
	if err != nil {
		t.Fatal(err)
	}
	for n := range 2 {
		_, err := guarded{RoundTripper: transportFunc(func(r *http.Request) (*http.Response, error) {
			if body, err := io.ReadAll(r.Body); err != nil || string(body) != "a manifest" {
				t.Errorf("time %d: sent %q, %v", n, body, err)
			}
			return &http.Response{Body: http.NoBody}, nil
		})}.RoundTrip(r)
		if err != nil {
			t.Error(err)
		}
	}
}

// TestStored: a registry that says it has stored other bytes is not taken to have those that
// it was sent.
func TestStored(t *testing.T) {
	const (
		zeros    = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
		manifest = "sha256:7d865e959b2466918c9863afca942d0fb89d7c9ac0c99bafc3749504ded97730" // of "bar\n"
	)
	for _, test := range []struct {
		method, address string
		status          int
		says            string
		ok              bool
	}{
		{http.MethodPut, "https://example.com/v2/a/manifests/latest", 201, manifest, true},
		{http.MethodPut, "https://example.com/v2/a/manifests/latest", 201, zeros, false},
		{http.MethodPut, "https://example.com/v2/a/manifests/latest", 201, "", true},
		{http.MethodPut, "https://example.com/v2/a/manifests/latest", 201, "sha512:00", true},
		{http.MethodPut, "https://example.com/v2/a/manifests/latest", 401, zeros, true},
		{http.MethodPut, "https://example.com/v2/a/blobs/uploads/1?digest=" + zeros, 201, zeros, true},
		{http.MethodPut, "https://example.com/v2/a/blobs/uploads/1?digest=" + manifest, 201, zeros, false},
		{http.MethodGet, "https://example.com/v2/a/manifests/latest", 200, zeros, true},
	} {
		r, err := http.NewRequest(test.method, test.address, strings.NewReader("bar\n"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = guarded{RoundTripper: transportFunc(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: test.status, Body: http.NoBody, Header: http.Header{"Docker-Content-Digest": {test.says}}}, nil
		})}.RoundTrip(r)
		if (err == nil) != test.ok {
			t.Errorf("%s %s says %q: %v", test.method, test.address, test.says, err)
		}
	}
}

// TestParseTarget: the names of Docker Hub are hosts, and a word without a dot is none.
// What depfetch could not read is no repository.
func TestParseTarget(t *testing.T) {
	for text, want := range map[string]string{
		"oci://docker.io/me/deps": "index.docker.io", "oci://index.docker.io/me/deps:v1": "index.docker.io", "oci://registry-1.docker.io/me/deps": "index.docker.io",
		"oci://example.com/deps": "example.com", "oci://[::1]:5000/deps": "[::1]:5000", "oci://team/deps": "",
		"oci://example.com/deps/": "example.com", "oci://example.com/deps/:v1": "", "oci://example.com/a//b": "", "oci://example.com/a/../b": "", "oci://example.com/-a": "", "oci://example.com/": "", "OCI://example.com/deps": "",
	} {
		got, err := ParseTarget(text)
		if (err == nil) != (want != "") || err == nil && got.Host() != want {
			t.Errorf("%s: %q, %v", text, got.Host(), err)
		}
	}
}

// TestNoLitter: a file that is being sent has no name, which a killed push would leave.
func TestNoLitter(t *testing.T) {
	dir := t.TempDir()
	f, err := (&connection{temp: dir}).file()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Error(left, err)
	}
	if _, err := f.WriteString("bytes"); err != nil {
		t.Error(err)
	}
}

// TestAnnotations: each layer has a file name of its own, and no secrets.
func TestAnnotations(t *testing.T) {
	titles := make(map[string]bool)
	for i, want := range []string{"tool.tar.gz", "020000000000-tool.tar.gz"} {
		a := fetch.Artifact{Name: "tool", Version: "1", Platform: "linux/amd64", URL: "https://example.com/a/tool.tar.gz?token=secret", Digest: fetch.Digest{byte(i + 1)}}
		other := a
		other.Platform = "linux/arm64"
		got := Blob{a, []fetch.Artifact{a, other}}.annotations(titles)
		if got[titleAnnotation] != want || got[nameAnnotation] != "tool" || got[platformAnnotation] != "linux/amd64 linux/arm64" || got[addressAnnotation] != "https://example.com/a/tool.tar.gz?token=REDACTED" {
			t.Errorf("got %v", got)
		}
	}
}
