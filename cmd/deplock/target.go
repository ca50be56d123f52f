package main

import (
	"context"
	"os"

	"depfetch/cmd/internal/lockfile"
	"depfetch/fetch/atomicfile"
	"depfetch/fetch/regular"
	"depfetch/lock"
	"depfetch/lock/edit"
)

// freshLock is the lockfile that sync and record start.
const freshLock = `# What this repository's images download, each pinned by its sha256.
# deplock sync keeps it; depfetch fetches what stands here and nothing else.
version = 1
platforms = ["linux/amd64", "linux/arm64"]
`

// target is a lockfile to change: one that is there, or one to start.
type target struct {
	name  string
	file  *lock.File
	fresh bool // it is not there yet
}

// openTarget reads a lockfile, or takes a fresh one if it is not there yet.
func openTarget(name string) (target, error) {
	file, err := lockfile.Read(name)
	if err == nil || fileExists(name) {
		return target{name: name, file: file}, err
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
	if !t.fresh {
		_, err := edit.Update(ctx, t.name, change)
		return err
	}
	_, text, err := t.edited(change)
	if err == nil {
		err = atomicfile.Create(t.name, text, 0o644)
	}
	t.fresh = err != nil
	return err
}

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
