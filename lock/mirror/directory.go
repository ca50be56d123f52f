package mirror

import (
	"context"
	"io"
	"os"

	"depfetch/fetch"
	"depfetch/fetch/cache"
)

// directory is a target in the file system.
type directory struct{ *cache.Store }

func (s directory) size(_ context.Context, d fetch.Digest) (int64, error) {
	f, err := s.Open(d)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (s directory) open(_ context.Context, d fetch.Digest) (io.ReadCloser, error) {
	return s.Open(d)
}

func (s directory) file() (*os.File, error) { return s.Temp() }

func (s directory) put(_ context.Context, d fetch.Digest, f *os.File, _ int64, _ func(int64)) error {
	return s.Commit(d, f)
}

func (s directory) String() string { return s.Root }
