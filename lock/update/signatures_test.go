package update

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"aead.dev/minisign"

	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/fetch/source"
	"depfetch/lock"
)

// TestLockSigned holds that a signature is downloaded while the file is, and that bytes
// which have changed in a cache are what is said to be wrong then, and not the signature.
func TestLockSigned(t *testing.T) {
	public, private, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	store := &cache.Store{Root: t.TempDir()}
	asked := make(chan struct{}, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("/tool", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-asked:
			w.Write([]byte("the tool"))
		case <-time.After(time.Minute):
			t.Error("the signature was not asked for before the file was there")
		}
	})
	mux.HandleFunc("/tool.minisig", func(w http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		w.Write(minisign.Sign(private, []byte("the tool")))
	})
	s := httptest.NewServer(mux)
	defer s.Close()
	c := &Client{AllowHTTP: true, Fetch: &fetch.Client{Source: source.New(source.Config{}), Jobs: 4, Cache: store}}
	f := parse(t, "version = 1\n[deps.a]\nurl = \""+s.URL+"/tool\"\nsignature = { minisign = \"{url}.minisig\", key = \""+public.String()+"\" }\n")
	wants := []Want{{Dep: f.Deps[0], Platforms: []lock.Platform{lock.Any}}}

	results, err := c.Lock(t.Context(), f, wants)
	if err != nil || results[0].Changes[0].New.Trust != lock.Signed {
		t.Fatalf("%+v, %v", results, err)
	}
	digest := results[0].Changes[0].New.Digest
	blob := &hashedBlob{ctx: t.Context(), store: store, digest: digest, size: 8}
	if err := os.WriteFile(store.File(digest), []byte("bad tool"), 0o644); err != nil {
		t.Fatal(err)
	}
	checks, err := c.checks([]*item{{dep: f.Deps[0], expanded: expanded{url: s.URL + "/tool", signatures: []signing{{url: s.URL + "/tool.minisig"}}}}})
	if err != nil {
		t.Fatal(err)
	}
	it := checks.files[0].item
	it.measured = fetch.Measurement{Digest: digest, Size: 8}
	c.verifyFiles(t.Context(), store, checks.files)
	if wrong, ok := errors.AsType[*BlobError](it.seal.err); !ok || it.seal.by[0] != "" {
		t.Errorf("got %v, want %v", it.seal.err, wrong)
	}
	if err := blob.close(); err != nil {
		t.Errorf("a file that nobody has read: %v", err)
	}
}
