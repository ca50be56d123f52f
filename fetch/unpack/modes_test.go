package unpack

import (
	"strings"
	"testing"
)

// TestModes holds which files get other modes than the archive's.
func TestModes(t *testing.T) {
	tree := tarball(dir("t"), dir("t/bin"), file("t/bin/a", ""), file("t/bin/b", ""), hardlink("t/bin/h", "t/bin/a"), symlink("t/bin/l", "a"), file("t/bin/sub/x", ""), moded(file("t/doc", ""), 0o600))
	tests := []struct {
		name  string
		modes []Mode
		o     Options
		want  string
		err   string
	}{
		{"files of a directory", []Mode{{"bin/*", 0o755}}, Options{Strip: 1}, "d bin 493, f bin/a 493, f bin/b 493, f bin/h 493, l bin/l, d bin/sub 493, f bin/sub/x 420, f doc 384", ""},
		{"all below a directory", []Mode{{"bin/**", 0o700}}, Options{Strip: 1}, "d bin 493, f bin/a 448, f bin/b 448, f bin/h 448, l bin/l, d bin/sub 493, f bin/sub/x 448, f doc 384", ""},
		{"two that agree", []Mode{{"bin/a", 0o755}, {"*/a", 0o755}}, Options{Strip: 1, Include: []string{"bin/a"}}, "d bin 493, f bin/a 493", ""},
		{"no permissions at all", []Mode{{"doc", 0}}, Options{Strip: 1, Include: []string{"doc"}}, "f doc 0", ""},
		{"two that differ", []Mode{{"bin/a", 0o755}, {"*/a", 0o700}}, Options{Strip: 1}, "", `refused "t/bin/a": modes gives it 0755 by "bin/a", and 0700 by "*/a"`},
		{"a hard link that agrees", []Mode{{"bin/h", 0o644}}, Options{Strip: 1, Include: []string{"bin/a", "bin/h"}}, "d bin 493, f bin/a 420, f bin/h 420", ""},
		{"a hard link that differs", []Mode{{"bin/h", 0o755}}, Options{Strip: 1}, "", `refused "t/bin/h": modes gives it 0755 by "bin/h", and the file that it is a hard link to has 0644`},
		{"the whole name", []Mode{{"t/bin/a", 0o755}}, Options{Strip: 1}, "", "none matches"},
		{"a directory", []Mode{{"bin", 0o755}}, Options{Strip: 1}, "", "none matches"},
		{"a link", []Mode{{"bin/l", 0o755}}, Options{Strip: 1}, "", "none matches"},
		{"what is not included", []Mode{{"bin/a", 0o755}}, Options{Strip: 1, Include: []string{"doc"}}, "", "none matches"},
		{"no glob", []Mode{{"bin/[", 0o755}}, Options{}, "", "syntax error in pattern"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.o.Modes = test.modes
			got, err := manifestOf(t, tree, test.o)
			if test.err != "" && err == nil || err != nil && (test.err == "" || !strings.Contains(err.Error(), test.err)) {
				t.Errorf("error %v, want %q", err, test.err)
			}
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
	checkError(t, newJail(t).unpack(t, tree, Options{Modes: []Mode{{"t/bin/*", 0o500}}}), "")
}
