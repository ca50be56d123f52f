package mirror

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	memory "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"depfetch/fetch"
	"depfetch/fetch/cache"
)

// server is a registry in this process.
type server struct {
	host  string
	blobs interface { // behind it
		Delete(ctx context.Context, repo string, h v1.Hash) error
	}

	mu       sync.Mutex
	requests []string                                                 // method and path
	before   func(w http.ResponseWriter, r *http.Request) (done bool) // answers in its place
}

func newServer(t *testing.T) *server {
	t.Helper()
	blobs := memory.NewInMemoryBlobHandler()
	handler := memory.New(memory.Logger(log.New(io.Discard, "", 0)), memory.WithBlobHandler(blobs))
	s := &server{}
	s.blobs = blobs.(memory.BlobDeleteHandler)
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests = append(s.requests, r.Method+" "+r.URL.Path)
		before := s.before
		s.mu.Unlock()
		if before == nil || !before(w, r) {
			handler.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(h.Close)
	s.host = strings.TrimPrefix(h.URL, "http://")
	return s
}

// count returns how many requests had one of several methods since the last call.
func (s *server) count(methods ...string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, r := range s.requests {
		method, _, _ := strings.Cut(r, " ")
		if slices.Contains(methods, method) {
			n++
		}
	}
	s.requests = nil
	return n
}

// index puts an index of two images, another index and an attestation into a repository.
func (s *server) index(t *testing.T, repository string) Image {
	t.Helper()
	idx, err := random.Index(1000, 2, 2)
	if err != nil {
		t.Fatal(err)
	}
	inner, err := random.Index(1000, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	attestation, err := mutate.AppendLayers(mutate.MediaType(empty.Image, types.OCIManifestSchema1), mustLayer(t))
	if err != nil {
		t.Fatal(err)
	}
	idx = mutate.AppendManifests(idx, mutate.IndexAddendum{Add: inner}, mutate.IndexAddendum{Add: attestation, Descriptor: v1.Descriptor{
		Platform: &v1.Platform{OS: "unknown", Architecture: "unknown"}, Annotations: map[string]string{"vnd.docker.reference.type": "attestation-manifest"},
	}})
	tag, err := name.NewTag(s.host + "/" + repository)
	if err == nil {
		err = remote.WriteIndex(tag, idx)
	}
	if err != nil {
		t.Fatal(err)
	}
	d, err := idx.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return mustImage(t, s.host+"/"+repository+"@"+d.String())
}

// parts is how many parts an image of index has: manifests, configs and layers.
const parts = 1 + 2*(1+1+2) + (1 + 1 + 1 + 1) + (1 + 1 + 1)

func mustLayer(t *testing.T) v1.Layer {
	t.Helper()
	l, err := random.Layer(100, "application/vnd.in-toto+json")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func mustImage(t *testing.T, ref string) Image {
	t.Helper()
	i, err := ParseImage(ref)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// newClient returns a client of a target that waits for nothing.
func newClient(t *testing.T, target string) *Client {
	t.Helper()
	to, err := ParseTarget(target)
	if err != nil {
		t.Fatal(err)
	}
	return &Client{
		Target:   to,
		Registry: Registry{Keychain: authn.DefaultKeychain, Wait: time.Nanosecond, Temp: t.TempDir()},
		Fetch:    &fetch.Client{}, Jobs: 4, Retries: 2, Backoff: func(int) time.Duration { return 0 },
	}
}

// valid wants an image to be complete in a registry, by its digest.
func valid(t *testing.T, ref string) {
	t.Helper()
	d, err := name.NewDigest(ref)
	if err != nil {
		t.Fatal(err)
	}
	idx, err := remote.Index(d)
	if err == nil {
		err = readIndex(idx)
	}
	if err != nil {
		t.Error(err)
	}
}

// readIndex reads all that an index names, which go-containerregistry verifies.
func readIndex(idx v1.ImageIndex) error {
	m, err := idx.IndexManifest()
	if err != nil {
		return err
	}
	for _, d := range m.Manifests {
		if d.MediaType.IsIndex() {
			inner, err := idx.ImageIndex(d.Digest)
			if err == nil {
				err = readIndex(inner)
			}
			if err != nil {
				return err
			}
			continue
		}
		img, err := idx.Image(d.Digest)
		if err != nil {
			return err
		}
		if _, err := img.RawConfigFile(); err != nil {
			return err
		}
		layers, err := img.Layers()
		if err != nil {
			return err
		}
		for _, l := range layers {
			body, err := l.Compressed()
			if err != nil {
				return err
			}
			_, err = io.Copy(io.Discard, body)
			if err := errors.Join(err, body.Close()); err != nil {
				return err
			}
		}
	}
	return nil
}

// status wants one image of a check.
func status(t *testing.T, c *Client, i Image, deep bool, want Status, lacking int, kept bool) {
	t.Helper()
	got, err := c.CheckImages(t.Context(), []Image{i}, deep)
	if err != nil || len(got) != 1 || got[0].Status != want || got[0].Lacking != lacking || got[0].Kept != kept {
		t.Errorf("got %+v, %v; want %s, %d lacking", got, err, want, lacking)
	}
}

// TestImages copies an image to a registry, from there to a directory, and from the
// directory to another registry, with all its parts, and each part once.
func TestImages(t *testing.T) {
	from, to := newServer(t), newServer(t)
	i := from.index(t, "lib/tool")
	c := newClient(t, "oci://"+to.host+"/team/deps")
	status(t, c, i, false, Missing, 1, false)
	got, err := c.PushImages(t.Context(), []Image{i})
	if err != nil || got[0].Status != Copied || got[0].Parts != parts || got[0].Lacking != parts {
		t.Fatalf("%+v, %v", got, err)
	}
	at := to.host + "/team/deps/" + strings.ReplaceAll(from.host, ":", "_") + "/lib/tool@sha256:" + i.Digest.String()
	if c.Target.Where(i) != at {
		t.Errorf("at %s, want %s", c.Target.Where(i), at)
	}
	valid(t, at)
	status(t, c, i, true, Present, 0, true)

	from.count()
	to.count()
	if got, err := c.PushImages(t.Context(), []Image{i}); err != nil || got[0].Status != Present {
		t.Errorf("again: %+v, %v", got, err)
	}
	if n, m := from.count("GET", "HEAD"), to.count("PUT", "POST", "PATCH"); n+m != 0 {
		t.Errorf("a second push asks the origin %d times, and sends %d times", n, m)
	}

	dir := t.TempDir()
	pulled, err := c.PullImages(t.Context(), []Image{i}, &cache.Store{Root: dir})
	if err != nil || pulled[0].Status != Copied {
		t.Fatalf("%+v, %v", pulled, err)
	}
	path, err := layout.FromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	idx, err := path.ImageIndex()
	if err == nil {
		err = readIndex(idx)
	}
	m, _ := idx.IndexManifest()
	if err != nil || len(m.Manifests) != 1 || m.Manifests[0].Annotations[refName] != i.layoutName() {
		t.Errorf("the layout: %v, %v", m, err)
	}
	held, err := Held(dir)
	if files, _ := os.ReadDir(filepath.Join(dir, cache.Dir)); err != nil || len(held) != parts || len(files) != parts {
		t.Errorf("%d are held, and %d are there, %v; want %d", len(held), len(files), err, parts)
	}

	other := newServer(t)
	c = newClient(t, "oci://"+other.host+"/copy")
	c.Fetch.Cache, c.Fetch.Offline = &cache.Store{Root: dir}, true
	from.count()
	if _, err := c.PushImages(t.Context(), []Image{i}); err != nil || from.count("GET", "HEAD") != 0 {
		t.Errorf("from the directory: %v", err)
	}
	valid(t, c.Target.Where(i))
}

// TestImagesRepair: a part that a target has lost is missed, and is all that a push sends.
func TestImagesRepair(t *testing.T) {
	from, to := newServer(t), newServer(t)
	i := from.index(t, "lib/tool")
	c := newClient(t, "oci://"+to.host+"/team/deps")
	if _, err := c.PushImages(t.Context(), []Image{i}); err != nil {
		t.Fatal(err)
	}
	ref, err := name.NewDigest(c.Target.Where(i))
	if err != nil {
		t.Fatal(err)
	}
	idx, err := remote.Index(ref)
	if err != nil {
		t.Fatal(err)
	}
	m, err := idx.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	img, err := idx.Image(m.Manifests[1].Digest)
	if err != nil {
		t.Fatal(err)
	}
	config, err := img.ConfigName()
	if err == nil {
		err = to.blobs.Delete(t.Context(), ref.RepositoryStr(), config)
	}
	if err == nil {
		err = remote.Delete(ref.Context().Digest(m.Manifests[0].Digest.String()))
	}
	if err == nil {
		err = remote.Delete(ref.Context().Tag(i.Tag()))
	}
	if err != nil {
		t.Fatal(err)
	}
	status(t, c, i, false, Missing, 2, false)
	got, err := c.PushImages(t.Context(), []Image{i})
	if err != nil || got[0].Status != Copied || got[0].Lacking != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	status(t, c, i, false, Present, 0, true)
	if err := remote.Delete(ref.Context().Tag(i.Tag())); err != nil {
		t.Fatal(err)
	}
	status(t, c, i, false, Present, 0, false)
}

// TestImagesDirectory: damage in a directory is found by deep, and repaired.
func TestImagesDirectory(t *testing.T) {
	from := newServer(t)
	one, two := from.index(t, "lib/one"), from.index(t, "lib/two")
	dir := filepath.Join(t.TempDir(), "mirror")
	c := newClient(t, dir)
	if _, err := c.PushImages(t.Context(), []Image{one, two}); err != nil {
		t.Fatal(err)
	}
	status(t, c, one, true, Present, 0, true)
	status(t, c, two, true, Present, 0, true)
	root := filepath.Join(dir, cache.Dir, one.Digest.String())
	text, err := os.ReadFile(root)
	if err == nil {
		err = os.WriteFile(root, bytes.ToUpper(text), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	status(t, c, one, false, Wrong, 1, false)
	if got, err := c.PushImages(t.Context(), []Image{one}); err != nil || got[0].Lacking != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	status(t, c, one, true, Present, 0, true)
	path, err := layout.FromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	idx, err := path.ImageIndex()
	if err != nil {
		t.Fatal(err)
	}
	if m, err := idx.IndexManifest(); err != nil || len(m.Manifests) != 2 {
		t.Errorf("%v, %v", m, err)
	}
}

// TestImagesWrong: what an origin serves in the place of a layer or a manifest is not
// copied, and the image is not there.
func TestImagesWrong(t *testing.T) {
	for _, what := range []string{"/blobs/", "/manifests/"} {
		from, to := newServer(t), newServer(t)
		i := from.index(t, "lib/tool")
		from.before = func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.Contains(r.URL.Path, what) {
				return false
			}
			w.Header().Set("Content-Type", string(types.OCIImageIndex))
			io.WriteString(w, "other bytes")
			return true
		}
		c := newClient(t, "oci://"+to.host+"/team/deps")
		_, err := c.PushImages(t.Context(), []Image{i})
		var failed *Error
		if !errors.As(err, &failed) || failed.Origin != from.host || !IsWrong(err) {
			t.Errorf("%s: %v", what, err)
		}
		status(t, c, i, false, Missing, 1, false)
		for _, r := range to.requests {
			if strings.HasPrefix(r, "PUT") && strings.Contains(r, "/manifests/") {
				t.Errorf("%s: sent %s", what, r)
			}
		}
	}
}

// TestImagesOthers: an image that the origin does not have keeps no other from being copied.
func TestImagesOthers(t *testing.T) {
	from, to := newServer(t), newServer(t)
	there := from.index(t, "lib/tool")
	gone := mustImage(t, from.host+"/lib/none:1@sha256:"+strings.Repeat("ab", 32))
	c := newClient(t, "oci://"+to.host+"/team/deps")
	got, err := c.PushImages(t.Context(), []Image{gone, there})
	if err == nil || got[0].Status != "" || got[1].Status != Copied || !strings.Contains(err.Error(), "lib/none:1: "+from.host+": the registry does not have it") {
		t.Errorf("%+v, %v", got, err)
	}
	status(t, c, there, false, Present, 0, true)
	c.Fetch.Offline = true
	if _, err := c.PushImages(t.Context(), []Image{gone}); err == nil || !strings.Contains(err.Error(), "--offline") {
		t.Error(err)
	}
}

// TestImagesInterrupted: a copy that ends half way has given the target no manifest, and
// the next one sends only the rest.
func TestImagesInterrupted(t *testing.T) {
	from, to := newServer(t), newServer(t)
	i := from.index(t, "lib/tool")
	ctx, cancel := context.WithCancel(t.Context())
	uploads := 0
	to.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPatch {
			to.mu.Lock()
			defer to.mu.Unlock()
			if uploads++; uploads == 4 {
				cancel()
			}
		}
		return false
	}
	c := newClient(t, "oci://"+to.host+"/team/deps")
	c.Jobs = 1
	if _, err := c.PushImages(ctx, []Image{i}); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	status(t, c, i, false, Missing, 1, false)
	to.count()
	if _, err := c.PushImages(t.Context(), []Image{i}); err != nil {
		t.Fatal(err)
	}
	blobs := 2*(1+2) + (1 + 1) + (1 + 1)
	if n := to.count("PATCH"); n < blobs-4 || n > blobs-3 {
		t.Errorf("sent %d of %d blobs", n, blobs)
	}
	status(t, c, i, true, Present, 0, true)
}

// TestParseImage: an image has one name, whatever a reference leaves out.
func TestParseImage(t *testing.T) {
	digest := "@sha256:" + strings.Repeat("ab", 32)
	to, err := ParseTarget("oci://example.com:5000/team/deps")
	if err != nil {
		t.Fatal(err)
	}
	for ref, want := range map[string][2]string{
		"debian" + digest:                         {"docker.io/library/debian", "example.com:5000/team/deps/docker.io/library/debian"},
		"debian:12" + digest:                      {"docker.io/library/debian:12", "example.com:5000/team/deps/docker.io/library/debian"},
		"docker.io/me/x:1" + digest:               {"docker.io/me/x:1", "example.com:5000/team/deps/docker.io/me/x"},
		"localhost:5000/x:1" + digest:             {"localhost:5000/x:1", "example.com:5000/team/deps/localhost_5000/x"},
		"example.com:5000/team/deps/q/x" + digest: {"example.com:5000/team/deps/q/x", "example.com:5000/team/deps/q/x"},
		"example.com:5000/team/other" + digest:    {"example.com:5000/team/other", "example.com:5000/team/deps/example.com_5000/team/other"},
	} {
		i, err := ParseImage(ref)
		if err != nil || i.Name != want[0] || to.Where(i) != want[1]+digest {
			t.Errorf("%s: %s, %s, %v", ref, i.Name, to.Where(i), err)
		}
	}
	for _, ref := range []string{"debian:12", "debian@sha256:ab", "debian@sha512:" + strings.Repeat("ab", 64), "[::1]:5000/x" + digest, "A B" + digest} {
		if i, err := ParseImage(ref); err == nil {
			t.Errorf("%s is %s", ref, i)
		}
	}
}

// TestPart: what is not surely an index or an image is refused.
func TestPart(t *testing.T) {
	config := `{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:` + strings.Repeat("ab", 32) + `","size":2}`
	kid := `{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:` + strings.Repeat("cd", 32) + `","size":2}`
	for text, want := range map[string]string{
		`{"schemaVersion":2,"config":` + config + `,"layers":[]}`:    "",
		`{"schemaVersion":2,"manifests":[` + kid + `]}`:              "",
		`{"schemaVersion":2,"manifests":[],"config":` + config + `}`: "an index and an image at once",
		`{"schemaVersion":1}`: "schema 1",
		`{"schemaVersion":2}`: `of type ""`,
		`[]`:                  "it is no manifest",
		`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","config":` + config + `}`:               "not known here",
		`{"schemaVersion":2,"manifests":[` + config + `]}`:                                                                "does not belong there",
		`{"schemaVersion":2,"config":` + kid + `}`:                                                                        "does not belong there",
		`{"schemaVersion":2,"manifests":[` + strings.Replace(kid, `"size":2`, `"size":-2`, 1) + `]}`:                      "no sha256 with a size",
		`{"schemaVersion":2,"config":` + config + `,"layers":[{"mediaType":"` + string(types.DockerForeignLayer) + `"}]}`: "",
	} {
		p := &part{}
		err := p.read([]byte(text))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) || err == nil && len(p.parts) != 1 {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	p := &part{media: types.OCIImageIndex}
	if err := p.read([]byte(`{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.list.v2+json","manifests":[]}`)); err == nil {
		t.Error("a manifest of another type than it is named by is taken")
	}
}
