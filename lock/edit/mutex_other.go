//go:build !unix

package edit

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"
)

// newMutex returns the lock of the file at path. Windows replaces no file that
// is open, so the lock is on a file of its own among the temporary ones.
func newMutex(path string) (*flock.Flock, error) {
	full, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(strings.ToLower(full)))
	return flock.New(filepath.Join(os.TempDir(), "deplock-"+hex.EncodeToString(sum[:8])+".lock")), nil
}

// giveOwner does nothing: the new file has the owner that the system gives it.
func giveOwner(*os.File, fs.FileInfo) {}

// syncDir does nothing: a rename is on the disk when it returns.
func syncDir(string) {}
