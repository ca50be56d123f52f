package mirror

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"depfetch/fetch"
	"depfetch/fetch/atomicfile"
	"depfetch/fetch/cache"
	"depfetch/fetch/osfile"
	"depfetch/fetch/regular"
)

// layoutFile and indexFile make an OCI image layout of a directory with blobs (OCI image
// specification, section "Image Layout").
const (
	layoutFile = "oci-layout"
	layoutText = `{"imageLayoutVersion": "1.0.0"}` + "\n"
	indexFile  = "index.json"
)

// lockTimeout is how long to wait for others to change an index, which takes a moment.
const lockTimeout = time.Minute

// refName is the annotation by which programs find an image in a layout.
const refName = "org.opencontainers.image.ref.name"

func (s directory) manifest(_ context.Context, d fetch.Digest) ([]byte, error) {
	f, err := s.Open(d)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxManifest+1))
}

func (s directory) putManifest(_ context.Context, p *part) error {
	f, err := s.Temp()
	if err != nil {
		return &localError{err}
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if _, err = f.Write(p.text); err == nil {
		err = s.Commit(p.digest, f)
	}
	if err != nil {
		return &localError{err}
	}
	return nil
}

// index reads the index of a layout. Without one, text is nil.
func (s directory) index() (index v1.IndexManifest, text []byte, err error) {
	name := filepath.Join(s.Root, indexFile)
	text, err = regular.Read(name, maxManifest)
	if errors.Is(err, fs.ErrNotExist) {
		return v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex}, nil, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &index)
	}
	if err != nil {
		return index, nil, &localError{fmt.Errorf("%s: %w", name, err)}
	}
	return index, text, nil
}

// layoutName is what an image is called in a layout.
func (i Image) layoutName() string { return i.Repository() + "@sha256:" + i.Digest.String() }

func (s directory) kept(_ context.Context, i Image) (bool, error) {
	index, _, err := s.index()
	return s.lists(index, i), err
}

func (s directory) lists(index v1.IndexManifest, i Image) bool {
	for _, m := range index.Manifests {
		if m.Digest == hash(i.Digest) && m.Annotations[refName] == i.layoutName() {
			return true
		}
	}
	return false
}

// lock keeps other programs from changing the index at the same time. A disk that has no
// locks is used without.
func (s directory) lock(ctx context.Context) (unlock func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	// The index itself is replaced, this file never is.
	mutex := flock.New(filepath.Join(s.Root, layoutFile), flock.SetFlag(os.O_RDONLY|osfile.Nonblock))
	if _, err := mutex.TryLockContext(ctx, 5*time.Millisecond); err != nil && ctx.Err() != nil {
		return nil, fmt.Errorf("%s: another program keeps it locked: %w", mutex.Path(), err)
	}
	return func() { _ = mutex.Unlock() }, nil
}

// keep adds an image to the index.
func (s directory) keep(ctx context.Context, i Image, root *part) error {
	err := atomicfile.Create(filepath.Join(s.Root, layoutFile), []byte(layoutText), 0o644)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return &localError{err}
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return &localError{err}
	}
	defer unlock()
	for range 10 {
		index, old, err := s.index()
		if err != nil || s.lists(index, i) {
			return err
		}
		index.Manifests = append(index.Manifests, v1.Descriptor{
			MediaType: root.media, Digest: hash(root.digest), Size: root.size,
			Annotations: map[string]string{refName: i.layoutName()},
		})
		text, err := json.MarshalIndent(index, "", "  ")
		if err != nil {
			return err
		}
		text = append(text, '\n')
		name := filepath.Join(s.Root, indexFile)
		if old == nil {
			err = atomicfile.Create(name, text, 0o644)
		} else {
			err = atomicfile.Update(name, old, text)
		}
		if err == nil || !errors.Is(err, atomicfile.ErrChanged) && !errors.Is(err, fs.ErrExist) {
			if err != nil {
				err = &localError{err}
			}
			return err
		}
	}
	return &localError{fmt.Errorf("%s: %w", filepath.Join(s.Root, indexFile), atomicfile.ErrChanged)}
}

// Held returns the blobs of the images that a directory has, manifests included.
func Held(dir string) (map[fetch.Digest]bool, error) {
	s := directory{&cache.Store{Root: dir}}
	index, _, err := s.index()
	if err != nil {
		return nil, err
	}
	held := make(map[fetch.Digest]bool)
	var walk func(p *part, depth int)
	walk = func(p *part, depth int) {
		if held[p.digest] {
			return
		}
		held[p.digest] = true
		if !p.isManifest() || depth == 0 {
			return
		}
		// What is missing or broken holds nothing else.
		if text, err := s.manifest(context.Background(), p.digest); err == nil && p.read(text) == nil {
			for _, kid := range p.parts {
				walk(kid, depth-1)
			}
		}
	}
	for _, m := range index.Manifests {
		walk(&part{media: m.MediaType, digest: digestOf(m.Digest)}, maxDepth+2)
	}
	return held, nil
}
