//go:build !linux

package tempfile

import (
	"errors"
	"os"
)

// NewInMemory fails: only Linux has files that lie in no directory.
func NewInMemory() (*os.File, error) { return nil, errors.ErrUnsupported }
