//go:build bench

package main_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fileset is files that workloads fetch. The servers have them as /NAME, and
// every program puts them into the destination as NAME.
type fileset struct {
	files []servedFile
}

type servedFile struct {
	name   string
	sha256 string
	size   int64
}

// writeFiles writes count files of size bytes into dir. No two of them are
// alike, and each is the same in every run of the benchmark.
func writeFiles(t *testing.T, dir string, count int, size int64) *fileset {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	set := &fileset{}
	for i := range count {
		name := fmt.Sprintf("f%04d-%d.bin", i, size)
		sum, err := writeFile(filepath.Join(dir, name), sha256.Sum256([]byte(name)), size)
		if err != nil {
			t.Fatal(err)
		}
		set.files = append(set.files, servedFile{name, sum, size})
	}
	return set
}

// pattern matches the names of the files that writeFiles has written.
func (s *fileset) pattern() string { return fmt.Sprintf("f*-%d.bin", s.files[0].size) }

func writeFile(path string, seed [32]byte, size int64) (sum string, err error) {
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	buf := make([]byte, 1<<20)
	if _, err := io.CopyBuffer(io.MultiWriter(f, h), io.LimitReader(rand.NewChaCha8(seed), size), buf); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), f.Close()
}

// check says whether dir holds exactly the files of the set.
func (s *fileset) check(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) != len(s.files) {
		return fmt.Errorf("%d entries in the destination, want %d", len(entries), len(s.files))
	}
	buf := make([]byte, 1<<20)
	for _, want := range s.files {
		f, err := os.Open(filepath.Join(dir, want.name))
		if err != nil {
			return err
		}
		h := sha256.New()
		_, err = io.CopyBuffer(h, f, buf)
		f.Close()
		if err != nil {
			return err
		}
		if got := hex.EncodeToString(h.Sum(nil)); got != want.sha256 {
			return fmt.Errorf("%s is in place with sha256 %s, want %s", want.name, got, want.sha256)
		}
	}
	return nil
}

// lists are the files that tell each program what to fetch from one origin.
type lists struct {
	lock   string // depfetch -f
	curl   string // curl -K
	aria2  string // aria2c -i
	wget   string // wget -i
	sha256 string // sha256sum -c
}

// writeLists writes them, named after what they are for.
func (b *benchmark) writeLists(set *fileset, origin, name string) lists {
	b.T.Helper()
	var lock, curl, aria2, wget, sums bytes.Buffer
	lock.WriteString("version = 1\n")
	for i, f := range set.files {
		url, path := origin+"/"+f.name, filepath.Join(b.out, f.name)
		fmt.Fprintf(&lock, "\n[deps.f%04d]\nurl  = %q\npath = %q\n[deps.f%04d.locked]\nany = { url = %q, sha256 = %q, size = %d }\n",
			i, url, "/"+f.name, i, url, f.sha256, f.size)
		fmt.Fprintf(&curl, "url = %q\noutput = %q\n", url, path)
		fmt.Fprintf(&aria2, "%s\n  out=%s\n  checksum=sha-256=%s\n", url, f.name, f.sha256)
		fmt.Fprintf(&wget, "%s\n", url)
		fmt.Fprintf(&sums, "%s  %s\n", f.sha256, path)
	}
	write := func(ext string, text bytes.Buffer) string { return b.Write(name+ext, text.Bytes()) }
	return lists{
		lock:   write(".lock.toml", lock),
		curl:   write(".curl", curl),
		aria2:  write(".aria2", aria2),
		wget:   write(".wget", wget),
		sha256: write(".sha256", sums),
	}
}

// slug makes a file name of a workload and a protocol.
func slug(parts ...string) string {
	keep := func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		}
		return -1
	}
	return strings.Map(keep, strings.Join(parts, ""))
}
