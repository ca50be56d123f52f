//go:build unix && e2e

package unpack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"
)

// cancelling is a file that cancels a context when its n-th part is read.
type cancelling struct {
	*bytes.Reader
	n      int
	cancel func()
}

func (c *cancelling) ReadAt(p []byte, off int64) (int, error) {
	if c.n--; c.n == 0 {
		c.cancel()
	}
	return c.Reader.ReadAt(p, off)
}

func TestCancelled(t *testing.T) {
	before := runtime.NumGoroutine()
	random := make([]byte, 1_500_000) // which compress badly, so that there are several reads
	rand.NewChaCha8([32]byte{2}).Read(random)
	var entries []tarEntry
	var items []zipItem
	for i := range 20 {
		body := string(random[:100_000])
		if i == 10 {
			body = string(random)
		}
		entries = append(entries, file(fmt.Sprint("d/", i), body))
		items = append(items, zipItem{name: fmt.Sprint("d/", i), body: body, method: zipDeflate})
	}
	tar := tarball(entries...)
	archives := map[string][]byte{"tar": tar, "gzip": gzipped(tar), "zip": zipball(zipEnd{}, items...), "zstd": zstded(t, tar),
		"xz": packed(t, tar, "xz", "-0", "-c"), "xz, blocks": packed(t, tar, "xz", "-0", "-c", "--block-size=1000000"), "bzip2": packed(t, tar, "bzip2", "-c")}
	for name, archive := range archives {
		for _, n := range []int{1, 2, 3, 5} {
			ctx, cancel := context.WithCancel(context.Background())
			src := &cancelling{bytes.NewReader(archive), n, cancel}
			j := newJail(t)
			err := Tree(ctx, src, int64(len(archive)), j.root, Options{Workers: 2})
			if src.n > 0 { // it was not read so often
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
			} else if err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("%s: cancelled at %d: error %v", name, n, err)
			}
			cancel()
		}
		ctx, cancel := context.WithCancelCause(context.Background())
		why := errors.New("why")
		cancel(why)
		if err := Tree(ctx, bytes.NewReader(archive), int64(len(archive)), newJail(t).root, Options{}); !errors.Is(err, why) {
			t.Errorf("%s: error %v, want the cause", name, err)
		}
	}
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); { // for what has done all but return
		if runtime.NumGoroutine() <= before {
			return
		}
		runtime.Gosched()
	}
	stacks := make([]byte, 1<<20)
	t.Errorf("%d goroutines, and %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
}
