package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/lockfile"
	"depfetch/fetch/atomicfile"
	"depfetch/fetch/regular"
	"depfetch/lock"
	"depfetch/lock/edit"
)

// freshLock is the lockfile that add, sync and record start.
const freshLock = `# What this repository's images download, each pinned by its sha256.
# deplock keeps it; depfetch fetches what stands here and nothing else.
version = 1
platforms = ["linux/amd64", "linux/arm64"]
`

// target is a lockfile to change: one that is there, or one to start.
type target struct {
	name    string
	file    *lock.File
	fresh   bool // it is not there yet
	started bool // apply has made it
}

// openTarget reads a lockfile, or takes a fresh one if it is not there yet.
func openTarget(name string) (target, error) {
	file, err := lockfile.Read(name)
	if err == nil || fileExists(name) {
		return target{name: name, file: file}, err
	}
	if dir := filepath.Dir(name); !fileExists(dir) { // before anything is downloaded
		return target{name: name}, console.Usagef("make it, or name another lockfile with -f", "%s cannot be started: there is no directory %s", name, dir)
	}
	file, err = lock.Parse(name, []byte(freshLock))
	return target{name: name, file: file, fresh: true}, err
}

// text returns the text that is to be changed.
func (t *target) text() ([]byte, error) {
	if t.fresh {
		return []byte(freshLock), nil
	}
	data, err := regular.Read(t.name, lock.MaxSize)
	if err != nil {
		err = lockfile.Unreadable(t.name, err)
	}
	return data, err
}

// edited returns the text before and after a change.
func (t *target) edited(change func(*edit.Document) error) (before, after []byte, err error) {
	if before, err = t.text(); err != nil {
		return nil, nil, err
	}
	doc, err := edit.Parse(t.name, before)
	if err == nil {
		err = change(doc)
	}
	if err != nil {
		return nil, nil, err
	}
	return before, doc.Bytes(), nil
}

// write changes the lockfile, or starts it with the change.
func (t *target) write(ctx context.Context, change func(*edit.Document) error) error {
	_, err := t.apply(ctx, change)
	return err
}

// apply is write, and reports whether anything has changed.
func (t *target) apply(ctx context.Context, change func(*edit.Document) error) (bool, error) {
	if !t.fresh {
		return edit.Update(ctx, t.name, change)
	}
	_, text, err := t.edited(change)
	if err == nil {
		err = atomicfile.Create(t.name, text, 0o644)
	}
	if errors.Is(err, fs.ErrExist) && fileExists(t.name) { // another process has started it meanwhile
		t.fresh = false
		return edit.Update(ctx, t.name, change)
	}
	t.started, t.fresh = err == nil, err != nil
	return t.started, err
}

// openAdded reads the lockfile that something is added to, or takes a fresh one if there
// is none. One that lies above in the same repository is named, not passed over: without
// a name, a second one is hardly meant.
func (c *command) openAdded() (*lock.File, error) {
	t, err := openTarget(c.name())
	if err != nil || !t.fresh || c.lockFile != "" || c.getenv("DEPFETCH_LOCK") != "" {
		return t.file, err
	}
	found, above := "", ""
	for range maxDepth {
		if fileExists(filepath.Join(above, ".git")) {
			break
		}
		above = filepath.Join(above, "..")
		if name := filepath.Join(above, lockfile.Default); found == "" && fileExists(name) {
			found = name
		}
	}
	if found != "" && fileExists(filepath.Join(above, ".git")) {
		return nil, console.Usagef("-f "+found+" adds to that one, and -f "+lockfile.Default+" starts one here",
			"there is no %s here, and there is %s", lockfile.Default, found)
	}
	return t.file, nil
}

// start starts the lockfile if it is not there yet, and says so.
func (c *command) start(ctx context.Context) error {
	t, err := openTarget(c.name())
	if err != nil || !t.fresh {
		return err
	}
	if err := t.write(ctx, func(*edit.Document) error { return nil }); err != nil {
		return err
	}
	if t.started {
		c.printf("%s is started\n", t.name)
	}
	return nil
}

// maxDepth is how many folders above are looked at for a repository's.
const maxDepth = 64

// preview prints the difference that a change would make.
func (c *command) preview(t target, change func(*edit.Document) error) error {
	before, after, err := t.edited(change)
	if err != nil {
		return err
	}
	if t.fresh {
		before = nil
	}
	c.diff(t.name, before, after)
	return nil
}

func fileExists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}
