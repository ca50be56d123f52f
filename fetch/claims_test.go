package fetch_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"depfetch/fetch"
	"depfetch/fetch/fetchtest"
	"depfetch/fetch/unpack"
)

// TestFetchTogether: what would land on, below or through what is another's is
// refused in every order, whether the others are in place already or not, and then
// nothing changes.
func TestFetchTogether(t *testing.T) {
	s := fetchtest.New(t)
	file := func(path string) fetch.Artifact {
		a := pin("file", s.Script("/file", fetchtest.Body(body)), body)
		a.Path = path
		return a
	}
	trees, n := t.TempDir(), 0
	packed := func(name, path string, files map[string]string) fetch.Artifact {
		n++
		a := unpacked(s, fmt.Sprint(name, n), files)
		a.Name, a.Path, a.Unpack = name, path, &fetch.Unpack{}
		content := archive(files)
		m, err := unpack.Scan(t.Context(), strings.NewReader(content), int64(len(content)), unpack.Options{})
		if err != nil {
			t.Fatal(err)
		}
		a.Unpacked = fetch.Digest(m.Digest())
		mustWrite(t, filepath.Join(trees, a.Unpacked.String()), string(m.Encode()))
		return a
	}
	owned := func(a fetch.Artifact) fetch.Artifact {
		a.Unpack = &fetch.Unpack{Replace: true}
		return a
	}
	link := func(target, name string) func(root string) {
		return func(root string) { symlink(t, target, filepath.Join(root, name)) }
	}
	own := ".depfetch-0123456789abcdef0123456789abcdef"
	tests := []struct {
		name      string
		artifacts []fetch.Artifact
		setup     func(root string)
		says      string
	}{
		{"a file and a member of a tree", []fetch.Artifact{file("/usr/bin/x"), packed("tree", "/usr", map[string]string{"bin/x": other})}, nil, "lands there too"},
		{"through a link of the root", []fetch.Artifact{file("/usr/bin/x"), packed("tree", "/", map[string]string{"bin/x": other})}, link("usr/bin", "bin"), "lands there too"},
		{"two members of one tree", []fetch.Artifact{packed("tree", "/", map[string]string{"bin/x": body, "usr/bin/x": other})}, link("usr/bin", "bin"), "another member of it lands there too"},
		{"through a link that another brings", []fetch.Artifact{packed("a", "/srv", map[string]string{"e/f": body, "d": linkTo + "e"}), packed("b", "/srv", map[string]string{"d/f": other})}, nil, "as a link"},
		{"elsewhere through a link that another brings", []fetch.Artifact{packed("a", "/srv", map[string]string{"e/f": body, "d": linkTo + "e"}), packed("b", "/srv/d", map[string]string{"g": other})}, nil, "lands on"},
		{"below a file of a tree", []fetch.Artifact{file("/srv/d/x"), packed("tree", "/srv", map[string]string{"d": body})}, nil, "lands on"},
		{"a link in the place of an empty directory", []fetch.Artifact{packed("a", "/srv", map[string]string{"d/": "", "more": body}), packed("b", "/srv", map[string]string{"d": linkTo + "e", "e/x": body})}, nil, "lands on"},
		{"through a link that another replaces", []fetch.Artifact{packed("a", "/", map[string]string{"b": linkTo + "etc"}), packed("tree", "/", map[string]string{"b/y": body})}, link("usr", "b"), "as a link"},
		{"below what is replaced, through a link", []fetch.Artifact{file("/alias/x"), owned(packed("tree", "/usr", map[string]string{"y": body}))}, link("usr/bin", "alias"), "lands on"},
		{"a link that leads out through another's", []fetch.Artifact{packed("a", "/x/y/z", map[string]string{"p/q/r": linkTo + "../.."}), packed("b", "/x/y/z", map[string]string{"l": linkTo + "p/q/r/../../../etc/passwd"})}, nil, "leads out of the destination"},
		{"a link that leads out through what is there", []fetch.Artifact{packed("a", "/x/y", map[string]string{"l": linkTo + "p/q/../../etc/passwd"})}, link("..", "x/y/p/q"), "leads out of the destination"},
		{"a name of temporary files", []fetch.Artifact{packed("a", "/x", map[string]string{own + "/file": body})}, nil, "temporary files"},
		{"a name of temporary files, replaced", []fetch.Artifact{owned(packed("a", "/x", map[string]string{"y/" + own: body}))}, nil, "temporary files"},
		{"a path of temporary files", []fetch.Artifact{file("/" + own + "/x")}, nil, "temporary files"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for first := range tt.artifacts {
				for _, earlier := range []bool{false, true} {
					c := client(t)
					mustWrite(t, filepath.Join(c.Root, "usr/bin/keep"), "")
					mustWrite(t, filepath.Join(c.Root, "etc/passwd"), "")
					if tt.setup != nil {
						tt.setup(c.Root)
					}
					all := slices.Concat(tt.artifacts[first:], tt.artifacts[:first])
					if earlier && len(all) > 1 {
						c.Trees = trees
						if _, err := c.Fetch(t.Context(), all[:1]); err != nil {
							t.Fatal(err)
						}
					}
					before := tree(t, c.Root)
					_, err := c.Fetch(t.Context(), all)
					var refused *fetch.DestinationError
					if !errors.As(err, &refused) {
						t.Errorf("%s first, earlier %v: %v", all[0].Name, earlier, err)
					}
					if !earlier && (err == nil || !strings.Contains(err.Error(), tt.says)) {
						t.Errorf("%s first: %v, want %q", all[0].Name, err, tt.says)
					}
					wantTree(t, c.Root, before...)
				}
			}
		})
	}
}

