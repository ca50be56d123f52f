package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// broken is a text that cannot be read to its end.
type broken struct{ io.Reader }

var errBroken = errors.New("broken")

func (b broken) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		err = errBroken
	}
	return n, err
}

// TestOverwriteFails holds that a file which is written into has its old text again
// after an error.
func TestOverwriteFails(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	for _, old := range []string{"", "old", strings.Repeat("longer than the new text", 100)} {
		if err := os.WriteFile(name, []byte(old), 0o600); err != nil {
			t.Fatal(err)
		}
		to, err := look(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := to.overwrite(broken{strings.NewReader("new text")}, nil); !errors.Is(err, errBroken) {
			t.Errorf("%v", err)
		}
		if got, err := os.ReadFile(name); err != nil || string(got) != old {
			t.Errorf("got %q, %v; want %q", got, err, old)
		}
		if all, err := os.ReadDir(filepath.Dir(name)); err != nil || len(all) != 1 {
			t.Errorf("left: %v, %v", all, err)
		}
	}
}
