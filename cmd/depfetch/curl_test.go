package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"depfetch/cmd/internal/console"
	"depfetch/fetch/cmdline"
	"depfetch/lock"
)

// TestPassedBy: where the lockfile at the root has been read, and another one lies in the
// working directory, what is not pinned says which of them was read.
func TestPassedBy(t *testing.T) {
	dir := t.TempDir()
	read, here, same := filepath.Join(dir, "root.toml"), filepath.Join(dir, "here.toml"), filepath.Join(dir, "copy.toml")
	for name, text := range map[string]string{read: "version = 1\n", here: "version = 1 # another\n", same: "version = 1\n"} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		read, here string
		want       bool
	}{
		{read, here, true},
		{read, read, false},
		{read, same, false},
		{read, filepath.Join(dir, "none.toml"), false},
	} {
		if got := passedBy(c.read, c.here); got != c.want {
			t.Errorf("passedBy(%q, %q) = %v", c.read, c.here, got)
		}
	}
	file, err := lock.Parse("/deps.lock.toml", []byte("version = 1\n"))
	if err != nil {
		t.Fatal(err)
	}
	address, err := cmdline.Normalize("https://example.com/f", "", false)
	if err != nil {
		t.Fatal(err)
	}
	_, err = (&pinned{file: file, passed: true}).Resolve(context.Background(), address, false, nil)
	e, ok := err.(*console.Error)
	if !ok || !strings.HasSuffix(e.Hint, "; /deps.lock.toml has been read, and not ./deps.lock.toml, which DEPFETCH_LOCK=deps.lock.toml names") {
		t.Errorf("%v", err)
	}
}
