package fetch

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"depfetch/fetch/osfile"
	"depfetch/fetch/regular"
	"depfetch/fetch/tempfile"
)

// Document is a text about what Fetch has put in place. It is placed with that, by the
// last of the renames.
type Document struct {
	Name string // for messages
	Path string // as that of an Artifact
	// Text returns what the file is to hold. old is what it holds, or nil if it does not
	// exist. No other document of this directory is written by anyone meanwhile, where
	// directories can be locked.
	Text func(old []byte) ([]byte, error)
}

// maxDocument is how large a document may be that is added to, in bytes.
const maxDocument = 256 << 20

// documentMode is the mode of documents.
const documentMode fs.FileMode = 0o644

// documents returns what Documents are as artifacts.
func (c *Client) documents() []Artifact {
	all := make([]Artifact, len(c.Documents))
	for i, doc := range c.Documents {
		all[i] = Artifact{Name: doc.Name, Path: doc.Path, Mode: documentMode}
	}
	return all
}

// CheckDocuments returns why Documents cannot be written as things are now, and changes
// nothing. Fetch finds that out by itself, before it asks any source.
func (c *Client) CheckDocuments() error {
	r := c.newRun()
	dests, err := destinations(c.Root, nil, c.documents())
	if r.docs = dests; err == nil {
		err = r.checkDocuments()
	}
	return err
}

// checkDocuments returns why the documents cannot be written, as far as that can be found
// out without making anything.
func (r *run) checkDocuments() error {
	for i, d := range r.docs {
		old, err := regular.Read(d.file, maxDocument)
		if err == nil && len(old) > 0 {
			_, err = r.Documents[i].Text(old)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return d.fail(osfile.Cause(err))
		}
		missing, err := r.stage.missing(d.dir)
		if err != nil {
			return d.fail(err)
		}
		dir := d.dir
		if len(missing) > 0 {
			dir = filepath.Dir(missing[0])
		}
		if err := osfile.Writable(dir); err != nil {
			return cannotWrite(d.Artifact, d.file, dir, err)
		}
	}
	return nil
}

// stageDocuments stages the documents that say something else than what is in place, and
// locks their directories until the stage is cleaned up.
func (r *run) stageDocuments(ctx context.Context) error {
	for _, d := range r.docs {
		r.stage.sweep([]*destination{d})
		if err := r.stage.mkdir(d); err != nil {
			return err
		}
	}
	if err := r.lockDocuments(ctx); err != nil {
		return err
	}
	for i, d := range r.docs {
		if err := r.stageDocument(d, r.Documents[i].Text); err != nil {
			return err
		}
	}
	return nil
}

// lockDocuments locks the directories of the documents: each once, since a second lock would
// wait for the first, and in an order that all processes have, so that no two wait for each
// other.
func (r *run) lockDocuments(ctx context.Context) error {
	docs := slices.Clone(r.docs)
	slices.SortFunc(docs, func(a, b *destination) int { return strings.Compare(a.dir, b.dir) })
	var locked []fs.FileInfo
	for _, d := range docs {
		info, err := os.Stat(d.dir)
		if err == nil && slices.ContainsFunc(locked, func(l fs.FileInfo) bool { return os.SameFile(l, info) }) {
			continue
		}
		var lock io.Closer
		if err == nil {
			lock, err = lockDir(ctx, d.dir)
		}
		if err != nil {
			return d.fail(osfile.Cause(err))
		}
		r.stage.locks = append(r.stage.locks, lock)
		locked = append(locked, info)
	}
	return nil
}

// stageDocument stages one document, unless it is in place as it is to be.
func (r *run) stageDocument(d *destination, text func(old []byte) ([]byte, error)) error {
	old, err := regular.Read(d.file, maxDocument)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	var now []byte
	if err == nil {
		now, err = text(old)
	}
	if err != nil {
		return d.fail(osfile.Cause(err))
	}
	if bytes.Equal(old, now) {
		r.inPlace = append(r.inPlace, d)
		return nil
	}
	f, err := r.stage.temp(d)
	if err != nil {
		return err
	}
	if _, err := f.Write(now); err != nil {
		f.Close()
		return d.unwritable(err)
	}
	t, err := r.stage.file(d, f, r.mtime())
	if err == nil {
		r.staged = append(r.staged, t)
		r.written++
	}
	return err
}

// lockPoll is how often a lock is tried that another has, for as long as it renames files.
const lockPoll = 2 * time.Millisecond

// lockDir waits for the lock of a directory, which closing it releases. Where there are no
// such locks it returns at once.
func lockDir(ctx context.Context, dir string) (io.Closer, error) {
	for {
		lock, err := tempfile.LockDir(dir)
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return lock, err
		}
		if err := sleep(ctx, lockPoll, nil); err != nil {
			return nil, err
		}
	}
}
