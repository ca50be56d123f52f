//go:build bench

package main_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

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

// server is the server, and the sums of what it serves.
type server struct {
	*bench.Server
	sums []string // of the files, in hexadecimal
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
	s := &server{}
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

	s.Server = b.StartServer(ctx, bench.ServerConfig{Files: filepath.Join(www, "*"), Delay: 30 * time.Millisecond})
	return s
}

// counted lets every run of g fail that does not make so many requests of the
// server.
func (s *server) counted(requests int, g *bench.Group) *bench.Group {
	var before int
	check := g.Check
	g.Reset = func() { before = s.Served() }
	g.Check = func(r *bench.Row) error {
		if n := s.Served() - before; n != requests {
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
	one := b.server.HTTP + "/" + listName
	var many []string
	for i := range updateDeps {
		many = append(many, b.server.HTTP+"/"+fileName(i)+".sha256")
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
		lists = append(lists, b.server.HTTP+"/"+fileName(i))
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
			i, i, b.server.HTTP, i, sums, i)
		fmt.Fprintf(&text, "\n[deps.tool-%03d.locked]\nany = { url = \"%s/%s\", sha256 = %q, size = %d, trust = %q }\n",
			i, b.server.HTTP, fileName(i), sum, fileSize, trust)
	}
	return text.Bytes()
}
