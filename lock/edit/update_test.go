package edit

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"depfetch/lock"
)

// TestMain lets the test binary be one of the processes that edit a lockfile.
func TestMain(m *testing.M) {
	args := strings.Fields(os.Getenv("EDIT_TEST_CHILD"))
	if len(args) == 0 {
		os.Exit(m.Run())
	}
	if err := child(os.Getenv("EDIT_TEST_FILE"), args[0], args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// child edits the lockfile at name: it adds five dependencies, or toggles the
// version of one until it is killed, with a line of output for each edit.
func child(name, verb, dep string) error {
	if verb == "add" {
		return addFive(name, dep)
	}
	for i := 0; ; i++ {
		_, err := Update(context.Background(), name, func(d *Document) error {
			return d.SetVersion(dep, strconv.Itoa(i%2+1))
		})
		if err != nil {
			return err
		}
		fmt.Println(i)
	}
}

// addFive adds five dependencies, in an Update each.
func addFive(name, dep string) error {
	for i := range 5 {
		add := NewDep{Name: fmt.Sprintf("%s-%d", dep, i), URL: "https://example.com/"}
		if _, err := Update(context.Background(), name, func(d *Document) error { return d.Add(add) }); err != nil {
			return err
		}
	}
	return nil
}

// start starts a child process.
func start(t *testing.T, name, args string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), "EDIT_TEST_CHILD="+args, "EDIT_TEST_FILE="+name)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

const small = "version = 1\n[deps.a]\nversion = '0'\nurl = 'https://example.com/'\n"

// newFile returns the name of a new lockfile with a text.
func newFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "deps.lock.toml")
	if err := os.WriteFile(name, []byte(text), 0o640); err != nil {
		t.Fatal(err)
	}
	return name
}

// read returns a file's text, and fails if there is another file beside it.
func read(t *testing.T, name string) string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(name))
	if err != nil || len(entries) != 1 {
		t.Errorf("files beside the lockfile: %v, %v", entries, err)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// setVersion returns an edit of the dependency a.
func setVersion(version string) func(*Document) error {
	return func(d *Document) error { return d.SetVersion("a", version) }
}

func TestUpdate(t *testing.T) {
	name := newFile(t, small)
	before, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{"0", "1"} {
		changed, err := Update(t.Context(), name, setVersion(version))
		if err != nil || changed != (version == "1") {
			t.Fatalf("version %s: %v, %v", version, changed, err)
		}
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if os.SameFile(info, before) == changed || info.Mode() != before.Mode() {
			t.Errorf("version %s: mode %v, was %v", version, info.Mode(), before.Mode())
		}
	}
	if got, want := read(t, name), strings.Replace(small, "'0'", "'1'", 1); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestUpdateFails holds that a failed Update leaves the file and nothing else.
func TestUpdateFails(t *testing.T) {
	fault := errors.New("fault")
	cancelled, cancel := context.WithCancel(t.Context())
	cases := map[string]struct {
		text string
		f    func(*Document) error
		want string
	}{
		"f":       {small, func(d *Document) error { return errors.Join(d.SetVersion("a", "1"), fault) }, "fault"},
		"invalid": {"version = 2\n", setVersion("1"), "format version 2 is not known to this program"},
		"cancelled": {small, func(d *Document) error {
			cancel()
			return d.SetVersion("a", "1")
		}, "context canceled"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			file := newFile(t, c.text)
			ctx := t.Context()
			if name == "cancelled" {
				ctx = cancelled
			}
			changed, err := Update(ctx, file, c.f)
			if changed || err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, %v, want %s", changed, err, c.want)
			}
			if got := read(t, file); got != c.text {
				t.Errorf("the file holds %q", got)
			}
		})
	}
	if _, err := Update(t.Context(), filepath.Join(t.TempDir(), "none"), setVersion("1")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a file: %v", err)
	}
}

