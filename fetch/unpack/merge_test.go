//go:build unix

package unpack

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// lay makes files, links and directories below dir: "name", "name/", "name -> target",
// each with a time and, for files, its label as contents.
func lay(t testing.TB, dir, label string, things ...string) {
	t.Helper()
	when := time.Unix(1_400_000_000, 0)
	for _, thing := range things {
		name, target, isLink := strings.Cut(thing, " -> ")
		path := filepath.Join(dir, name)
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		switch {
		case err != nil:
		case isLink:
			err = os.Symlink(target, path)
		case strings.HasSuffix(name, "/"):
			err = os.Mkdir(path, 0o755)
		default:
			err = os.WriteFile(path, []byte(label+" "+name), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type()&fs.ModeSymlink == 0 {
			os.Chtimes(path, when, when)
		}
		return nil
	})
}

const staging = ".stage/tree"

// mergeInto lays out there and staged, and merges.
func mergeInto(t testing.TB, there, staged []string, before func(dst string)) (string, error) {
	t.Helper()
	dst := t.TempDir()
	t.Cleanup(func() { exec.Command("chmod", "-R", "u+w", dst).Run() })
	lay(t, dst, "old", there...)
	lay(t, filepath.Join(dst, staging), "new", staged...)
	when := time.Unix(1_400_000_000, 0)
	os.Chtimes(dst, when, when)
	if before != nil {
		before(dst)
	}
	root, err := os.OpenRoot(dst)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	was := snapshot(t, dst)
	m, err := PlanMerge(root, staging)
	compareTrees(t, snapshot(t, dst), was) // a plan changes nothing
	if err != nil {
		return dst, err
	}
	err = m.Apply()
	if err == nil {
		for name := range snapshot(t, filepath.Join(dst, staging)) {
			if info, statErr := os.Lstat(filepath.Join(dst, staging, name)); statErr == nil && !info.IsDir() {
				t.Errorf("%s is still staged", name)
			}
		}
	}
	return dst, err
}

// TestMergeLikeTar compares with tar unpacking into the same directory.
func TestMergeLikeTar(t *testing.T) {
	need(t, "tar")
	tests := []struct{ name, there, staged string }{
		{"into nothing", "", "bin/tool, share/man/x, l -> bin/tool"},
		{"beside others", "bin/other, lib/x, share/doc/y", "bin/tool, lib/y, share/man/z, share/doc/w"},
		{"over files", "bin/tool, bin/other, VERSION", "bin/tool, VERSION"},
		{"over links", "bin/tool -> other, bin/other, current -> v1, v1/x", "bin/tool, current -> v2, v2/x"},
		{"link over a file", "bin/tool", "bin/tool -> other, bin/other"},
		{"new directory", "x", "a/b/c/d, a/e/, a/f -> b"},
		{"empty directory over a full one", "a/b", "a/"},
		{"dangling link there", "x -> nowhere", "x"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			split := func(s string) []string {
				return strings.FieldsFunc(strings.ReplaceAll(s, ", ", ","), func(r rune) bool { return r == ',' })
			}
			got, err := mergeInto(t, split(test.there), split(test.staged), nil)
			if err != nil {
				t.Fatal(err)
			}
			want := t.TempDir()
			lay(t, want, "old", split(test.there)...)
			src := t.TempDir()
			lay(t, src, "new", split(test.staged)...)
			sh(t, src, "tar -cf - . | tar -xpf - --keep-directory-symlink -C "+want)
			os.Chtimes(want, time.Time{}, time.Unix(1_400_000_000, 0))
			a, b := snapshot(t, got, ".stage"), snapshot(t, want)
			for _, s := range []map[string]string{a, b} { // links have the present as their time
				for name, line := range s {
					if fields := strings.Fields(line); fields[0][0] == 'L' {
						s[name] = fields[0] + strings.Join(fields[2:], " ")
					}
				}
			}
			compareTrees(t, a, b)
		})
	}
}

