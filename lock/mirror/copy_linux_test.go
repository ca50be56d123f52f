package mirror

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/fetch/digest"
)

// TestDiskFull: a file that cannot be written is no fault of the target.
func TestDiskFull(t *testing.T) {
	s := directory{&cache.Store{Root: t.TempDir()}}
	text := []byte(strings.Repeat("x", 100))
	p := &part{digest: digest.Of(text), text: text}
	if err := s.putManifest(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	c := newClient(t, t.TempDir())
	_, err = c.readOnce(t.Context(), s, &fetch.Artifact{Digest: p.digest, Size: 100}, full)
	err = c.failed(t.Context(), "a", err)
	var e *Error
	if !errors.Is(err, syscall.ENOSPC) || errors.As(err, &e) {
		t.Errorf("%#v", err)
	}
}
