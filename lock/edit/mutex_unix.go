//go:build unix

package edit

import (
	"os"

	"github.com/gofrs/flock"
)

// newMutex returns the lock of the file at path, which is on the file itself.
func newMutex(path string) (*flock.Flock, error) {
	return flock.New(path, flock.SetFlag(os.O_RDONLY)), nil
}
