//go:build !linux

package scratch

import (
	"errors"
	"os"
)

// Memory fails: only Linux has files that lie in no directory.
func Memory() (*os.File, error) { return nil, errors.ErrUnsupported }
