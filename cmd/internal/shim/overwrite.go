package shim

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// overwrite writes the bytes of from into a file that cannot be replaced. It allocates
// all the space before it overwrites the first old byte; an error up to that point
// leaves the file as it was.
func overwrite(name string, from *os.File) error {
	size, err := from.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	to, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer to.Close()
	info, err := to.Stat()
	if err != nil {
		return err
	}
	old := info.Size()
	if err = reserve(to, size); err == nil && size > old {
		if _, err = copyRange(to, from, old, size); err == nil {
			err = to.Sync()
		}
	}
	if err != nil {
		return errors.Join(err, to.Truncate(old))
	}
	if _, err = copyRange(to, from, 0, min(old, size)); err == nil {
		err = to.Truncate(size)
	}
	if closed := to.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("%s cannot be replaced, only written into, and that has failed half-way: it is damaged: %w", name, err)
	}
	return nil
}

// copyRange copies the bytes of from between two offsets to the same ones of to.
func copyRange(to, from *os.File, begin, end int64) (int64, error) {
	return io.Copy(io.NewOffsetWriter(to, begin), io.NewSectionReader(from, begin, end-begin))
}
