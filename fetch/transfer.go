package fetch

import (
	"context"
	"errors"
	"os"
	"slices"
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
	there := make(map[string]bool)
	for _, t := range r.transfers {
		for _, d := range t.dests {
			if !there[d.dir] {
				err := r.stage.mkdir(d)
				there[d.dir] = err == nil
				errs = append(errs, err)
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	r.hashers = newHashers(min(r.jobs(), len(r.transfers)))
	var hopeless atomic.Bool
	return each(ctx, r.jobs(), len(r.transfers), func(i int) bool { return r.elsewhere(r.transfers[i].blob) }, func(i int) error {
		if hopeless.Load() {
			return nil
		}
		err := r.transfer(ctx, r.transfers[i])
		var (
			failed   *TransferError
			mismatch *MismatchError
		)
		unavailable := errors.As(err, &failed) && !errors.As(err, &mismatch) && !r.Offline
		if unavailable || errors.Is(err, syscall.ENOSPC) {
			hopeless.Store(true)
		}
		return err
	})
}

// transfer gets the bytes of t once and stages all of its destinations.
func (r *run) transfer(ctx context.Context, t *transfer) (err error) {
	first := t.dests[0]
	f, err := r.stage.temp(first)
	if err != nil {
		return err
	}
	defer f.Close()
	began := time.Now()
	got, err := r.acquire(ctx, t.blob, f)
	var unwritable *writeError
	switch {
	case errors.As(err, &unwritable):
		return first.unwritable(unwritable.error)
	case err != nil:
		return err
	}
	if !got.cached() {
		r.toCache(first.Artifact, func() error { return r.Cache.Put(t.digest, f) })
	}
	var plain []*destination
	for _, d := range t.dests {
		if !d.archive() {
			plain = append(plain, d)
			continue
		}
		if err := r.verified(d, got, began, func() (staged, error) { return r.unpack(ctx, d, f, got.bytes) }); err != nil {
			return err
		}
	}
	// The first one gets the file itself, when it is no longer needed for others.
	for i, d := range slices.Backward(plain) {
		err := r.verified(d, got, began, func() (_ staged, err error) {
			g := f
			if i > 0 {
				if g, err = r.stage.copy(d, f); err != nil {
					return nil, err
				}
			}
			return r.stage.file(d, g, r.mtime())
		})
		if err != nil {
			return err
		}
	}
	if len(plain) == 0 {
		f.Close()
		os.Remove(f.Name()) // large, perhaps, and others are still to come
	}
	return nil
}

// verified stages d, whose bytes are there and right, by calling prepare.
func (r *run) verified(d *destination, got acquired, began time.Time, prepare func() (staged, error)) error {
	if d.Size != SizeUnknown && d.Size != got.bytes {
		return &TransferError{d.Artifact, []Attempt{{got.kind, got.url, got.asked, &MismatchError{
			Response: got.response, WantDigest: d.Digest, GotDigest: d.Digest, WantSize: d.Size, GotSize: got.bytes}}}}
	}
	t, err := prepare()
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.staged = append(r.staged, t)
	r.mu.Unlock()
	r.emit(Event{Kind: EventVerified, Artifact: d.Artifact, Source: got.kind, URL: got.url, Asked: got.asked,
		Bytes: got.bytes, Elapsed: time.Since(began)})
	return nil
}
