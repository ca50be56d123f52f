package main

import (
	"context"
	"os"

	"depfetch/cmd/internal/lockfile"
	"depfetch/fetch/atomicfile"
	"depfetch/lock"
	"depfetch/lock/edit"
)

// freshLock is the lockfile that sync and record start.
const freshLock = `# What this repository's images download, each pinned by its sha256.
# deplock sync keeps it; depfetch fetches what stands here and nothing else.
version = 1
platforms = ["linux/amd64", "linux/arm64"]
`

// openLock reads a lockfile, or takes a fresh one if it is not there yet.
func openLock(name string) (f *lock.File, fresh bool, err error) {
	if f, err = lockfile.Read(name); err == nil || fileExists(name) {
		return f, false, err
	}
	f, err = lock.Parse(name, []byte(freshLock))
	return f, true, err
}

// writeLock changes a lockfile, or starts one with the change if it is fresh.
func writeLock(ctx context.Context, name string, fresh bool, change func(*edit.Document) error) error {
	if !fresh {
		_, err := edit.Update(ctx, name, change)
		return err
	}
	doc, err := edit.Parse(name, []byte(freshLock))
	if err != nil {
		return err
	}
	if err := change(doc); err != nil {
		return err
	}
	return atomicfile.Create(name, doc.Bytes(), 0o644)
}

func fileExists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}
