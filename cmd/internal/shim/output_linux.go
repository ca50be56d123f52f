package shim

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// reserve allocates the space for a file of this size, where the file system supports
// it, holes included. The content of the file does not change.
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

// replaceFile makes a descriptor refer to another file.
func replaceFile(old, by *os.File) error { return unix.Dup3(int(by.Fd()), int(old.Fd()), 0) }

// closedOutput reports whether a program was started without standard output. Go's
// runtime then opens /dev/null in its place, for reading and writing, on a file
// description of its own. A shell that discards output opens it write-only, or shares
// it with standard input or standard error.
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

// pipeSize is the capacity that a pipe is given, in bytes, for fewer context switches.
const pipeSize = 1 << 20

// splice moves the rest of a file to a pipe without copying the bytes, so the file must
// not change afterwards. The caller copies what is left: all of it if to is no pipe.
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
