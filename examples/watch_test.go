package examples_test

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// watched is a repository whose workflow watch.yml looks after, and the world outside of it:
// OSV, GitHub's API, a registry of packages and one of images on loopback, and files.
type watched struct {
	dir, temp string
	env       []string
	server    *httptest.Server
	known     map[string]string // the id of what is known of a version, by NAME VERSION
}

func newWatched(t *testing.T) *watched {
	t.Helper()
	w := &watched{dir: t.TempDir(), temp: t.TempDir(), known: make(map[string]string)}
	mux := http.NewServeMux()
	mux.Handle("/v2/", registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	mux.HandleFunc("/repos/o/a/releases", func(rw http.ResponseWriter, _ *http.Request) {
		io.WriteString(rw, `[{"tag_name":"1.0.1","published_at":"2026-01-01T00:00:00Z"},{"tag_name":"1.0.0","published_at":"2025-01-01T00:00:00Z"}]`)
	})
	mux.HandleFunc("/curve/-/", func(rw http.ResponseWriter, r *http.Request) { io.WriteString(rw, r.URL.Path) })
	mux.HandleFunc("/v1/querybatch", func(rw http.ResponseWriter, r *http.Request) {
		var asked struct {
			Queries []struct {
				Package struct{ Name string }
				Version string
			}
		}
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			t.Error(err)
		}
		var results []string
		for _, q := range asked.Queries {
			result := "{}"
			if id := w.known[q.Package.Name+" "+q.Version]; id != "" {
				result = `{"vulns":[{"id":"` + id + `"}]}`
			}
			results = append(results, result)
		}
		fmt.Fprintf(rw, `{"results":[%s]}`, strings.Join(results, ","))
	})
	mux.HandleFunc("/v1/vulns/GHSA-1", func(rw http.ResponseWriter, _ *http.Request) {
		io.WriteString(rw, `{"id":"GHSA-1","summary":"weak","affected":[{"package":{"ecosystem":"npm","name":"curve"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.0.2"}]}]}]}`)
	})
	w.server = httptest.NewServer(mux)
	t.Cleanup(w.server.Close)
	secure := httptest.NewTLSServer(mux) // nothing is locked over plain http
	t.Cleanup(secure.Close)
	ca := filepath.Join(w.temp, "ca.pem")
	block := pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}
	if err := os.WriteFile(ca, pem.EncodeToMemory(&block), 0o666); err != nil {
		t.Fatal(err)
	}
	bin := programs(t)
	w.env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "HOME="+w.temp,
		"RUNNER_TEMP="+w.temp, "GITHUB_OUTPUT="+filepath.Join(w.temp, "output"), "GITHUB_STEP_SUMMARY="+filepath.Join(w.temp, "summary"),
		"GITHUB_API_URL="+secure.URL, "DOCKER_CONFIG="+w.temp, "SSL_CERT_FILE="+ca,
		"DEPFETCH_REWRITE=https://api.osv.dev="+secure.URL+" https://npm.example.com="+secure.URL)
	w.must(t, `mkdir -p tools up/1.0.0 up/1.0.1; ln -s `+bin+`/deplock tools/deplock
for v in 1.0.0 1.0.1; do for f in a b; do echo $v $f >up/$v/$f; done; done
deplock init
deplock add a "file://$PWD/up/{version}/a" --version 1.0.0 --path /usr/bin/a --latest o/a
deplock add b "file://$PWD/up/{version}/b" --version 1.0.0 --path /usr/bin/b
deplock add curve 'https://npm.example.com/curve/-/curve-{version}.tgz' --version 1.0.0 --path /opt/curve.tgz`)
	w.push(t)
	dockerfile := "FROM " + strings.TrimPrefix(w.server.URL, "http://") + "/base:1\n"
	if err := os.WriteFile(filepath.Join(w.dir, "Dockerfile"), []byte(dockerfile), 0o666); err != nil {
		t.Fatal(err)
	}
	w.must(t, "deplock pin")
	return w
}

