//go:build unix

package atomicfile

import "os"

// syncDir has a rename in dir survive a crash of the system, where the file system
// can promise that. The file is whole without it.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}
