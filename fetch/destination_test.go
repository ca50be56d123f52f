package fetch_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"depfetch/fetch"
	"depfetch/fetch/fetchtest"
)

func symlink(t *testing.T, target, name string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, name); err != nil {
		t.Fatal(err)
	}
}

// TestDestinationLinks: links in a destination's directory lead to where they
// lead in a chroot; a link that is the destination itself is replaced.
func TestDestinationLinks(t *testing.T) {
	s := fetchtest.New(t)
	url := s.Script("/tool", fetchtest.Body(body))
	outside := t.TempDir()
	tests := []struct{ name, link, target, path, lands string }{
		{"absolute", "var/run", "/run", "/var/run/tool", "run/tool"},
		{"relative", "var/run", "../run", "/var/run/tool", "run/tool"},
		{"climbing", "var/run", "../../../../run", "/var/run/tool", "run/tool"},
		{"outside", "var/run", outside, "/var/run/tool", outside + "/tool"},
		{"chain", "var/run", "/a/b", "/var/run/tool", "a/b/tool"},
		{"itself", "bin/wget", "/bin/busybox", "/bin/wget", "bin/wget"},
		{"itself, dangling", "bin/wget", "/none", "/bin/wget", "bin/wget"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := client(t)
			mustWrite(t, filepath.Join(c.Root, "bin/busybox"), "busybox")
			symlink(t, tt.target, filepath.Join(c.Root, tt.link))
			a := pin("tool", url, body)
			a.Path = tt.path
			if _, err := c.Fetch(t.Context(), []fetch.Artifact{a}); err != nil {
				t.Fatal(err)
			}
			lands := filepath.Join(c.Root, tt.lands)
			if info, err := os.Lstat(lands); err != nil || !info.Mode().IsRegular() {
				t.Errorf("%s: %v, %v", lands, info, err)
			}
			wantFile(t, lands, body)
			wantFile(t, filepath.Join(c.Root, "bin/busybox"), "busybox")
			wantTree(t, outside)
			if f, err := c.Verify(t.Context(), []fetch.Artifact{a}); err != nil || len(f) != 0 {
				t.Errorf("Verify: %v, %v", f, err)
			}
		})
	}
}

// TestDestinationOddRoots: the root may be a link itself, relative, or both.
func TestDestinationOddRoots(t *testing.T) {
	s := fetchtest.New(t)
	for _, path := range []string{"/tool", "/new/tool", "/var/run/tool"} {
		c := client(t)
		dir := c.Root
		t.Chdir(dir)
		mustWrite(t, "real/below/keep", "")
		symlink(t, "/", "real/var/run")
		symlink(t, "/nowhere", "real/tool")
		symlink(t, "real", "link")
		for _, root := range []string{"link", "real/below/..", "real/../link/."} {
			c.Root = root
			a := pin("tool", s.Script("/tool", fetchtest.Body(body)), body)
			a.Path = path
			if _, err := c.Fetch(t.Context(), []fetch.Artifact{a}); err != nil {
				t.Errorf("%s below %s: %v", path, root, err)
			}
			if f, err := c.Verify(t.Context(), []fetch.Artifact{a}); err != nil || len(f) != 0 {
				t.Errorf("Verify %s below %s: %v, %v", path, root, f, err)
			}
		}
	}
}

// TestDestinationRoot: with the root directory as root, too.
func TestDestinationRoot(t *testing.T) {
	s := fetchtest.New(t)
	c := client(t)
	dir := c.Root // an absolute path below "/"
	c.Root = "/"
	symlink(t, filepath.Join(dir, "run"), filepath.Join(dir, "var/run"))
	a := pin("tool", s.Script("/tool", fetchtest.Body(body)), body)
	a.Path = filepath.Join(dir, "var/run/tool")
	if _, err := c.Fetch(t.Context(), []fetch.Artifact{a}); err != nil {
		t.Fatal(err)
	}
	wantTree(t, dir, "run/", "run/tool", "var/", "var/run")
	wantFile(t, filepath.Join(dir, "run/tool"), body)
}

