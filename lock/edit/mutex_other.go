//go:build !unix

package edit

import (
	"crypto/sha256"
	"encoding/hex"
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
