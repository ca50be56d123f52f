//go:build e2e

package examples_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// imported is a Dockerfile with the usual ways to download, for a server HOST. The
// last download is one that has to stay.
const imported = `# syntax is BuildKit's own
FROM debian:bookworm-slim AS tools
ARG TARGETARCH
ENV KUBECTL_VERSION=1.36.4 NODE_VERSION=22.15.0
RUN case "$TARGETARCH" in \
      amd64) sum=SUM:kubectl-amd64 ;; \
      arm64) sum=SUM:kubectl-arm64 ;; \
    esac && \
    wget -qO /usr/local/bin/kubectl "HOST/v$KUBECTL_VERSION/kubectl-$TARGETARCH" && \
    echo "$sum  /usr/local/bin/kubectl" | sha256sum -c - && \
    chmod +x /usr/local/bin/kubectl
# Node
RUN set -eux; \
	mkdir -p /opt/node; \
	wget -q "HOST/node-v$NODE_VERSION.tar.gz"; \
	# a check
	echo "SUM:node.tar.gz *node-v$NODE_VERSION.tar.gz" | sha256sum -c -; \
	tar -xzf "node-v$NODE_VERSION.tar.gz" -C /opt/node --strip-components=1; \
	rm "node-v$NODE_VERSION.tar.gz"; \
	echo done > /opt/node/state
RUN mkdir -p /opt/all && wget -qO- HOST/node.tar.gz | tar -xz -C /opt/all
RUN mkdir -p /usr/local/sbin && cd /tmp && wget -q HOST/helper && echo "SHA512:helper  helper" | sha512sum -c && chmod 0750 helper && mv helper /usr/local/sbin/helper
RUN wget -qO /tmp/kept.tar.gz HOST/kept.tar.gz && tar -xzf /tmp/kept.tar.gz -C /tmp && mv /tmp/pkg/bin/tool /usr/local/bin/renamed && rm -r /tmp/pkg /tmp/kept.tar.gz
ADD --checksum=sha256:SUM:data HOST/data /srv/data
ADD --chmod=0644 HOST/data /srv/readable
RUN mkdir -p /home/me && chown 1000:1000 /home/me
USER 1000:1000
RUN wget -qO /home/me/own HOST/data && echo "SUM:data  /home/me/own" | sha256sum -c
USER 0:0
RUN for f in one two; do wget -qO /srv/$f HOST/$f; done

FROM debian:bookworm-slim
COPY --from=tools /opt /opt
COPY --from=tools /usr/local /usr/local
COPY --from=tools /srv /srv
COPY --from=tools /home /home
`

// TestImport has deplock rewrite a Dockerfile, and builds both: they give the same
// files, with the same modes and owners, and no download of the server's goes
// around the lockfile but the one that stays.
func TestImport(t *testing.T) {
	archive := tarball(t, map[string]string{"pkg/bin/tool": "a tool\n", "pkg/lib/a/b": "b\n", "pkg/README": "read\n"})
	served := map[string][]byte{
		"/v1.36.4/kubectl-amd64": []byte("kubectl for amd64\n"), "/v1.36.4/kubectl-arm64": []byte("kubectl for arm64\n"),
		"/node-v22.15.0.tar.gz": archive, "/node.tar.gz": archive, "/kept.tar.gz": archive,
		"/helper": []byte("helper\n"), "/data": []byte("data\n"), "/one": []byte("1\n"), "/two": []byte("2\n"),
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := served[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Write(body)
	}))
	defer server.Close()
	text := strings.NewReplacer(
		"HOST", server.URL,
		"SUM:kubectl-amd64", sumOf(served["/v1.36.4/kubectl-amd64"]), "SUM:kubectl-arm64", sumOf(served["/v1.36.4/kubectl-arm64"]),
		"SUM:node.tar.gz", sumOf(archive), "SUM:data", sumOf(served["/data"]),
		"SHA512:helper", fmt.Sprintf("%x", sha512.Sum512(served["/helper"])),
	).Replace(imported)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "Dockerfile"), text)
	write(t, filepath.Join(dir, "deps.lock.toml"), "version = 1\nplatforms = [\"linux/amd64\", \"linux/arm64\"]\n")
	before := build{dir: dir, noCache: true}.run(t).image(t).files

	deplock := filepath.Join(kit.dir, "deplock")
	if out, err := exec.Command("go", "build", "-o", deplock, "depfetch/cmd/deplock").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(deplock, "import", "Dockerfile", "--rewrite", "--allow-http")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	rewritten := read(t, filepath.Join(dir, "Dockerfile"))
	if n := strings.Count(rewritten, server.URL); n != 1 || !strings.Contains(rewritten, "for f in one two") {
		t.Errorf("%d addresses are left, want one\n%s\n%s", n, out, rewritten)
	}
	after := build{dir: dir, noCache: true}.run(t).image(t).files

	for _, name := range slices.Sorted(keysOf(before, after)) {
		b, inB := before[name]
		a, inA := after[name]
		switch {
		case !inB || !inA:
			t.Errorf("%s: before %t, after %t", name, inB, inA)
		case a.mode != b.mode || a.uid != b.uid || a.gid != b.gid || !bytes.Equal(a.body, b.body):
			t.Errorf("%s: before %s %d:%d %q, after %s %d:%d %q", name, b.mode, b.uid, b.gid, b.body, a.mode, a.uid, a.gid, a.body)
		}
	}
	for name, want := range map[string]fs.FileMode{
		"usr/local/bin/kubectl": 0o755, "opt/node/bin/tool": 0o755, "opt/all/pkg/README": 0o644, "usr/local/sbin/helper": 0o750,
		"usr/local/bin/renamed": 0o755, "srv/data": 0o600, "srv/readable": 0o644, "srv/two": 0o644, "home/me/own": 0o644,
	} {
		if f, ok := after[name]; !ok || f.mode != want {
			t.Errorf("%s: there %t, mode %v, want %v", name, ok, f.mode, want)
		}
	}
	if t.Failed() {
		t.Logf("%s\n%s\n%s", out, rewritten, read(t, filepath.Join(dir, "deps.lock.toml")))
	}
}

// tarball returns a tar.gz; what is in a directory bin can be run.
func tarball(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, name := range slices.Sorted(keysOf(files)) {
		h := &tar.Header{Name: name, Mode: 0o644, Size: int64(len(files[name]))}
		if path.Base(path.Dir(name)) == "bin" {
			h.Mode = 0o755
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, files[name])
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func keysOf[V any](maps ...map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		seen := map[string]bool{}
		for _, m := range maps {
			for k := range m {
				if !seen[k] && !yield(k) {
					return
				}
				seen[k] = true
			}
		}
	}
}
