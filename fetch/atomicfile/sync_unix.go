//go:build unix

package atomicfile

import "os"

// syncDir makes a rename in dir survive a crash of the system, if the file system
// supports that. The content of the file does not depend on it.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}
