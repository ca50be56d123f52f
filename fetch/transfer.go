package fetch

import (
	"context"
	"errors"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// transferAll stages every destination. When one blob cannot be had, or the disk
// is full, the blobs that have not been asked for stay so: what keeps one from
// coming (no network, most often) keeps the others too, and each would be tried
// for long. Other failures do not, so that one run reports all of them.
func (r *run) transferAll(ctx context.Context) error {
	var errs []error
	for _, b := range r.blobs {
		for _, d := range b.dests {
			errs = append(errs, r.stage.mkdir(d))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	r.hashers = newHashers(min(r.jobs(), len(r.blobs)))
	var hopeless atomic.Bool
	return each(ctx, r.jobs(), len(r.blobs), func(i int) error {
		if hopeless.Load() {
			return nil
		}
		err := r.transfer(ctx, r.blobs[i])
		var (
			transfer *TransferError
			mismatch *MismatchError
		)
		unavailable := errors.As(err, &transfer) && !errors.As(err, &mismatch) && !r.Offline
		if unavailable || errors.Is(err, syscall.ENOSPC) {
			hopeless.Store(true)
		}
		return err
	})
}

// transfer gets the bytes of b once and stages all of its destinations.
func (r *run) transfer(ctx context.Context, b *blob) (err error) {
	first := b.dests[0]
	f, err := r.stage.temp(first)
	if err != nil {
		return err
	}
	defer f.Close()
	began := time.Now()
	got, err := r.acquire(ctx, b, f)
	if err != nil {
		return err
	}
	if got.kind != SourceCache {
		r.toCache(first.Artifact, func() error { return r.Cache.Put(b.digest.String(), f) })
	}
	for _, d := range b.dests[1:] {
		g, err := r.stage.copy(d, f)
		if err == nil {
			err = r.finish(d, g, got, began)
		}
		if err != nil {
			return err
		}
	}
	return r.finish(first, f, got, began)
}

// finish stages d, whose bytes are in f.
func (r *run) finish(d destination, f *os.File, got acquired, began time.Time) error {
	if d.Size != SizeUnknown && d.Size != got.bytes {
		f.Close()
		return &TransferError{d.Artifact, []Attempt{{got.kind, got.url, &MismatchError{
			Response: got.response, WantDigest: d.Digest, GotDigest: d.Digest, WantSize: d.Size, GotSize: got.bytes}}}}
	}
	t, err := r.stage.finish(d, f, r.mtime())
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.staged = append(r.staged, t)
	r.mu.Unlock()
	r.emit(Event{Kind: EventVerified, Artifact: d.Artifact, Source: got.kind, URL: got.url,
		Bytes: got.bytes, Elapsed: time.Since(began)})
	return nil
}
