//go:build bench

package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"depfetch/cmd/internal/bench"
)

const (
	syncWorkload = "sync: 200 Dockerfiles, all pinned"
	syncFiles    = 200
	syncRuns     = 2 // of each that are adopted, beside an ADD
)

// syncGroups measure sync where nothing is to be done, which is what it mostly finds.
func (b *benchmark) syncGroups() []*bench.Group {
	b.T.Helper()
	var lines []string
	pin := func(name string) {
		lines = append(lines, fmt.Sprintf("%q = { sha256 = %q }\n", "https://example.com/"+name, strings.Repeat("a", 64)))
	}
	for i := range syncFiles {
		folder := fmt.Sprintf("s%03d", i)
		if err := os.MkdirAll(filepath.Join(b.Dir, "sync", folder), 0o755); err != nil {
			b.T.Fatal(err)
		}
		pin(fmt.Sprintf("t-1.%d.tgz", i))
		pin(fmt.Sprintf("k-1.%d-amd64", i))
		pin(fmt.Sprintf("k-1.%d-arm64", i))
		pin(fmt.Sprintf("data-%d", i))
		b.Write(filepath.Join("sync", folder, "Dockerfile"), []byte(strings.ReplaceAll(syncDockerfile, "#", fmt.Sprint(i))))
	}
	slices.Sort(lines)
	lockfile := b.Write(filepath.Join("sync", "deps.lock.toml"), []byte("version = 1\n[urls]\n"+strings.Join(lines, "")))
	dir := filepath.Dir(lockfile)
	argv := []string{b.Bin, "sync", "--bases=usual", "--context", dir, "-f", lockfile, dir}
	if out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput(); err != nil {
		b.T.Fatalf("adopting the Dockerfiles: %v\n%s", err, out)
	}
	before := fmt.Sprintf("0 adopted, %d adopted before, 0 left", syncFiles*(syncRuns+1))
	return []*bench.Group{b.server.counted(0, &bench.Group{Workload: syncWorkload, Rounds: syncRounds, Rows: []*bench.Row{
		{Tool: "deplock sync", Argv: argv, Says: before},
		{Tool: "deplock sync --check", Argv: append(slices.Clone(argv), "--check"), Says: "0 findings"},
	}})}
}

const syncDockerfile = `FROM debian:12 AS build
ARG V=1.#
RUN apt-get update && apt-get install -y curl
RUN set -eux; \
    curl -fsSLo /tmp/t.tgz "https://example.com/t-$V.tgz"; \
    tar -xzf /tmp/t.tgz -C /opt; rm /tmp/t.tgz
RUN case "$(uname -m)" in x86_64) a=amd64;; aarch64) a=arm64;; esac; \
    wget -qO /usr/local/bin/k "https://example.com/k-$V-$a" && chmod +x /usr/local/bin/k
ADD https://example.com/data-# /srv/
FROM debian:12
COPY --from=build /opt /opt
`
