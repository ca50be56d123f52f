//go:build unix

package regular_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"depfetch/fetch/regular"
)

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	file, link, fifo := filepath.Join(dir, "file"), filepath.Join(dir, "link"), filepath.Join(dir, "fifo")
	socket := filepath.Join(dir, "s")
	if err := errors.Join(os.WriteFile(file, []byte("text"), 0o600), os.Symlink("file", link), syscall.Mkfifo(fifo, 0o600),
		os.Symlink("fifo", filepath.Join(dir, "to-fifo"))); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, name := range []string{file, link} {
		if text, err := regular.Read(name, 4); err != nil || string(text) != "text" {
			t.Errorf("%s: %q, %v", name, text, err)
		}
		if _, err := regular.Read(name, 3); err == nil {
			t.Errorf("%s: read more than is wanted", name)
		}
	}
	for _, name := range []string{fifo, filepath.Join(dir, "to-fifo"), socket, dir, "/dev/zero", "/dev/null"} {
		if f, err := regular.Open(name); !errors.Is(err, regular.ErrOther) {
			t.Errorf("%s: %v, %v", name, f, err)
		}
	}
	if _, err := regular.Open(filepath.Join(dir, "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
}
