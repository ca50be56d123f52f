package shim

import (
	"crypto/sha256"
	"io"
	"os"

	"depfetch/fetch"
	"depfetch/fetch/cmdline"
	"depfetch/fetch/tempfile"
)

// failed returns an error of an output that could not be written, or nil.
//
//go:noinline
func failed(err error) error {
	if err == nil {
		return nil
	}
	return &cmdline.Error{Err: err, Fault: cmdline.Output}
}

// smallBody is how large a body may be that waits in memory, in bytes.
const smallBody = 1 << 20

// private makes an empty private file: in memory if it is to be small, or where
// one can be made.
func private(size int64) (f *os.File, err error) {
	if size >= 0 && size <= smallBody {
		if f, err = tempfile.NewInMemory(); err == nil {
			return f, nil
		}
	}
	for _, dir := range []string{os.TempDir(), ".", "/dev/shm"} {
		if f, err = tempfile.New(dir); err == nil {
			tempfile.Sweep(dir)
			os.Remove(f.Name()) // nothing stays, whatever ends the program; Windows keeps what is open
			return f, nil
		}
	}
	return nil, failed(err)
}

// discard closes a private file and removes it, if it has not been placed.
func discard(f *os.File) {
	f.Close()
	os.Remove(f.Name())
}

// same reports whether a file holds the pinned bytes already.
func same(name string, a *fetch.Artifact) bool {
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() || a.Size != fetch.SizeUnknown && info.Size() != a.Size {
		return false
	}
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return err == nil && fetch.Digest(h.Sum(nil)) == a.Digest
}

// exists reports whether there is a file, or a link that leads nowhere.
func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}
