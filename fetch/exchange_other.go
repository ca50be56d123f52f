//go:build !linux

package fetch

import "errors"

// exchange is not supported here.
func exchange(a, b string) error { return errors.ErrUnsupported }
