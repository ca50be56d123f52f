// Package regular opens files whose names come from elsewhere. Links are followed. What
// is not a regular file is refused, and never waited for: opening a FIFO would block
// until a writer comes, and a device may have no end.
package regular

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"depfetch/fetch/osfile"
)

// ErrOther is the cause of an *fs.PathError for what is not a regular file.
var ErrOther = errors.New("it is not a regular file")

var errDir = fmt.Errorf("it is a directory: %w", ErrOther)

// Open opens a regular file for reading.
func Open(name string) (*os.File, error) { return open(name, os.Stat, os.OpenFile) }

// openFunc opens a file as os.OpenFile does.
type openFunc func(name string, flag int, mode fs.FileMode) (*os.File, error)

func open(name string, stat func(string) (fs.FileInfo, error), openFile openFunc) (*os.File, error) {
	// Opening some devices does something, so look before opening as well.
	info, err := stat(name)
	if err != nil {
		if e, ok := err.(*fs.PathError); ok {
			e.Op = "open"
		}
		return nil, err
	}
	if info.IsDir() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errDir}
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: ErrOther}
	}
	f, err := openFile(name, os.O_RDONLY|osfile.Nonblock, 0)
	if err != nil {
		return nil, err
	}
	if info, err = f.Stat(); err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: name, Err: ErrOther}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Read returns the content of a regular file. More than limit bytes are an error, and
// not read.
func Read(name string, limit int64) ([]byte, error) {
	f, err := Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return read(f, name, limit)
}

// ReadIn is Read for a file below root.
func ReadIn(root *os.Root, name string, limit int64) ([]byte, error) {
	f, err := open(name, root.Stat, root.OpenFile)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return read(f, name, limit)
}

func read(f *os.File, name string, limit int64) ([]byte, error) {
	var b bytes.Buffer
	if info, err := f.Stat(); err == nil {
		b.Grow(int(min(info.Size(), limit)) + bytes.MinRead) // what ReadFrom wants to have left at the end
	}
	n, err := b.ReadFrom(io.LimitReader(f, limit+1))
	if err == nil && n > limit {
		return nil, &fs.PathError{Op: "read", Path: name, Err: fmt.Errorf("it is larger than %d bytes", limit)}
	}
	return b.Bytes(), err
}
