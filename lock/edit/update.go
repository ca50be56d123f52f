package edit

import (
	"bytes"
	"context"
	"fmt"

	"depfetch/fetch/atomicfile"
	"depfetch/fetch/regular"
	"depfetch/lock"
)

// Update edits the lockfile at name in place: it reads it, calls f, and if the
// text has changed, replaces it as package atomicfile does. It reports whether the
// text was replaced; if f or anything else fails, it was not.
//
// A lock makes other calls for the same file wait, in this process and in
// others. It is held on the file itself, so no other file is left behind; a
// process that is killed may leave a temporary file beside the lockfile, which
// the next Update takes away. Update waits for the lock until ctx is done. It
// is safe for concurrent use; f must not call Update for the same file.
func Update(ctx context.Context, name string, f func(*Document) error) (changed bool, err error) {
	path, unlock, err := acquire(ctx, name)
	if err != nil {
		return false, fmt.Errorf("locking %s: %w", name, err)
	}
	defer unlock()
	data, err := regular.Read(path, lock.MaxSize)
	if err != nil {
		return false, err
	}
	doc, err := Parse(name, data)
	if err != nil {
		return false, err
	}
	if err := f(doc); err != nil {
		return false, err
	}
	text := doc.Bytes()
	if bytes.Equal(text, data) {
		return false, nil
	}
	if err := ctx.Err(); err != nil {
		return false, fmt.Errorf("writing %s: %w", name, err)
	}
	if err := atomicfile.Update(path, data, text); err != nil {
		return false, fmt.Errorf("writing %s: %w", name, err)
	}
	return true, nil
}
