package unpack

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// snapshot returns a line for each thing below dir, by its name: type, mode,
// modification time, and contents or target. Names of one inode share a number.
// Directories that are excepted are left out, with all below them.
func snapshot(t testing.TB, dir string, except ...string) map[string]string {
	t.Helper()
	lines := make(map[string]string)
	var files []fs.FileInfo
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Lstat(path)
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		if slices.Contains(except, name) {
			return filepath.SkipDir
		}
		line := fmt.Sprintf("%v %s", info.Mode(), info.ModTime().UTC().Format("2006-01-02T15:04:05.999999999"))
		switch {
		case info.Mode()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			if err != nil {
				return err
			}
			line += fmt.Sprintf(" -> %q", target)
		case info.Mode().IsRegular():
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			same := slices.IndexFunc(files, func(f fs.FileInfo) bool { return os.SameFile(f, info) })
			if same < 0 {
				same = len(files)
				files = append(files, info)
			}
			line += fmt.Sprintf(" %d bytes, sha256 %x, inode %d", len(b), sha256.Sum256(b), same)
		}
		lines[name] = line
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// compareTrees reports how got differs from want.
func compareTrees(t testing.TB, got, want map[string]string) {
	t.Helper()
	var diff []string
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got[name] != want[name] {
			diff = append(diff, fmt.Sprintf("%q: got  %s\n\twant %s", name, got[name], want[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[name]; !ok {
			diff = append(diff, fmt.Sprintf("%q: got  %s\n\twant nothing", name, got[name]))
		}
	}
	if len(diff) > 0 {
		t.Errorf("trees differ:\n\t%s", strings.Join(diff, "\n\t"))
	}
}
