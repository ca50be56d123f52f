//go:build bench

package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Config says what a benchmark is about and what it needs.
type Config struct {
	Program  string   // that is measured, built from the working directory
	Needs    []string // programs without which the comparison means nothing
	Optional []string // programs that are compared if they are there
	Install  string   // what installs them
	Strict   bool     // any program that fails fails the test, not only the first of a group
	Memory   int64    // bytes that its files take, if no disk shall be measured
}

// Bench is what a benchmark has at hand.
type Bench struct {
	T   *testing.T
	Dir string // all files are below it
	Bin string // the program that is measured

	config        Config
	settings      settings
	timer         string   // starts a command and reports what it used
	server        string   // the program of a Server, once there is one
	env           []string // of every command
	groups        []*Group // that have been run
	load          string   // the load average before
	started, busy int      // runs, and those that began while others kept the machine busy
	waited        time.Duration
}

// New reads the settings and builds the program. What it makes is gone when the
// test ends. The test fails here if a program is missing.
func New(ctx context.Context, t *testing.T, c Config) *Bench {
	t.Helper()
	b := &Bench{T: t, config: c, settings: readSettings(t)}
	b.require()
	b.Dir = b.workDir()
	home := filepath.Join(b.Dir, "home")
	if err := os.Mkdir(home, 0o755); err != nil {
		t.Fatal(err)
	}
	// No rc files, proxies, caches, mirrors or tokens of the user's.
	b.env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "LC_ALL=C"}
	if b.Bin = b.settings.program(t, c.Program); b.Bin == "" {
		b.Bin = b.build(ctx, c.Program, ".")
	}
	b.timer = b.BuildSource(ctx, "timer", timerSource)
	return b
}

// require ends the test, saying what to install, when a program is missing.
func (b *Bench) require() {
	b.T.Helper()
	var missing []string
	for _, name := range b.config.Needs {
		if LookPath(name) == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		b.T.Fatalf("the benchmark needs %s; on Debian: %s", strings.Join(missing, ", "), b.config.Install)
	}
}

// LookPath is exec.LookPath that also knows where daemons are installed. It
// returns "" for a program that is not there.
func LookPath(name string) string {
	for _, try := range []string{name, "/usr/sbin/" + name, "/usr/local/sbin/" + name} {
		if path, err := exec.LookPath(try); err == nil {
			return path
		}
	}
	return ""
}

// workDir gives an ordinary temporary directory, or one on tmpfs when the files
// are to be in memory and fit there.
func (b *Bench) workDir() string {
	b.T.Helper()
	if b.config.Memory == 0 {
		return b.T.TempDir()
	}
	const tmpfs = "/dev/shm"
	if Free(tmpfs) < b.config.Memory {
		b.T.Logf("%s is missing or too small: the disk under %s is measured too", tmpfs, os.TempDir())
		return b.T.TempDir()
	}
	dir, err := os.MkdirTemp(tmpfs, b.config.Program+"-bench-")
	if err != nil {
		b.T.Fatal(err)
	}
	b.T.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		b.T.Fatal(err)
	}
	return dir
}

// Free returns how many bytes can be written below a directory, on tmpfs no more
// than there is memory. It returns 0 if that cannot be told.
func Free(dir string) int64 {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return 0
	}
	free := int64(fs.Bavail) * int64(fs.Bsize)
	const tmpfsMagic = 0x01021994 // statfs(2)
	if int64(fs.Type) == tmpfsMagic {
		return min(free, availableMemory())
	}
	return free
}

// Write writes a file below Dir and returns where it is.
func (b *Bench) Write(name string, text []byte) string {
	b.T.Helper()
	path := filepath.Join(b.Dir, name)
	if err := os.WriteFile(path, text, 0o644); err != nil {
		b.T.Fatal(err)
	}
	return path
}

// BuildSource builds a program from its files and returns where it is. It takes
// the modules that this repository takes, at the same versions.
func (b *Bench) BuildSource(ctx context.Context, name string, sources ...string) string {
	b.T.Helper()
	dir := "src-" + name
	if err := os.Mkdir(filepath.Join(b.Dir, dir), 0o755); err != nil {
		b.T.Fatal(err)
	}
	var files []string
	for i, source := range sources {
		files = append(files, b.Write(filepath.Join(dir, fmt.Sprintf("file%d.go", i)), []byte(source)))
	}
	return b.build(ctx, name, files...)
}

// build builds what releases are built like.
func (b *Bench) build(ctx context.Context, name string, packages ...string) string {
	b.T.Helper()
	bin := filepath.Join(b.Dir, name)
	cmd := exec.CommandContext(ctx, "go", append([]string{"build", "-trimpath", "-ldflags", "-s -w", "-o", bin}, packages...)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.T.Fatalf("building %s: %v\n%s", name, err, out)
	}
	return bin
}
