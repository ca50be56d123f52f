//go:build !linux

package fetch

import "errors"

// isLower reports false: there are no layers.
func isLower(string, string) (bool, error) { return false, nil }

func keepTree(string, string) error             { return errors.ErrUnsupported }
func replaceLower(string, string, string) error { return errors.ErrUnsupported }
func restoreTree(string, string) error          { return errors.ErrUnsupported }