// TestUpdateWaits holds that waiting for the lock ends with the context.
func TestUpdateWaits(t *testing.T) {
	name := newFile(t, small)
	_, err := Update(t.Context(), name, func(*Document) error {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		_, err := Update(ctx, name, setVersion("1"))
		return err
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if got := read(t, name); got != small {
		t.Errorf("the file holds %q", got)
	}
}

// TestUpdateOverwritten holds that what a text editor saves meanwhile is kept.
func TestUpdateOverwritten(t *testing.T) {
	name := newFile(t, small)
	saved := small + "# saved\n"
	changed, err := Update(t.Context(), name, func(d *Document) error {
		if err := os.WriteFile(name, []byte(saved), 0o640); err != nil {
			t.Error(err)
		}
		return d.SetVersion("a", "1")
	})
	if changed || err == nil || !strings.Contains(err.Error(), "another program has changed it") {
		t.Errorf("got %v, %v", changed, err)
	}
	if got := read(t, name); got != saved {
		t.Errorf("the file holds %q", got)
	}
}

// TestUpdateLink holds that a symbolic link stays one.
func TestUpdateLink(t *testing.T) {
	name := newFile(t, small)
	link := filepath.Join(t.TempDir(), "deps.lock.toml")
	if err := os.Symlink(name, link); err != nil {
		t.Fatal(err)
	}
	if changed, err := Update(t.Context(), link, setVersion("1")); err != nil || !changed {
		t.Fatal(changed, err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode().Type() != fs.ModeSymlink {
		t.Errorf("the link is now %v, %v", info, err)
	}
	if got := read(t, name); !strings.Contains(got, "'1'") {
		t.Errorf("the file holds %q", got)
	}
}

// TestUpdateLosesNone holds that goroutines and processes that add to one file
// at once lose no dependency.
func TestUpdateLosesNone(t *testing.T) {
	name := newFile(t, "version = 1\n")
	var want []string
	var editors sync.WaitGroup
	for i := range 6 {
		dep := fmt.Sprintf("editor-%d", i)
		for j := range 5 {
			want = append(want, fmt.Sprintf("%s-%d", dep, j))
		}
		if i%2 == 0 {
			editors.Go(func() {
				if err := addFive(name, dep); err != nil {
					t.Error(err)
				}
			})
			continue
		}
		cmd, _ := start(t, name, "add "+dep)
		editors.Go(func() {
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
	editors.Wait()
	file, err := lock.Parse(name, []byte(read(t, name)))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range file.Deps {
		got = append(got, d.Name)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestUpdateKilled holds that a process that is killed leaves the old text or
// the new one, and nothing that the next Update does not take away.
func TestUpdateKilled(t *testing.T) {
	text := small + strings.Repeat("# a long comment, so that writing takes a while\n", 4_000)
	name := newFile(t, text)
	for round := range 10 {
		cmd, out := start(t, name, "toggle a")
		for range round%3 + 1 {
			if !out.Scan() {
				t.Fatal("the process has ended by itself")
			}
		}
		for found := round%2 == 0; !found; { // it is about to write
			temps, err := filepath.Glob(filepath.Join(filepath.Dir(name), ".depfetch-*"))
			found = err == nil && len(temps) > 0
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // it was killed
		got, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		one, two := strings.Replace(text, "'0'", "'1'", 1), strings.Replace(text, "'0'", "'2'", 1)
		if string(got) != one && string(got) != two {
			t.Fatalf("round %d: the file holds %d bytes: %.80q", round, len(got), got)
		}
	}
	// whether or not a process was killed before it could rename
	if err := os.WriteFile(filepath.Join(filepath.Dir(name), ".depfetch-"+strings.Repeat("0a", 16)), bytes.Repeat([]byte("x"), 10), 0o400); err != nil {
		t.Fatal(err)
	}
	if _, err := Update(t.Context(), name, setVersion("3")); err != nil {
		t.Fatal(err)
	}
	if got := read(t, name); got != strings.Replace(text, "'0'", "'3'", 1) {
		t.Errorf("the file holds %d bytes: %.80q", len(got), got)
	}
}
