package shim

import (
	"os"

	"golang.org/x/sys/unix"
)

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
