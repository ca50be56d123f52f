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

func TestReadIn(t *testing.T) {
	dir := t.TempDir()
	inside := filepath.Join(dir, "root")
	for name, text := range map[string]string{"root/f": "123", "out": "secret"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../out", filepath.Join(inside, "link")); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(inside)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if text, err := regular.ReadIn(root, "f", 3); err != nil || string(text) != "123" {
		t.Errorf("a file: %q, %v", text, err)
	}
	if text, err := regular.ReadIn(root, "f", 2); err == nil {
		t.Errorf("over the limit: %q", text)
	}
	if text, err := regular.ReadIn(root, ".", 3); !errors.Is(err, regular.ErrOther) {
		t.Errorf("a directory: %q, %v", text, err)
	}
	for _, name := range []string{"link", "../out", "missing"} {
		if text, err := regular.ReadIn(root, name, 10); err == nil {
			t.Errorf("%s: %q", name, text)
		}
	}
}
