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

	"depfetch/cmd/internal/bench"
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
	b      *benchmark
	origin string
	sums   []string // of the files, in hexadecimal
}

func fileName(i int) string { return fmt.Sprintf("tool-%03d-1.0.%d.bin", i, i) }

// startServer writes the files and starts the server, which runs until the test
// ends.
func (b *benchmark) startServer(ctx context.Context) *server {
	b.T.Helper()
	www := filepath.Join(b.Dir, "www")
	if err := os.Mkdir(www, 0o755); err != nil {
		b.T.Fatal(err)
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
		b.Write(filepath.Join("www", name), body)
		b.Write(filepath.Join("www", name+".sha256"), []byte(line))
	}
	b.Write(filepath.Join("www", listName), list.Bytes())

	cmd := exec.Command(b.BuildSource(ctx, "server", serverSource), www)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.T.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.T.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.T.Fatal(err)
	}
	b.T.Cleanup(func() {
		stdin.Close()
		cmd.Wait()
	})
	if _, err := fmt.Fscanln(stdout, &s.origin); err != nil {
		b.T.Fatalf("the server does not start: %v", err)
	}
	return s
}

// count returns how many files the server has served.
func (s *server) count() int {
	req, err := http.NewRequestWithContext(s.b.T.Context(), http.MethodGet, s.origin+"/count", nil)
	if err != nil {
		s.b.T.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.b.T.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	n, err := strconv.Atoi(string(text))
	if err != nil {
		s.b.T.Fatalf("the server has served %q files", text)
	}
	return n
}

// counted lets every run of g fail that does not make so many requests of the
// server.
func (s *server) counted(requests int, g *bench.Group) *bench.Group {
	var before int
	check := g.Check
	g.Reset = func() { before = s.count() }
	g.Check = func(r *bench.Row) error {
		if n := s.count() - before; n != requests {
			return fmt.Errorf("%d requests, want %d", n, requests)
		}
		if check == nil {
			return nil
		}
		return check(r)
	}
	return g
}

// updateGroups compare locking again what has not changed with downloading it.
// curl downloads everything that deplock does, the lists included.
func (b *benchmark) updateGroups() []*bench.Group {
	one := b.server.origin + "/" + listName
	var many []string
	for i := range updateDeps {
		many = append(many, b.server.origin+"/"+fileName(i)+".sha256")
	}
	return []*bench.Group{
		b.updateGroup(updateWorkload, "plain", ""),
		b.updateGroup(updateOneList, "one-list", one, one),
		b.updateGroup(updateManyLists, "many-lists", "{url}.sha256", many...),
	}
}

// updateGroup is an update of dependencies whose sums are as given, in the
// files with that name; lists are the addresses of the lists.
func (b *benchmark) updateGroup(workload, name, sums string, lists ...string) *bench.Group {
	text := b.updateLockfile(sums)
	lockfile := b.Write(name+".lock.toml", text)
	var config strings.Builder
	for i := range updateDeps {
		lists = append(lists, b.server.origin+"/"+fileName(i))
	}
	for _, url := range lists {
		fmt.Fprintf(&config, "url = %q\noutput = \"/dev/null\"\n", url)
	}
	curl, err := exec.LookPath("curl")
	if err != nil {
		b.T.Fatal(err)
	}
	argv := []string{curl, "-sSf", "-K", b.Write(name+".curl", []byte(config.String())), "-Z", "--parallel-max", "16"}
	return b.server.counted(len(lists), &bench.Group{
		Workload: workload, Rounds: updateRounds,
		Rows: []*bench.Row{
			{Tool: toolUpdate, Says: "is up to date",
				Argv: []string{b.Bin, "update", "-f", lockfile, "--jobs", "16", "--allow-http"}},
			{Tool: toolCurl, Argv: argv},
			{Tool: toolCurlImmediate, Argv: append(argv[:len(argv):len(argv)], "--parallel-immediate")},
		},
		Check: func(*bench.Row) error {
			now, err := os.ReadFile(lockfile)
			if err == nil && !bytes.Equal(now, text) {
				err = errors.New("the lockfile has changed")
			}
			return err
		},
	})
}

// updateLockfile returns a lockfile of the server's files.
func (b *benchmark) updateLockfile(sums string) []byte {
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
