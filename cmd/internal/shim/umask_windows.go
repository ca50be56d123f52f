package shim

import "io/fs"

func userHome() string { return "" }

func umask() fs.FileMode { return 0 }
