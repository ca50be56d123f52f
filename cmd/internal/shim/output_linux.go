package shim

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// reserve takes the space for a file of a size, where the file system can, without
// changing what the file holds. Holes are filled by it.
func reserve(f *os.File, size int64) error {
	if size == 0 {
		return nil
	}
	err := unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_KEEP_SIZE, 0, size)
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s cannot be replaced, only written into, and there is no room for %d bytes: %w", f.Name(), size, err)
	}
	return nil
}

// replaceFile makes another file what a descriptor stands for.
func replaceFile(old, by *os.File) error { return unix.Dup3(int(by.Fd()), int(old.Fd()), 0) }

// closedOutput reports whether a program was started without standard output. The
// runtime of Go then opens /dev/null in its place, for reading and writing, and so
// that no other descriptor shares it; whoever throws output away on purpose opens
// it for writing alone, or has it for standard input or error too.
func closedOutput(f *os.File) bool {
	fd := f.Fd()
	var st, null unix.Stat_t
	flags, err := unix.FcntlInt(fd, unix.F_GETFL, 0)
	if err != nil || flags&unix.O_ACCMODE != unix.O_RDWR || unix.Fstat(int(fd), &st) != nil ||
		unix.Stat(os.DevNull, &null) != nil || st.Mode&unix.S_IFMT != unix.S_IFCHR || st.Rdev != null.Rdev {
		return false
	}
	// Descriptors that share an open file share its flags.
	unix.FcntlInt(fd, unix.F_SETFL, flags^unix.O_APPEND)
	defer unix.FcntlInt(fd, unix.F_SETFL, flags)
	for _, other := range []int{0, 2} {
		var is unix.Stat_t
		got, err := unix.FcntlInt(uintptr(other), unix.F_GETFL, 0)
		if err == nil && unix.Fstat(other, &is) == nil && is.Rdev == st.Rdev && got == flags^unix.O_APPEND {
			return false
		}
	}
	return true
}

// pipeSize is what a pipe is to hold, so that its two ends switch less often.
const pipeSize = 1 << 20

// splice hands the rest of a file that nobody changes to a pipe without copying its
// bytes. What it leaves, all of it if to is no pipe, is for the caller to copy.
func splice(to, from *os.File) {
	out, in := int(to.Fd()), int(from.Fd())
	unix.FcntlInt(uintptr(out), unix.F_SETPIPE_SZ, pipeSize)
	for {
		n, err := unix.Splice(in, nil, out, nil, pipeSize, unix.SPLICE_F_MORE)
		if err == unix.EINTR {
			continue
		}
		if n <= 0 || err != nil {
			return
		}
	}
}
