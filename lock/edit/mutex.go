package edit

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// pollInterval is how often a lock that another holds is tried again.
const pollInterval = 5 * time.Millisecond

// acquire locks the lockfile at name and returns the path that its symbolic
// links lead to.
func acquire(ctx context.Context, name string) (path string, unlock func(), err error) {
	for {
		path, err := filepath.EvalSymlinks(name)
		if err != nil {
			return "", nil, err
		}
		mutex, err := newMutex(path)
		if err != nil {
			return "", nil, err
		}
		if _, err := mutex.TryLockContext(ctx, pollInterval); err != nil {
			return "", nil, err
		}
		if holds(mutex, name, path) {
			return path, func() { _ = mutex.Unlock() }, nil
		}
		// While it waited, the file was replaced, and it has locked the old one.
		if err := mutex.Unlock(); err != nil {
			return "", nil, err
		}
	}
}

// holds reports whether a locked mutex still is that of the file at name.
func holds(mutex *flock.Flock, name, path string) bool {
	if now, err := filepath.EvalSymlinks(name); err != nil || now != path {
		return false
	}
	if mutex.Path() != path {
		return true
	}
	locked, err := mutex.Stat()
	if err != nil {
		return false
	}
	now, err := os.Stat(path)
	return err == nil && os.SameFile(locked, now)
}
