package fetch

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"depfetch/fetch/osfile"
)

// stagedSwap is a tree that replaces a directory.
type stagedSwap struct {
	*destination
	temp string
}

func (t stagedSwap) dest() *destination { return t.destination }

func (t stagedSwap) claim(c *claims) error {
	c.add(t.destination, t.temp)
	entries, err := stagedEntries(t.temp)
	for _, e := range entries {
		c.name(t.destination, filepath.Join(t.file, filepath.FromSlash(e.name)), filepath.Base(e.name))
	}
	return err
}

// If a directory cannot be moved, two further entries are made beside the staged tree
// that replaces it, with these suffixes.
const (
	swapKept = ".old" // the old tree
	swapName = ".for" // a file with the name of the destination; written once swapKept is complete, before anything is removed
)

// check makes swapKept and swapName if the old tree cannot be moved.
func (t stagedSwap) check() error {
	info, err := os.Lstat(t.file)
	if err != nil || !info.IsDir() {
		return nil
	}
	lower, err := isLower(t.file, t.temp+".probe")
	if err != nil || !lower {
		return osfile.Cause(err)
	}
	if err := keepTree(t.file, t.temp+swapKept); err != nil {
		return err
	}
	f, err := os.OpenFile(t.temp+swapName, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return osfile.Cause(err)
	}
	_, err = f.WriteString(filepath.Base(t.file))
	return osfile.Cause(errors.Join(err, f.Sync(), f.Close()))
}

// place exchanges the directories, at once where the system can.
func (t stagedSwap) place() error {
	if _, err := os.Lstat(t.file); errors.Is(err, fs.ErrNotExist) {
		return osfile.Cause(os.Rename(t.temp, t.file))
	}
	if _, err := os.Lstat(t.temp + swapName); err == nil {
		return replaceLower(t.temp, t.file, t.temp+swapKept)
	}
	if exchange(t.temp, t.file) == nil {
		return nil
	}
	old := t.temp + swapKept
	if err := os.Rename(t.file, old); err != nil {
		return osfile.Cause(err)
	}
	if err := os.Rename(t.temp, t.file); err != nil {
		os.Rename(old, t.file)
		return osfile.Cause(err)
	}
	return nil
}

// salvage restores what a killed run removed from the directory above the abandoned
// one, unless that run had completed the swap.
func salvage(abandoned string) {
	info, err := os.Lstat(abandoned)
	if err != nil || int64(osfile.OwnerOf(info).UID) != int64(os.Geteuid()) {
		return // of another user, who is not trusted
	}
	entries, err := os.ReadDir(abandoned)
	if err != nil {
		return
	}
	for _, e := range entries {
		temp, ok := strings.CutSuffix(filepath.Join(abandoned, e.Name()), swapName)
		if !ok {
			continue
		}
		base, err := os.ReadFile(temp + swapName)
		dir := filepath.Join(filepath.Dir(abandoned), string(base))
		if err != nil || filepath.Base(dir) != string(base) {
			continue
		}
		// The new tree is moved only to its destination.
		if _, err := os.Lstat(temp); err != nil {
			continue
		}
		if info, err := os.Lstat(dir); err == nil && info.IsDir() {
			restoreTree(temp+swapKept, dir)
		}
	}
}