// TestFetchTogetherApart: what only looks alike is placed.
func TestFetchTogetherApart(t *testing.T) {
	s := fetchtest.New(t)
	c := client(t)
	symlink(t, "usr/bin", filepath.Join(c.Root, "bin"))
	mustWrite(t, filepath.Join(c.Root, "usr/bin/keep"), "")
	a := unpacked(s, "a", map[string]string{"bin/a": body, "lib/liba": body, "lib/l": linkTo + "../bin/a"})
	b := unpacked(s, "b", map[string]string{"bin/A": other, "lib/libb": other, "usr/l": linkTo + "../bin/keep"})
	a.Path, a.Unpack, b.Path, b.Unpack = "/", &fetch.Unpack{}, "/", &fetch.Unpack{}
	x := pin("file", s.Script("/file", fetchtest.Body(body)), body)
	x.Path = "/bin/x"
	if _, err := c.Fetch(t.Context(), []fetch.Artifact{a, x, b}); err != nil {
		t.Fatal(err)
	}
	wantFile(t, filepath.Join(c.Root, "usr/bin/a"), body)
	wantFile(t, filepath.Join(c.Root, "usr/bin/A"), other)
	wantFile(t, filepath.Join(c.Root, "usr/bin/x"), body)
	wantFile(t, filepath.Join(c.Root, "lib/libb"), other)
}

// TestFetchConfirms: a file that somebody else replaces while others are being
// placed is an error.
func TestFetchConfirms(t *testing.T) {
	s := fetchtest.New(t)
	c := client(t)
	var all []fetch.Artifact
	for _, name := range []string{"one", "two"} {
		all = append(all, pin(name, s.Script("/"+name, fetchtest.Body(body)), body))
	}
	done := false
	c.Events = func(e fetch.Event) {
		if e.Kind == fetch.EventPlaced && !done {
			done = true
			name := filepath.Join(c.Root, e.Artifact.Path)
			if err := errors.Join(os.Remove(name), os.WriteFile(name, []byte(body), 0o644)); err != nil {
				t.Error(err)
			}
		}
	}
	_, err := c.Fetch(t.Context(), all)
	var failed *fetch.PlaceError
	if !errors.As(err, &failed) || len(failed.Placed) != 1 || len(failed.Missing) != 1 {
		t.Errorf("%v", err)
	}
}
