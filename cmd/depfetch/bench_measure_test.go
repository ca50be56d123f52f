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
	"strings"
	"syscall"
	"time"
)

// usage is what one run of a command cost, its children included.
type usage struct {
	Wall time.Duration // from before its start to after its end
	CPU  time.Duration // user and system time
	Peak int64         // the largest resident set of one of its processes, in KiB
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

// copierSource is the bound: one loop in Go from the socket to the file, with
// no hash, no temporary file and no check.
const copierSource = `package main

import (
	"crypto/tls"
	"crypto/x509"
	"flag"
	"io"
	"log"
	"net/http"
	"os"
)

func main() {
	cacert := flag.String("cacert", "", "CA to trust")
	flag.Parse()
	t := &http.Transport{DisableCompression: true, ForceAttemptHTTP2: true}
	if *cacert != "" {
		pem, err := os.ReadFile(*cacert)
		check(err)
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(pem)
		t.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	resp, err := (&http.Client{Transport: t}).Get(flag.Arg(0))
	check(err)
	if resp.StatusCode != http.StatusOK {
		log.Fatal(resp.Status)
	}
	f, err := os.Create(flag.Arg(1))
	check(err)
	// Without the wrapper the file's ReadFrom would copy with a buffer of its own.
	_, err = io.CopyBuffer(struct{ io.Writer }{f}, resp.Body, make([]byte, 1<<20))
	check(err)
	check(f.Close())
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
`

// buildSource builds a program of one file and returns where it is.
func (b *bench) buildSource(ctx context.Context, name, source string) string {
	b.t.Helper()
	dir := filepath.Join(b.dir, "src-"+name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(source), 0o644); err != nil {
		b.t.Fatal(err)
	}
	bin := filepath.Join(b.dir, name)
	cmd := exec.CommandContext(ctx, "go", "build", "-o", bin, "main.go")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.t.Fatalf("building %s: %v\n%s", name, err, out)
	}
	return bin
}

// measure runs argv and returns what it used. A command that fails, or is not
// done within runLimit, is an error that quotes what it said.
func (b *bench) measure(ctx context.Context, argv []string) (usage, error) {
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	r, w, err := os.Pipe()
	if err != nil {
		return usage{}, err
	}
	defer r.Close()
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, b.timer, argv...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Env, cmd.Dir = b.env, b.dir
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.ExtraFiles = []*os.File{w}
	err = cmd.Run()
	w.Close()
	if err != nil {
		return usage{}, fmt.Errorf("%s: %w\n%s", b.shorten(strings.Join(argv, " ")), err, bytes.TrimSpace(said.Bytes()))
	}
	var used usage
	if err := json.NewDecoder(r).Decode(&used); err != nil {
		return usage{}, fmt.Errorf("reading what %s used: %w", argv[0], err)
	}
	return used, nil
}