func TestMergeKeepsDirectories(t *testing.T) {
	past := time.Unix(1_000_000_000, 5)
	dst, err := mergeInto(t, []string{"usr/lib/old", "lib -> usr/lib", "bin/"}, []string{"lib/new", "usr/lib/sub/x", "bin/tool"}, func(dst string) {
		for _, dir := range []string{"usr/lib", "usr", "bin"} {
			os.Chmod(filepath.Join(dst, dir), 0o775|fs.ModeSetgid)
			os.Chtimes(filepath.Join(dst, dir), past, past)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"usr/lib", "usr", "bin"} {
		info, err := os.Stat(filepath.Join(dst, dir))
		if err != nil || info.Mode() != fs.ModeDir|fs.ModeSetgid|0o775 || !info.ModTime().Equal(past) {
			t.Errorf("%s: %v, %v, %v", dir, info.Mode(), info.ModTime(), err)
		}
	}
	for _, name := range []string{"usr/lib/old", "usr/lib/new", "usr/lib/sub/x", "bin/tool"} {
		if _, err := os.Stat(filepath.Join(dst, name)); err != nil {
			t.Error(err)
		}
	}
	if target, err := os.Readlink(filepath.Join(dst, "lib")); target != "usr/lib" {
		t.Errorf("the link has become %q, %v", target, err)
	}
}

func TestMergeRefuses(t *testing.T) {
	outside := t.TempDir()
	tests := []struct {
		name          string
		there, staged []string
		before        func(dst string)
		want          string
	}{
		{"file over a directory", []string{"a/b"}, []string{"a"}, nil, `"a": a directory is there, and it would become a file`},
		{"link over a directory", []string{"a/b"}, []string{"a -> c"}, nil, "a directory is there"},
		{"directory over a file", []string{"a"}, []string{"z", "a/b"}, nil, `"a": a file is there, and it would become a directory`},
		{"file over a link to a directory", []string{"d/", "a -> d"}, []string{"a"}, nil, "a link to a directory is there"},
		{"file over a link that leads out", []string{"a -> " + outside}, []string{"a"}, nil, "a link is there that cannot be followed"},
		{"directory over a link to a file", []string{"f", "a -> f"}, []string{"a/b"}, nil, "a link to a file is there"},
		{"directory over a dangling link", []string{"a -> nothing"}, []string{"a/b"}, nil, "a link is there that leads to no directory"},
		{"through a link that leads out", []string{"a -> " + outside}, []string{"a/b"}, nil, "a link is there that leads to no directory"},
		{"through a link that climbs out", []string{"a -> ../.."}, []string{"a/b"}, nil, "a link is there that leads to no directory"},
		{"over a FIFO", nil, []string{"p"}, func(dst string) { exec.Command("mkfifo", filepath.Join(dst, "p")).Run() }, "neither file, directory nor link"},
		{"deep within", []string{"a/b/c/d/e"}, []string{"a/b/c/d", "a/b/b"}, nil, `"a/b/c/d": a directory is there`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := mergeInto(t, test.there, test.staged, test.before)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
			if s := snapshot(t, outside); len(s) != 1 {
				t.Errorf("outside are %v", s)
			}
		})
	}
}

// TestMergeFailsInTheMiddle has a directory go away between plan and renames.
func TestMergeFailsInTheMiddle(t *testing.T) {
	dst := t.TempDir()
	lay(t, dst, "old", "b/x", "a/y")
	lay(t, filepath.Join(dst, staging), "new", "a/1", "b/2", "c/3")
	root, err := os.OpenRoot(dst)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	m, err := PlanMerge(root, staging)
	if err != nil {
		t.Fatal(err)
	}
	os.RemoveAll(filepath.Join(dst, "b"))
	err = m.Apply()
	var merge *MergeError
	if !errors.As(err, &merge) {
		t.Fatalf("error %v", err)
	}
	if strings.Join(merge.Placed, " ") != "a/1" || strings.Join(merge.Missing, " ") != "b/2 c" || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%+v", merge)
	}
	if want := `placing "b/2": no such file or directory; in place are "a/1", missing are "b/2", "c"`; err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
}

// TestMergeMounts mounts in a namespace of its own, as root of that.
func TestMergeMounts(t *testing.T) {
	need(t, "unshare", "mount")
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if dst := os.Getenv("UNPACK_TEST_MOUNTS"); dst != "" {
		root, err := os.OpenRoot(dst)
		if err != nil {
			t.Fatal(err)
		}
		_, err = PlanMerge(root, staging)
		if err == nil || !strings.Contains(err.Error(), os.Getenv("UNPACK_TEST_WANT")) {
			t.Fatalf("error %v, want one with %q", err, os.Getenv("UNPACK_TEST_WANT"))
		}
		return
	}
	for _, test := range []struct{ there, staged, mount, want string }{
		{"a/x", "a/y", "mount --bind other a", `"a": it is on another file system`},
		{"a/x", "a/y", "mount -t tmpfs none a", `"a": it is on another file system`},
		{"f", "f", "mount --bind other/o f", `"f": something is mounted there`},
		{"a/x", "a/y", "mount --bind a a; mount -o remount,ro,bind a", `"a": it is on another file system`},
	} {
		dst := t.TempDir()
		lay(t, dst, "old", test.there, "other/o")
		lay(t, filepath.Join(dst, staging), "new", test.staged)
		cmd := exec.Command("unshare", "--mount", "--map-root-user", "sh", "-euc", test.mount+`; exec "$@"`, "sh", exe, "-test.run", "^TestMergeMounts$")
		cmd.Dir = dst
		cmd.Env = append(os.Environ(), "UNPACK_TEST_MOUNTS="+dst, "UNPACK_TEST_WANT="+test.want)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", test.mount, err, out)
		}
	}
}

// TestMergeAsUser merges as a user who may not write everywhere, and a directory
// that nobody may write in.
func TestMergeAsUser(t *testing.T) {
	if os.Getuid() == 0 {
		need(t, "setpriv")
		exe, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		tmp, err := os.MkdirTemp("", "unpack-user-")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(tmp)
		copied := filepath.Join(tmp, "test")
		sh(t, tmp, "cp '"+exe+"' test; chmod 755 . test; mkdir tmp; chmod 777 tmp")
		cmd := exec.Command("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", copied, "-test.run", "^TestMergeAsUser$", "-test.v")
		cmd.Dir = tmp
		cmd.Env = append(os.Environ(), "TMPDIR="+filepath.Join(tmp, "tmp"))
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "PASS: TestMergeAsUser") {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	dst, err := mergeInto(t, []string{"x"}, []string{"locked/f"}, func(dst string) {
		os.Chmod(filepath.Join(dst, staging, "locked"), 0o555)
	})
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dst, "locked")); err != nil || info.Mode().Perm() != 0o555 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	_, err = mergeInto(t, []string{"a/x"}, []string{"a/y"}, func(dst string) { os.Chmod(filepath.Join(dst, "a"), 0o555) })
	if err == nil || !strings.Contains(err.Error(), `"a": nothing can be written there`) {
		t.Errorf("error %v", err)
	}
}

func TestPlanMergeNames(t *testing.T) {
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for _, name := range []string{"", ".", "..", "../x", "/x", "missing"} {
		if _, err := PlanMerge(root, name); err == nil {
			t.Errorf("%q: no error", name)
		}
	}
}
