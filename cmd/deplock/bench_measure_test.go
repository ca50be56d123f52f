//go:build bench

package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// usage is what one run cost, children included.
type usage struct {
	Wall time.Duration // from before its start to after its end
	CPU  time.Duration // user and system time; zero if not known
	Peak int64         // the largest resident set of one of its processes, in KiB; zero if not known
}

// timerSource is a program that runs a command and writes what it used to file
// descriptor 3. The test process cannot do that itself: Linux hands the peak
// memory of a process down to the children it starts, so that every program
// would seem to need at least what this test needs. The timer is small.
const timerSource = `package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	syscall.CloseOnExec(3)
	report := os.NewFile(3, "report")
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	start := time.Now()
	p, err := os.StartProcess(os.Args[1], os.Args[1:], &os.ProcAttr{Files: []*os.File{os.Stdin, os.Stdout, os.Stderr}})
	if err != nil {
		println(err.Error())
		os.Exit(127)
	}
	go func() {
		<-stop
		p.Kill()
	}()
	state, err := p.Wait()
	wall := time.Since(start)
	if err != nil {
		println(err.Error())
		os.Exit(127)
	}
	u := state.SysUsage().(*syscall.Rusage)
	fmt.Fprintf(report, "{\"Wall\":%d,\"CPU\":%d,\"Peak\":%d}", wall, u.Utime.Nano()+u.Stime.Nano(), u.Maxrss)
	if !state.Success() {
		println(state.String())
		os.Exit(1)
	}
}
`

// decoderSource decodes a lockfile with the TOML library and does no more. The
// type layout is in a file of its own.
const decoderSource = `package main

import (
	"log"
	"os"

	"github.com/BurntSushi/toml"
)

func main() {
	var into any = new(layout)
	if os.Args[1] == "map" {
		into = new(map[string]any)
	}
	text, err := os.ReadFile(os.Args[2])
	if err == nil {
		_, err = toml.Decode(string(text), into)
	}
	if err != nil {
		log.Fatal(err)
	}
}
`

// layoutSource returns the file with the type layout, for a program.
func layoutSource(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("bench_layout_test.go")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Replace(string(text), "package main_test", "package main", 1)
}

// buildSource builds a program from its files and returns where it is. It takes
// the modules that this repository takes, at the same versions.
func (b *bench) buildSource(ctx context.Context, name string, sources ...string) string {
	b.t.Helper()
	dir := filepath.Join(b.dir, "src-"+name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		b.t.Fatal(err)
	}
	var files []string
	for i, source := range sources {
		file := filepath.Join(dir, fmt.Sprintf("file%d.go", i))
		if err := os.WriteFile(file, []byte(source), 0o644); err != nil {
			b.t.Fatal(err)
		}
		files = append(files, file)
	}
	return b.build(ctx, name, files...)
}

// build builds what releases are built like.
func (b *bench) build(ctx context.Context, name string, packages ...string) string {
	b.t.Helper()
	bin := filepath.Join(b.dir, name)
	cmd := exec.CommandContext(ctx, "go", append([]string{"build", "-trimpath", "-ldflags", "-s -w", "-o", bin}, packages...)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.t.Fatalf("building %s: %v\n%s", name, err, out)
	}
	return bin
}

// measure runs r's command and returns what it used. A command that fails, is
// not done within runLimit or does not say what it should is an error that
// quotes what it said.
func (b *bench) measure(ctx context.Context, r *row) (usage, error) {
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	report, w, err := os.Pipe()
	if err != nil {
		return usage{}, err
	}
	defer report.Close()
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, b.timer, r.argv...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Env, cmd.Dir = b.env, b.dir
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.ExtraFiles = []*os.File{w}
	err = cmd.Run()
	w.Close()
	if err == nil && !bytes.Contains(said.Bytes(), []byte(r.says)) {
		err = fmt.Errorf("it does not say %q", r.says)
	}
	if err != nil {
		return usage{}, fmt.Errorf("%s: %w\n%s", b.commandLine(r.argv), err, bytes.TrimSpace(said.Bytes()))
	}
	var used usage
	if err := json.NewDecoder(report).Decode(&used); err != nil {
		return usage{}, fmt.Errorf("reading what %s used: %w", r.argv[0], err)
	}
	return used, nil
}

// timeCalls returns the time of one call of f, the mean of several.
func timeCalls(f func() error) (usage, error) {
	const calls = 5
	runtime.GC()
	start := time.Now()
	for range calls {
		if err := f(); err != nil {
			return usage{}, err
		}
	}
	return usage{Wall: time.Since(start) / calls}, nil
}
