package tempfile

import (
	"io"
	"os"
)

// closesFirst says that an open file cannot be renamed.
const closesFirst = true

// lock does nothing: abandoned always reports false.
func lock(*os.File) bool { return true }

func abandoned(*os.File) bool { return false }

func open(name string) (*os.File, error) { return os.Open(name) }

// LockDir opens a directory: they have no locks.
func LockDir(dir string) (io.Closer, error) { return os.Open(dir) }
