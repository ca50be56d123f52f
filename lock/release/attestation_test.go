package release

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/klauspost/compress/snappy"
)

// TestAttestations reads attestations from the API, and from where it stores them.
func TestAttestations(t *testing.T) {
	const sum = "8b8f088da2dab964f853b38464033b1be15ede2839eca751482357c45abdd05a"
	var token string
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	defer server.Close()
	storage := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token += r.Header.Get("Authorization")
		switch r.URL.Path {
		case "/compressed":
			w.Write(snappy.Encode(nil, []byte(`{"b": 2}`)))
		case "/plain":
			fmt.Fprint(w, `{"c": 3}`)
		case "/bomb":
			w.Write([]byte{0xff, 0xff, 0xff, 0xff, 0x0f, 0})
		default:
			http.NotFound(w, r)
		}
	}))
	defer storage.Close()
	mux.HandleFunc("GET /repos/o/{name}/attestations/{sum}", func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("sum") != "sha256:"+sum || r.Header.Get("Authorization") != "Bearer t" {
			http.NotFound(w, r)
			return
		}
		switch name := r.PathValue("name"); name {
		case "good":
			fmt.Fprintf(w, `{"attestations": [{"bundle": {"a": "1\u0020"}, "repository_id": 1}, {"bundle": null, "bundle_url": "%[1]s/compressed"}, {"bundle_url": "%[1]s/plain"}]}`, storage.URL)
		case "empty":
			fmt.Fprint(w, `{"attestations": []}`)
		case "broken":
			http.Error(w, "no", http.StatusBadGateway)
		case "bomb", "gone":
			fmt.Fprintf(w, `{"attestations": [{"bundle_url": "%s/%s"}]}`, storage.URL, name)
		default:
			http.NotFound(w, r)
		}
	})
	c := &Client{API: server.URL, Token: "t", Transport: http.DefaultTransport}
	text, err := c.Attestations(context.Background(), "o/good", sum)
	if want := "{\"a\":\"1\\u0020\"}\n{\"b\":2}\n{\"c\":3}\n"; err != nil || string(text) != want {
		t.Errorf("%s, %v, want %s", text, err, want)
	}
	if token != "" {
		t.Errorf("the storage was told %q", token)
	}
	for _, name := range []string{"empty", "none"} {
		_, err := c.Attestations(context.Background(), "o/"+name, sum)
		if none, ok := errors.AsType[*NotFoundError](err); !ok || none.What != "attestation of sha256:"+sum {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"broken", "bomb", "gone"} {
		if _, err := c.Attestations(context.Background(), "o/"+name, sum); !isAnswer(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func isAnswer(err error) bool {
	_, ok := errors.AsType[*AnswerError](err)
	return ok
}

// TestLogEntries asks a log.
func TestLogEntries(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Method != http.MethodPost || r.URL.Path != "/api/v1/log/entries/retrieve" || r.Header.Get("Authorization") != "" || string(body) != `{"entries":[]}` {
			http.Error(w, string(body), http.StatusBadRequest)
			return
		}
		fmt.Fprint(w, "[]")
	}))
	defer server.Close()
	c := &Client{Log: server.URL, Token: "t", Transport: http.DefaultTransport}
	if text, err := c.LogEntries(context.Background(), []byte(`{"entries":[]}`)); err != nil || string(text) != "[]" {
		t.Errorf("%s, %v", text, err)
	}
	if _, err := c.LogEntries(context.Background(), []byte(`{}`)); !isAnswer(err) {
		t.Errorf("%v", err)
	}
}
