//go:build !linux

package shim

import "os"

func reserve(*os.File, int64) error { return nil }

func closedOutput(*os.File) bool { return false }
