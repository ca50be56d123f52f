package update

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/fetch/source"
)

// TestBuilds finds this program, which Go has built, in each form that files come in.
func TestBuilds(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	artifact := func(name string, text []byte) fetch.Artifact {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
		return fetch.Artifact{Name: name, URL: "file://" + filepath.ToSlash(file), Digest: sha256.Sum256(text), Size: int64(len(text)), Path: "/" + name}
	}
	archive := filepath.Join(dir, "archive")
	f, err := os.Create(archive)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(f)
	for name, text := range map[string][]byte{"top/b/tool": program, "top/a": program[:len(program)/2], "top/text": []byte("#!/bin/sh\n")} {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(text)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(text); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	packed, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	member, tree, whole := artifact("t.tar", packed), artifact("t.tar", packed), artifact("t.tar", packed)
	member.Member = "top/*/tool"
	tree.Unpack = &fetch.Unpack{Strip: 1}

	for _, store := range []*cache.Store{nil, {Root: filepath.Join(dir, "cache")}} {
		c := &Client{Fetch: &fetch.Client{Source: source.New(source.Config{}), Cache: store}}
		builds, err := c.Builds(context.Background(), []fetch.Artifact{artifact("tool", program), member, tree, whole, artifact("text", []byte("text"))})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []string{"", "", "b/tool", "none", "none"} {
			got := "none"
			for _, b := range builds[i] {
				if b.Info.Main.Path != "depfetch" {
					t.Errorf("%d: built from %+v", i, b.Info.Main)
				}
				got = b.Name
			}
			if got != want || len(builds[i]) > 1 {
				t.Errorf("%d: found %q, want %q", i, got, want)
			}
		}
	}
	wrong := artifact("wrong", program)
	wrong.Digest = sha256.Sum256(nil)
	if _, err := (&Client{Fetch: &fetch.Client{Source: source.New(source.Config{})}}).Builds(context.Background(), []fetch.Artifact{wrong}); err == nil {
		t.Error("other bytes than those that are locked were looked into")
	}
}
