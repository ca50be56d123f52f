// Package regular opens files that somebody else names: a link is followed, and
// what it leads to is opened if it is a regular file, and else refused, never waited
// for. Opening a FIFO would wait for its writer, and a device has no end.
package regular

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// ErrOther is the cause of an *fs.PathError for what is not a regular file.
var ErrOther = errors.New("it is not a regular file")

var errDir = fmt.Errorf("it is a directory: %w", ErrOther)

// Open opens a regular file for reading.
func Open(name string) (*os.File, error) {
	// Opening some devices does something, so look before opening as well.
	info, err := os.Stat(name)
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
	f, err := os.OpenFile(name, os.O_RDONLY|nonblock, 0)
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

// Read returns what a regular file holds. More than limit bytes are an error, and
// not read.
func Read(name string, limit int64) ([]byte, error) {
	f, err := Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(text)) > limit {
		return nil, &fs.PathError{Op: "read", Path: name, Err: fmt.Errorf("it is larger than %d bytes", limit)}
	}
	return text, err
}
