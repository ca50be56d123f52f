//go:build bench

package main_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	updateWorkload  = "update: 200 × 100 KiB, 30 ms"
	updateOneList   = updateWorkload + ", one list of sums"
	updateManyLists = updateWorkload + ", a list for each"

	toolUpdate        = "deplock update"
	toolCurl          = "curl -Z, 16"
	toolCurlImmediate = "curl -Z --parallel-immediate, 16"

	updateDeps = 200
	fileSize   = 100 << 10
	listName   = "SHA256SUMS"
)

// serverSource is a program that serves the files of a directory from memory,
// each 30 ms after it was asked for, until its standard input ends. /count says
// how many it has served.
const serverSource = `package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"
)

func main() {
	names, err := filepath.Glob(filepath.Join(os.Args[1], "*"))
	check(err)
	files := make(map[string][]byte)
	for _, name := range names {
		files["/"+filepath.Base(name)], err = os.ReadFile(name)
		check(err)
	}
	var served atomic.Int64
	handler := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/count" {
			fmt.Fprint(w, served.Load())
			return
		}
		body, ok := files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		time.Sleep(30 * time.Millisecond)
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		served.Add(1)
		w.Write(body)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	fmt.Println("http://" + l.Addr().String())
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	log.Fatal(http.Serve(l, http.HandlerFunc(handler)))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
`

// server is the server, and the sums of what it serves.
type server struct {
	b      *bench
	origin string
	sums   []string // of the files, in hexadecimal
}

func fileName(i int) string { return fmt.Sprintf("tool-%03d-1.0.%d.bin", i, i) }

// startServer writes the files and starts the server, which runs until the test
// ends.
func (b *bench) startServer(ctx context.Context) *server {
	b.t.Helper()
	www := filepath.Join(b.dir, "www")
	if err := os.Mkdir(www, 0o755); err != nil {
		b.t.Fatal(err)
	}
	s := &server{b: b}
	var list bytes.Buffer
	for i := range updateDeps {
		name, body := fileName(i), make([]byte, fileSize)
		rand.NewChaCha8(sha256.Sum256([]byte(name))).Read(body)
		sum := fmt.Sprintf("%x", sha256.Sum256(body))
		line := sum + "  " + name + "\n"
		list.WriteString(line)
		s.sums = append(s.sums, sum)
		b.write(filepath.Join("www", name), body)
		b.write(filepath.Join("www", name+".sha256"), []byte(line))
	}
	b.write(filepath.Join("www", listName), list.Bytes())

	cmd := exec.Command(b.buildSource(ctx, "server", serverSource), www)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() {
		stdin.Close()
		cmd.Wait()
	})
	if _, err := fmt.Fscanln(stdout, &s.origin); err != nil {
		b.t.Fatalf("the server does not start: %v", err)
	}
	return s
}

// write writes a file below the bench's directory and returns where it is.
func (b *bench) write(name string, text []byte) string {
	b.t.Helper()
	path := filepath.Join(b.dir, name)
	if err := os.WriteFile(path, text, 0o644); err != nil {
		b.t.Fatal(err)
	}
	return path
}

// count returns how many files the server has served.
func (s *server) count(ctx context.Context) int {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.origin+"/count", nil)
	if err != nil {
		s.b.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	n, err := strconv.Atoi(string(text))
	if err != nil {
		s.b.t.Fatalf("the server has served %q files", text)
	}
	return n
}

// updateGroups compare locking again what has not changed with downloading it.
// curl downloads everything that deplock does, the lists included.
func (b *bench) updateGroups() []*group {
	one := b.server.origin + "/" + listName
	var many []string
	for i := range updateDeps {
		many = append(many, b.server.origin+"/"+fileName(i)+".sha256")
	}
	return []*group{
		b.updateGroup(updateWorkload, "plain", ""),
		b.updateGroup(updateOneList, "one-list", one, one),
		b.updateGroup(updateManyLists, "many-lists", "{url}.sha256", many...),
	}
}

// updateGroup is an update of dependencies whose sums are as given, in the
// files with that name; lists are the addresses of the lists.
func (b *bench) updateGroup(workload, name, sums string, lists ...string) *group {
	text := b.updateLockfile(sums)
	lockfile := b.write(name+".lock.toml", text)
	var config strings.Builder
	for i := range updateDeps {
		lists = append(lists, b.server.origin+"/"+fileName(i))
	}
	for _, url := range lists {
		fmt.Fprintf(&config, "url = %q\noutput = \"/dev/null\"\n", url)
	}
	curl, err := exec.LookPath("curl")
	if err != nil {
		b.t.Fatal(err)
	}
	argv := []string{curl, "-sSf", "-K", b.write(name+".curl", []byte(config.String())), "-Z", "--parallel-max", "16"}
	return &group{
		workload: workload, rounds: updateRounds, requests: len(lists),
		rows: []*row{
			{tool: toolUpdate, says: "is up to date",
				argv: []string{b.bin, "update", "-f", lockfile, "--jobs", "16", "--allow-http"}},
			{tool: toolCurl, argv: argv},
			{tool: toolCurlImmediate, argv: append(argv[:len(argv):len(argv)], "--parallel-immediate")},
		},
		check: func() error {
			now, err := os.ReadFile(lockfile)
			if err == nil && !bytes.Equal(now, text) {
				err = errors.New("the lockfile has changed")
			}
			return err
		},
	}
}

// updateLockfile returns a lockfile of the server's files.
func (b *bench) updateLockfile(sums string) []byte {
	var text bytes.Buffer
	text.WriteString("# Locked over plain http, for a benchmark.\nversion = 1\n")
	trust := "tofu"
	if sums != "" {
		sums = fmt.Sprintf("sums    = %q\n", sums)
		trust = "published"
	}
	for i, sum := range b.server.sums {
		fmt.Fprintf(&text, "\n[deps.tool-%03d]\nversion = \"1.0.%d\"\nurl     = \"%s/tool-%03d-{version}.bin\"\n%spath    = \"/opt/tool-%03d\"\n",
			i, i, b.server.origin, i, sums, i)
		fmt.Fprintf(&text, "\n[deps.tool-%03d.locked]\nany = { url = \"%s/%s\", sha256 = %q, size = %d, trust = %q }\n",
			i, b.server.origin, fileName(i), sum, fileSize, trust)
	}
	return text.Bytes()
}
