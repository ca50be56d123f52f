package assets_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"depfetch/lock"
	"depfetch/lock/assets"
)

// TestChoose holds the rules by the cases of testdata.
func TestChoose(t *testing.T) {
	text, err := os.ReadFile("testdata/cases.txt")
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for block := range strings.SplitSeq(string(text), "\n\n") {
		var want assets.Want
		var files []string
		for line := range strings.Lines(block) {
			line = strings.TrimSpace(line)
			platform, file, choice := strings.Cut(line, " = ")
			switch fields := strings.Fields(line); {
			case line == "" || strings.HasPrefix(line, "#"):
			case choice:
				want.Platform = lock.Platform(platform)
				compare(t, files, want, file)
				compared++
			case want.Names == nil:
				want.Names, want.Version = fields[:1], fields[1]
				if len(fields) > 2 {
					want.Libc = fields[2]
				}
			default:
				files = append(files, line)
			}
		}
	}
	if compared < 50 {
		t.Errorf("%d choices were compared", compared)
	}
}

func compare(t *testing.T, files []string, want assets.Want, file string) {
	t.Helper()
	got, err := assets.Choose(files, want)
	ambiguous, tie := errors.AsType[*assets.AmbiguousError](err)
	none, missing := errors.AsType[*assets.NoneError](err)
	switch {
	case tie:
		got = "?"
		if len(ambiguous.Files) < 2 {
			t.Errorf("%s: it is ambiguous between %q", want.Names, ambiguous.Files)
		}
	case missing:
		got = "-"
		if len(none.Files) == 0 {
			t.Errorf("%s: the error names no files", want.Names)
		}
	}
	if got != file {
		t.Errorf("%s, %s: %q, want %q (%v)", want.Names, want.Platform, got, file, err)
	}
}

// TestNames holds that the name that somebody asks for chooses among several programs.
func TestNames(t *testing.T) {
	files := []string{"server-linux-amd64", "client-linux-amd64"}
	w := assets.Want{Platform: "linux/amd64", Names: []string{"repo"}}
	if got, err := assets.Choose(files, w); err == nil {
		t.Errorf("%s is guessed", got)
	}
	w.Names = []string{"client", "repo"}
	if got, err := assets.Choose(files, w); got != "client-linux-amd64" {
		t.Errorf("%q, %v", got, err)
	}
}

// TestOrder holds that the order of the files changes nothing.
func TestOrder(t *testing.T) {
	files := []string{"t-linux-amd64.tar.gz", "t-linux-amd64.zip", "t-linux-amd64", "t-linux-amd64-musl", "t-linux-x86_64.tar.xz"}
	w := assets.Want{Platform: "linux/amd64", Names: []string{"t"}}
	for range files {
		if got, err := assets.Choose(files, w); got != "t-linux-amd64" {
			t.Errorf("%q: %q, %v", files, got, err)
		}
		files = append(files[1:], files[0])
	}
}

// TestErrors holds that errors name twenty files at most, each on a line.
func TestErrors(t *testing.T) {
	names := []string{"a\nb-linux-amd64", "c\x1b[2J-linux-amd64"}
	for i := range 30 {
		names = append(names, fmt.Sprintf("t%d-linux-amd64", i))
	}
	_, err := assets.Choose(names, assets.Want{Platform: "linux/amd64", Names: []string{"r"}})
	lines := strings.Split(fmt.Sprint(err), "\n")
	if len(lines) != 22 || lines[1] != `a\nb-linux-amd64` || lines[2] != `c\x1b[2J-linux-amd64` || lines[21] != "and 12 more" {
		t.Errorf("%q", lines)
	}
	if _, err = assets.Choose(names, assets.Want{Platform: "linux/s390x", Names: []string{"r"}}); !strings.HasSuffix(err.Error(), "\nt17-linux-amd64\nand 12 more") {
		t.Error(err)
	}
}

// FuzzChoose holds that no names make a choice fail, that what is chosen is one of them,
// and that their order does not matter.
func FuzzChoose(f *testing.F) {
	f.Add("tool-1.0-linux-amd64.tar.gz\ntool-1.0-linux-arm64.tar.gz", "1.0")
	f.Add("k3s\nk3s-arm64", "v1.30.1+k3s1")
	f.Add("..\n.gz\n.\n-\nv", "v")
	f.Fuzz(func(t *testing.T, text, version string) {
		files := strings.Split(text, "\n")
		w := assets.Want{Platform: "linux/amd64", Names: []string{"tool"}, Version: version}
		got, err := assets.Choose(files, w)
		if err == nil && !strings.Contains("\n"+text+"\n", "\n"+got+"\n") {
			t.Errorf("%q is none of them", got)
		}
		turned := append(files[len(files)/2:len(files):len(files)], files[:len(files)/2]...)
		if again, err2 := assets.Choose(turned, w); again != got || (err2 == nil) != (err == nil) {
			t.Errorf("%q, %v in another order %q, %v", got, err, again, err2)
		}
	})
}
