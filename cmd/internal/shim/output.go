package shim

import (
	"crypto/sha256"
	"io"
	"os"

	"depfetch/fetch"
	"depfetch/fetch/cmdline"
	"depfetch/fetch/tempfile"
)

// failed marks err, unless it is nil, as that of an output that could not be written.
// Inlining it would cost 2 kB.
//
//go:noinline
func failed(err error) error {
	if err == nil {
		return nil
	}
	return &cmdline.Error{Err: err, Fault: cmdline.Output}
}

// smallBody is the size up to which a body is buffered in memory, in bytes.
const smallBody = 1 << 20

// private makes an empty private file: in memory if the body is small, otherwise in the
// first directory that allows it.
func private(size int64) (f *os.File, err error) {
	if size >= 0 && size <= smallBody {
		if f, err = tempfile.NewInMemory(); err == nil {
			return f, nil
		}
	}
	for _, dir := range []string{os.TempDir(), ".", "/dev/shm"} {
		if f, err = tempfile.New(dir); err == nil {
			tempfile.Sweep(dir)
			os.Remove(f.Name()) // so that nothing remains if the program is killed; Windows cannot remove open files
			return f, nil
		}
	}
	return nil, failed(err)
}

// discard closes a private file and removes it.
func discard(f *os.File) {
	f.Close()
	os.Remove(f.Name())
}

// same reports whether a file already holds the pinned bytes.
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

// exists reports whether there is a file of this name. A dangling link counts.
func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}
