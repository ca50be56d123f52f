//go:build bench

package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

const (
	runLimit   = 5 * time.Minute // how long one run may take
	quoteLimit = 1000            // how much is quoted of what a failed one said last, in bytes
)

// usage is what one run cost, children included.
type usage struct {
	Wall time.Duration // from before its start to after its end
	CPU  time.Duration // user and system time; zero if not known
	Peak int64         // the largest resident set of one of its processes, in KiB; zero if not known
}

// wall and cpu are in seconds.
func (u usage) wall() float64 { return u.Wall.Seconds() }
func (u usage) cpu() float64  { return u.CPU.Seconds() }

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

// measure runs r's command and returns what it used. A command that fails, is
// not done within runLimit or does not say what it should is an error that
// quotes the end of what it said.
func (b *Bench) measure(ctx context.Context, r *Row) (usage, error) {
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	report, w, err := os.Pipe()
	if err != nil {
		return usage{}, err
	}
	defer report.Close()
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, b.timer, r.Argv...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Env, cmd.Dir = b.env, b.Dir
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.ExtraFiles = []*os.File{w}
	err = cmd.Run()
	w.Close()
	if err == nil && !bytes.Contains(said.Bytes(), []byte(r.Says)) {
		err = fmt.Errorf("it does not say %q", r.Says)
	}
	if err != nil {
		text := bytes.TrimSpace(said.Bytes())
		return usage{}, fmt.Errorf("%s: %w\n%s", b.commandLine(r.Argv), err, text[max(0, len(text)-quoteLimit):])
	}
	var used usage
	if err := json.NewDecoder(report).Decode(&used); err != nil {
		return usage{}, fmt.Errorf("reading what %s used: %w", r.Argv[0], err)
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
