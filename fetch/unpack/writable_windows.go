package unpack

import "os"

// writable is not known beforehand here.
func writable(*os.File) error { return nil }
