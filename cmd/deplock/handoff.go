package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"

	"depfetch/cmd/internal/lockfile"
	"depfetch/fetch/regular"
	"depfetch/lock"
)

// handOff prints the lines by which a Dockerfile gets what the lockfile places, unless
// one beside the lockfile speaks of depfetch already.
func (c *command) handOff() {
	name := c.name()
	file, err := lockfile.Read(name)
	if err != nil || !places(file) || c.mentioned(filepath.Dir(name)) {
		return
	}
	base := filepath.Base(name)
	c.console.Hintf(`these lines place it in an image, in any stage and in FROM scratch too; build with --build-context depfetch=DIR, the folder of depfetch
ARG TARGETPLATFORM
RUN --mount=type=bind,from=depfetch,source=depfetch,target=/depfetch \
    --mount=type=bind,source=%s,target=/deps.lock.toml \
    ["/depfetch", "fetch", "--lock", "/deps.lock.toml"]`, base)
}

// places reports whether depfetch fetch would place anything.
func places(f *lock.File) bool {
	for _, d := range f.Deps {
		if d.Path != "" {
			return true
		}
	}
	return false
}

// mentioned reports whether a Dockerfile in a folder speaks of depfetch.
func (c *command) mentioned(dir string) bool {
	const largest = 1 << 20
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	for _, e := range entries {
		name := strings.ToLower(e.Name())
		if !strings.HasPrefix(name, "dockerfile") && !strings.HasPrefix(name, "containerfile") && !strings.HasSuffix(name, ".dockerfile") {
			continue
		}
		text, err := regular.Read(filepath.Join(dir, e.Name()), largest)
		if err == nil && bytes.Contains(text, []byte("depfetch")) {
			return true
		}
	}
	return false
}
