//go:build bench

package main_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"depfetch/cmd/internal/bench"
)

const (
	sourceWorkload    = "unpack a source tree, 60,000 files of 1 GiB"
	toolchainWorkload = "unpack a toolchain, 12 files of 300 MB"
	pipeWorkload      = "download and unpack the source tree"

	toolTar     = "tar -x"
	toolBsdtar  = "bsdtar -x"
	toolUnzip   = "unzip"
	toolCurlTar = "curl | tar -xz"

	archiveRounds = 3
)

// archiveFormats are how the trees are packed, each with the shell command that
// packs the directory $1 as $2, and the program that is to be kept up with.
var archiveFormats = []struct {
	name, pack string
	beside     string
	limit      float64
}{
	{"tar.gz", `tar -C "$1" -c . | gzip -6 > "$2"`, toolTar, 1.0},
	{"tar.zst", `tar -C "$1" -c . | zstd -q -T0 -3 > "$2"`, toolTar, 1.0},
	{"tar.xz", `tar -C "$1" -c . | xz -T0 -1 > "$2"`, toolTar, 1.5},
	{"zip", `cd "$1" && zip -q -r -6 "$2" .`, toolUnzip, 1.0},
}

// TestBenchArchives measures depfetch, which verifies an archive and unpacks it,
// beside programs that unpack it.
func TestBenchArchives(t *testing.T) {
	ctx, stop := signal.NotifyContext(t.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	b := newBenchmark(ctx, t)
	var aims []bench.Aim
	for _, w := range []string{sourceWorkload, toolchainWorkload} {
		for _, f := range archiveFormats {
			aims = append(aims, bench.WallAtMost(workloadOf(w, f.name), f.beside, f.limit), bench.PeakAtMost(workloadOf(w, f.name), 100))
		}
	}
	aims = append(aims, bench.WallAtMost(pipeWorkload, toolCurlTar, 1.15))
	b.Run(ctx, b.archiveGroups(ctx))
	fmt.Print(b.Report(aims))
}

func workloadOf(workload, format string) string { return workload + ", " + format }

// archiveGroups packs the trees in every format and lists what is measured.
func (b *benchmark) archiveGroups(ctx context.Context) []*bench.Group {
	tree := filepath.Join(b.Dir, "tree")
	var groups []*bench.Group
	for _, w := range []struct {
		name  string
		write func(t *testing.T, dir string) (files int)
	}{{sourceWorkload, writeSource}, {toolchainWorkload, writeToolchain}} {
		b.empty(tree)
		files := w.write(b.T, tree)
		for _, f := range archiveFormats {
			archive := filepath.Join(b.Dir, "www", slug(w.name)+"."+f.name)
			cmd := exec.CommandContext(ctx, "sh", "-c", f.pack, "sh", tree, archive)
			if out, err := cmd.CombinedOutput(); err != nil {
				b.T.Fatalf("%s: %v\n%s", f.pack, err, out)
			}
			groups = append(groups, b.unpackGroup(workloadOf(w.name, f.name), "file://"+archive, archive, files,
				bench.Command(toolTar, []string{"tar", "-xf", archive, "-C", b.out}),
				bench.Command(toolBsdtar, []string{"bsdtar", "-xf", archive, "-C", b.out}),
				bench.Command(toolUnzip, []string{"unzip", "-q", archive, "-d", b.out})))
			if w.name == sourceWorkload && f.name == "tar.gz" {
				url := b.server.protocols[0].origin + "/" + filepath.Base(archive)
				groups = append(groups, b.unpackGroup(pipeWorkload, url, archive, files,
					bench.Command(toolCurlTar, []string{"sh", "-c", "curl -sSf " + url + " | tar -xz -C " + b.out})))
			}
		}
	}
	return groups
}

// unpackGroup is depfetch beside others that unpack an archive of so many files.
// tar does not open zips, and unzip nothing else.
func (b *benchmark) unpackGroup(workload, url, archive string, files int, others ...*bench.Row) *bench.Group {
	sum, size := b.sum(archive)
	lock := b.Write(slug(workload)+".lock.toml", fmt.Appendf(nil,
		"version = 1\n[deps.tree]\nurl = %q\npath = \"/\"\nunpack = true\nlocked.any = { url = %q, sha256 = \"%x\", size = %d }\n", url, url, sum, size))
	zip := strings.HasSuffix(archive, ".zip")
	rows := []*bench.Row{b.depfetch(lists{lock: lock}, b.out, protocol{})}
	rows = append(rows, slices.DeleteFunc(others, func(r *bench.Row) bool {
		return r.Tool == toolTar && zip || r.Tool == toolUnzip && !zip
	})...)
	return &bench.Group{
		Workload: workload, Rounds: archiveRounds, Rows: rows,
		Reset: func() { b.empty(b.out) },
		Check: func(*bench.Row) error {
			n := 0
			err := filepath.WalkDir(b.out, func(_ string, e fs.DirEntry, err error) error {
				if err == nil && e.Type().IsRegular() {
					n++
				}
				return err
			})
			if err == nil && n != files {
				err = fmt.Errorf("%d files came out, want %d", n, files)
			}
			return err
		},
	}
}

func (b *benchmark) sum(file string) (sum []byte, size int64) {
	f, err := os.Open(file)
	if err != nil {
		b.T.Fatal(err)
	}
	defer f.Close()
	h := sha256.New()
	if size, err = io.Copy(h, f); err != nil {
		b.T.Fatal(err)
	}
	return h.Sum(nil), size
}

// writeSource writes 60,000 files of text, 1 GiB in all, three directories deep.
func writeSource(t *testing.T, dir string) int {
	const files, mean = 60_000, 1 << 30 / 60_000
	r := rand.New(rand.NewPCG(1, 1))
	words := makeWords(r, 4000)
	for i := range files {
		name := filepath.Join(dir, fmt.Sprintf("d%02d/p%02d/s%d", i%40, i/40%30, i/1200%5), fmt.Sprintf("file%05d.go", i))
		size := int(float64(mean) * (0.2 + r.ExpFloat64()*0.8))
		var b strings.Builder
		for b.Len() < size {
			b.WriteString(words[int(r.ExpFloat64()*300)%len(words)])
			b.WriteByte(" \n\t("[r.IntN(4)])
		}
		mustWriteFile(t, name, b.String()[:size])
	}
	return files
}

// writeToolchain writes a few programs of 25 MB, of what compresses as machine code
// does: patterns of a few bytes, some much more frequent than others, and noise.
func writeToolchain(t *testing.T, dir string) int {
	const files, size = 12, 25 << 20
	r := rand.New(rand.NewPCG(2, 2))
	patterns := makeWords(r, 30_000)
	for i := range files {
		b := make([]byte, 0, size+16)
		for len(b) < size {
			b = append(b, patterns[int(r.ExpFloat64()*3000)%len(patterns)]...)
			b = append(b, byte(r.Uint32()))
		}
		mustWriteFile(t, filepath.Join(dir, "bin", fmt.Sprintf("tool%02d", i)), string(b[:size]))
	}
	return files
}

func makeWords(r *rand.Rand, n int) []string {
	words := make([]string, n)
	for i := range words {
		b := make([]byte, 2+r.IntN(9))
		for j := range b {
			b[j] = "etaoinshrdlucmfwypvbgkjqxz"[int(r.ExpFloat64()*6)%26]
		}
		words[i] = string(b)
	}
	return words
}

func mustWriteFile(t *testing.T, name, content string) {
	err := os.MkdirAll(filepath.Dir(name), 0o755)
	if err == nil {
		err = os.WriteFile(name, []byte(content), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}
