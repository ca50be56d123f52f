//go:build unix

package unpack

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// need fails the test unless the tools are there: what this package gives is
// measured by what they give.
func need(t testing.TB, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("this test compares with %s, which is not installed (.ci/run installs it): %v", tool, err)
		}
	}
}

// sh runs a shell script in dir, with UTC as its time zone.
func sh(t testing.TB, dir, script string) {
	t.Helper()
	cmd := exec.Command("sh", "-euc", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TZ=UTC", "LC_ALL=C.UTF-8")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s\n%v\n%s", script, err, out)
	}
}

// sample makes a directory with a bit of everything that archives hold.
func sample(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "in")
	random := rand.NewChaCha8([32]byte{1})
	big := make([]byte, 3<<20)
	random.Read(big[:200_000])
	files := map[string][]byte{
		"pkg/bin/tool":          big,
		"pkg/README":            []byte("read me\n"),
		"pkg/empty":             nil,
		"pkg/share/Ünïcode-日本語": []byte("names"),
		"pkg/share/" + strings.Repeat("long-", 30) + "/" + strings.Repeat("name-", 40): []byte("long"),
		"pkg/with space/a'b\"c": []byte("quotes"),
		"pkg/just-64K":          big[:64<<10],
		"pkg/just-1M":           big[:1<<20],
		"pkg/just-over-1M":      big[:1<<20+1],
	}
	for name, data := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	sh(t, dir, `
		chmod 755 pkg/bin/tool; chmod 600 pkg/README; chmod 444 pkg/empty; chmod 664 pkg/just-64K
		mkdir pkg/hollow pkg/locked; echo x >pkg/locked/x; chmod 775 pkg/hollow
		ln -s tool pkg/bin/alias
		ln -s ../bin pkg/share/bin-directory
		ln -s missing pkg/dangling
		ln -s ../pkg/later pkg/forward
		echo later >pkg/later
		ln pkg/bin/tool pkg/bin/hard
		ln pkg/README pkg/zz-hard-readme
		chmod 555 pkg/locked
	`)
	n := 0
	filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		n++
		sh(t, dir, fmt.Sprintf("touch -h -d @%d '%s'", 1_500_000_000+n*1001, strings.ReplaceAll(path, "'", `'\''`)))
		return err
	})
	sh(t, dir, `touch -h -d '2017-07-14 02:40:00.123456789' pkg/README; touch -d '2015-01-02 03:04:06.987654321' pkg/bin pkg`)
	t.Cleanup(func() { exec.Command("chmod", "-R", "u+w", dir).Run() })
	return dir
}

// unpackFile unpacks the archive file into a new directory and returns that.
func unpackFile(t testing.TB, file string, o Options) (string, error) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	dst := filepath.Join(t.TempDir(), "out")
	if err := os.Mkdir(dst, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { exec.Command("chmod", "-R", "u+w", dst).Run() })
	root, err := os.OpenRoot(dst)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	err = Tree(t.Context(), f, info.Size(), root, o)
	return dst, err
}

// fixImplied takes out the times that the tools leave at the present: those of
// directories that the archive only implies, of links in zips, and with bsdtar
// of the root.
func fixImplied(got, want map[string]string) {
	for name, line := range want {
		theirs, ours := strings.Fields(line), strings.Fields(got[name])
		when, err := time.Parse("2006-01-02T15:04:05", theirs[1])
		if err != nil || time.Since(when) > time.Hour || len(ours) < 2 {
			continue
		}
		if ours[1] == "1980-01-01T00:00:00" || ours[0][0] == 'L' || name == "." {
			theirs[1] = ours[1]
			want[name] = strings.Join(theirs, " ")
			got[name] = strings.Join(ours, " ")
		}
	}
}
