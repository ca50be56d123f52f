//go:build bench

package bench

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

// settings are what the environment asks for.
type settings struct {
	rounds int // 0 for each group's own number
	only   *regexp.Regexp
	bin    string // a program or a directory, or ""
}

func readSettings(t *testing.T) settings {
	t.Helper()
	s := settings{bin: os.Getenv("BENCH_BIN")}
	if text := os.Getenv("BENCH_ROUNDS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			t.Fatalf("BENCH_ROUNDS=%s is not a positive number", text)
		}
		s.rounds = n
	}
	var err error
	if s.only, err = regexp.Compile(os.Getenv("BENCH_ONLY")); err != nil {
		t.Fatalf("BENCH_ONLY: %v", err)
	}
	// Commands run in a directory of their own, and tests in that of their package.
	if s.bin != "" && !filepath.IsAbs(s.bin) {
		t.Fatalf("BENCH_BIN=%s is not an absolute path", s.bin)
	}
	return s
}

// program returns where the program is that is not to be built, or "".
func (s settings) program(t *testing.T, name string) string {
	t.Helper()
	if s.bin == "" {
		return ""
	}
	bin := s.bin
	info, err := os.Stat(bin)
	if err == nil && info.IsDir() {
		bin = filepath.Join(bin, name)
		_, err = os.Stat(bin)
	}
	if err != nil {
		t.Fatalf("BENCH_BIN: %v", err)
	}
	return bin
}

// choose returns those of the groups that are asked for, with as many rounds as
// are asked for.
func (s settings) choose(t *testing.T, groups []*Group) []*Group {
	t.Helper()
	var chosen []*Group
	for _, g := range groups {
		if !s.only.MatchString(g.String()) {
			continue
		}
		if s.rounds > 0 {
			g.Rounds = s.rounds
		}
		chosen = append(chosen, g)
	}
	if len(chosen) == 0 {
		t.Fatalf("BENCH_ONLY=%s matches nothing", s.only)
	}
	return chosen
}
