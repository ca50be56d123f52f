package lock

import (
	"os"
	"path/filepath"
	"testing"
)

const testdata = "../testdata/lock"

// fixtures returns the lockfiles of some folders of testdata by their paths.
func fixtures(tb testing.TB, folders ...string) map[string]string {
	tb.Helper()
	files := make(map[string]string)
	for _, folder := range folders {
		names, err := filepath.Glob(filepath.Join(testdata, folder, "*.toml"))
		if err != nil || len(names) == 0 {
			tb.Fatalf("no lockfiles in %s: %v", folder, err)
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				tb.Fatal(err)
			}
			files[name] = string(data)
		}
	}
	return files
}
