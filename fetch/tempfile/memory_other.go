//go:build !linux

package tempfile

import (
	"errors"
	"os"
)

// NewInMemory fails: it is supported on Linux only.
func NewInMemory() (*os.File, error) { return nil, errors.ErrUnsupported }