func TestDestinationRefused(t *testing.T) {
	s := fetchtest.New(t)
	url := s.Script("/tool", fetchtest.Body(body))
	tests := []struct {
		name  string
		paths []string
		setup func(root string)
		want  string
	}{
		{"a directory", []string{"/opt"}, nil, "a directory is there"},
		{"a link to a directory", []string{"/link"}, func(root string) { symlink(t, "/opt", root+"/link") }, "a directory is there"},
		{"the parent is a file", []string{"/opt/file/tool"}, nil, "opt/file is not a directory"},
		{"a parent further up is a file", []string{"/opt/file/a/b/tool"}, nil, "opt/file is not a directory"},
		{"climbing", []string{"/../tool"}, nil, "leads out of the root"},
		{"no path", []string{""}, nil, "gives it no path"},
		{"a link loop", []string{"/loop/tool"}, func(root string) { symlink(t, "loop", root+"/loop") }, "too many levels of symbolic links"},
		{"two that links join", []string{"/opt/tool", "/link/tool"}, func(root string) { symlink(t, "opt", root+"/link") }, "lands there too"},
		{"one inside the other", []string{"/opt/new", "/opt/new/tool"}, nil, "which is a directory of it"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := client(t)
			mustWrite(t, filepath.Join(c.Root, "opt/file"), "old")
			if tt.setup != nil {
				tt.setup(c.Root)
			}
			before := tree(t, c.Root)
			var artifacts []fetch.Artifact
			for _, p := range tt.paths {
				a := pin("tool", url, body)
				a.Path = p
				artifacts = append(artifacts, a)
			}
			_, err := c.Fetch(t.Context(), artifacts)
			var got *fetch.DestinationError
			if !errors.As(err, &got) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %v, want one with %q", err, tt.want)
			}
			wantTree(t, c.Root, before...)
			wantFile(t, filepath.Join(c.Root, "opt/file"), "old")
		})
	}
	if n := len(s.Requests("/tool")); n != 0 {
		t.Errorf("%d requests: nothing is to be asked for what cannot be placed", n)
	}
}

func TestVerify(t *testing.T) {
	root := t.TempDir()
	names := []string{"right", "missing", "changed", "resized", "moded", "link", "directory"}
	var artifacts []fetch.Artifact
	for _, name := range names {
		artifacts = append(artifacts, pin(name, "https://example.com/", body))
	}
	mustWrite(t, filepath.Join(root, "opt/right"), body)
	mustWrite(t, filepath.Join(root, "opt/changed"), other)
	mustWrite(t, filepath.Join(root, "opt/resized"), body+"more")
	mustWrite(t, filepath.Join(root, "opt/moded"), body)
	if err := os.Chmod(filepath.Join(root, "opt/moded"), 0o755|fs.ModeSetuid); err != nil {
		t.Fatal(err)
	}
	symlink(t, "right", filepath.Join(root, "opt/link"))
	mustWrite(t, filepath.Join(root, "opt/directory/file"), body)

	findings, err := (&fetch.Client{Root: root, Jobs: 2}).Verify(t.Context(), artifacts)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"missing": "missing", "changed": "changed: want sha256", "resized": "changed: want 17 bytes, it has 21",
		"moded": "wrong mode: want 0644, it has 4755", "link": "changed: it is a symbolic link", "directory": "changed: a directory is there",
	}
	for _, f := range findings {
		name := f.Artifact.Name
		if want[name] == "" || !strings.HasPrefix(f.Detail, want[name]) {
			t.Errorf("%s: %q, want %q", name, f.Detail, want[name])
		}
		if wrong := strings.HasPrefix(f.Detail, "changed"); f.Wrong != wrong {
			t.Errorf("%s: Wrong is %v", name, f.Wrong)
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("not found: %v", want)
	}
}