// push gives the tag that the Dockerfile starts from another image.
func (w *watched) push(t *testing.T) v1.Hash {
	t.Helper()
	tag, err := name.ParseReference(strings.TrimPrefix(w.server.URL, "http://") + "/base:1")
	if err != nil {
		t.Fatal(err)
	}
	image, err := random.Image(16, 1)
	if err == nil {
		err = remote.Write(tag, image)
	}
	if err != nil {
		t.Fatal(err)
	}
	digest, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

// run runs a script in the repository, with more in the environment.
func (w *watched) run(script string, env ...string) (string, error) {
	cmd := exec.Command("sh", "-ec", script)
	cmd.Dir, cmd.Env = w.dir, append(w.env, env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (w *watched) must(t *testing.T, script string, env ...string) string {
	t.Helper()
	out, err := w.run(script, env...)
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return out
}

// steps runs the steps of watch.yml that look and update. It returns the report, the outputs
// of both, and what the last step says.
func (w *watched) steps(t *testing.T) (report, outputs, left string, err error) {
	t.Helper()
	for _, name := range []string{"report.md", "output", "summary"} {
		if err := os.RemoveAll(filepath.Join(w.temp, name)); err != nil {
			t.Fatal(err)
		}
	}
	w.must(t, step(t, "watch.yml", "Look what has moved"))
	w.must(t, step(t, "watch.yml", "Update what is behind, vulnerable or has moved on"))
	report, outputs = text(t, filepath.Join(w.temp, "report.md")), text(t, filepath.Join(w.temp, "output"))
	if summary := text(t, filepath.Join(w.temp, "summary")); summary != report {
		t.Errorf("the summary is\n%s", summary)
	}
	var env []string
	for line := range strings.Lines(outputs) {
		env = append(env, strings.NewReplacer("bytes=", "BYTES=", "failed=", "FAILED=").Replace(strings.TrimSuffix(line, "\n")))
	}
	left, err = w.run(step(t, "watch.yml", "Is anything left?"), env...)
	return report, outputs, left, err
}

// TestWatch runs the steps of watch.yml when nothing has moved, and when everything has.
func TestWatch(t *testing.T) {
	w := newWatched(t)
	lockfile, dockerfile := filepath.Join(w.dir, "deps.lock.toml"), filepath.Join(w.dir, "Dockerfile")
	w.must(t, "deplock update a@1.0.1")
	before, image := text(t, lockfile), text(t, dockerfile)
	report, outputs, left, err := w.steps(t)
	if err != nil || outputs != "bytes=0\nfailed=\n" || text(t, lockfile) != before || text(t, dockerfile) != image {
		t.Errorf("nothing has moved: %v\n%s%s%s", err, report, outputs, left)
	}

	w.must(t, "deplock update a@1.0.0")
	before = text(t, lockfile)
	digest := w.push(t)
	w.known["curve 1.0.0"] = "GHSA-1"
	if err := os.WriteFile(filepath.Join(w.dir, "up/1.0.0/b"), []byte("replaced"), 0o666); err != nil {
		t.Fatal(err)
	}
	report, outputs, left, err = w.steps(t)
	for _, want := range []string{
		"### Does upstream still serve the pinned bytes?\n\n    changed      b (any)", "curve 1.0.0: GHSA-1: weak\n",
		"    a     1.0.0   1.0.1   2026-01-01\n", "has moved on",
	} {
		if !strings.Contains(report, want) {
			t.Errorf("no %q in the report:\n%s", want, report)
		}
	}
	// What has other bytes now stays as it was, and a person is told.
	if err == nil || outputs != "bytes=1\nfailed=\n" || !strings.Contains(left, "::error::upstream serves other bytes") || strings.Contains(left, "GHSA-1") {
		t.Errorf("everything has moved: %v\n%s%s", err, outputs, left)
	}
	changed(t, before, text(t, lockfile), `version = "1.0.1"`, `any = {`, `version = "1.0.2"`, `any = {`)
	if got := text(t, dockerfile); !bytes.HasSuffix([]byte(got), []byte("@"+digest.String()+"\n")) {
		t.Errorf("the Dockerfile is\n%swant %s", got, digest)
	}

	// One that cannot be updated does not hold up the others.
	w.must(t, "deplock update a@1.0.0 curve@1.0.0 b@1.0.1; rm up/1.0.1/a")
	before = text(t, lockfile)
	_, outputs, left, err = w.steps(t)
	if err == nil || outputs != "bytes=0\nfailed= 'update --latest a'\n" || !strings.Contains(left, "::error::deplock could not: 'update --latest a'") {
		t.Errorf("one cannot be updated: %v\n%s%s", err, outputs, left)
	}
	changed(t, before, text(t, lockfile), `version = "1.0.2"`, `any = {`)
}
