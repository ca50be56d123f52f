package fetch

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"depfetch/fetch/cache"
	"depfetch/fetch/digest"
)

// worthResuming is the size from which a download is worth a record that lets another run
// go on with it.
const worthResuming = 1 << 20

// sharePoll is how often those who wait for a download look how far it is.
const sharePoll = 50 * time.Millisecond

// cached reports whether the cache has the bytes already.
func (a acquired) cached() bool { return a.inCache || a.kind == SourceCache }

// otherDownload is what is known of the download of a blob by another process.
type otherDownload struct {
	size  int64     // how far it is
	moved time.Time // when it was seen to have moved; zero is never

	restarts int // how often there was less than before
}

// maxRestarts is how often a download may begin again for others to go on waiting for it.
// Then it has to get further than it was.
const maxRestarts = 5

// leastStep is how many bytes have to come in the time after which a download is taken for
// stalled, and leastPart the part of its size, if that is more: others wait for a slow
// download, but not without end.
const (
	leastStep = 64 << 10
	leastPart = 500
)

// stalled notes how far the download is now, and reports whether it has not moved for long.
// pinned is the size of the blob, or SizeUnknown.
func (o *otherDownload) stalled(size, pinned int64, after time.Duration) bool {
	if size < o.size && o.restarts < maxRestarts {
		o.restarts++
		o.size, o.moved = size, time.Now()
	}
	if size >= o.size+max(leastStep, pinned/leastPart) || o.moved.IsZero() {
		o.size, o.moved = size, time.Now()
	}
	return time.Since(o.moved) > after
}

// elsewhere reports whether another process is downloading b, so that b is better left
// until there is nothing else to do: to wait for it would keep other files from coming.
func (r *run) elsewhere(b *blob) bool {
	if r.Cache == nil || r.Offline || len(b.local) > 0 {
		return false
	}
	size, busy := r.Cache.Busy(b.digest)
	if busy {
		b.other.stalled(size, b.size, 0) // the time that it has to move in begins
	}
	return busy
}

// openCache opens the blob in the cache. If it is not there and another process is
// downloading it, it waits: until that one has ended, or has stalled. The error is
// fs.ErrNotExist if the blob is to be downloaded here. Then others wait for this process,
// unless that cannot be.
//
// It is called before a host is asked, and a process waits for one that transfers, never
// for one that waits: what transfers has a partial and claims no other.
func (t *acquisition) openCache(ctx context.Context) (*os.File, error) {
	f, err := t.Cache.Open(t.blob.digest)
	if !errors.Is(err, fs.ErrNotExist) || t.Offline || t.sink.file == nil {
		return f, err
	}
	for said := false; ; said = true {
		p, size, err := t.Cache.Claim(t.blob.digest)
		if !errors.Is(err, cache.ErrBusy) {
			f, err := t.Cache.Open(t.blob.digest) // the one who had it may be done
			if err == nil {
				p.Close(false)
			} else if p != nil {
				t.begin(ctx, p)
			}
			return f, err
		}
		// What has more bytes than are pinned does not download this.
		if size > t.limit(t.blob) || t.blob.other.stalled(size, t.blob.size, t.Source.StallTimeout()) {
			return nil, fs.ErrNotExist
		}
		if !said {
			t.emit(Event{Kind: EventWaiting, Artifact: t.blob.name()})
		}
		if err := sleep(ctx, sharePoll, nil); err != nil {
			return nil, err
		}
	}
}

// begin lets the sink write to p too, or to p alone if nothing else is wanted, behind what
// a killed run has left there if that came from one of the sources.
func (t *acquisition) begin(ctx context.Context, p *cache.Partial) {
	s := t.sink
	s.partial, s.inPlace = p, t.cacheOnly
	if s.inPlace {
		s.file, s.written = p.File(), p.Size() > 0
	}
	key, validator := p.Recorded()
	if validator == "" {
		return
	}
	for i := range t.sources {
		c := &t.sources[i]
		if c.open != nil || addressKey(c.address()) != key {
			continue
		}
		// One byte at least is left to ask for: an empty range is an error.
		if n := min(t.limit(t.blob), p.Whole()) - 1; n > 0 {
			s.catchUp(ctx, p.File(), n)
			t.from, t.validator, t.patched = c.address(), validator, true
		}
		return
	}
}

// addressKey stands for an address, which may hold a secret.
func addressKey(address string) Digest { return digest.Of([]byte(address)) }
