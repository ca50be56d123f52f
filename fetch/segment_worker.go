package fetch

import (
	"context"
	"errors"
	"time"

	"depfetch/fetch/source"
)

// worker fetches segments, one after the other. It is the source.Sink of each.
type worker struct {
	p        *segments
	extra    bool // its connection is besides that of the lease
	starting bool // it has no answer yet
	left     bool // it does not count any more
	buffer   []byte
	extent   *extent
	ctx      context.Context // of the request for extent, which stop ends
	stop     context.CancelCauseFunc
}

// run fetches segments until none is left, the server refuses, or there are to be fewer
// workers.
func (w *worker) run(ctx context.Context) {
	buffer := inlineBuffers.Get().(*[]byte)
	defer inlineBuffers.Put(buffer)
	w.buffer = *buffer
	p, refused, again := w.p, false, true
	for again && w.claim(ctx) {
		began := w.extent.at
		req := p.req
		req.Limit, req.Offset, req.End, req.Validator, req.Dst = p.size, began, w.extent.to, p.validator, w
		_, err := p.run.Source.Get(w.ctx, req)
		w.stop(nil)
		again, refused = w.release(err, began)
	}
	p.mu.Lock()
	w.leave(refused)
	p.mu.Unlock()
	w.notify()
}

// claim claims the next segment, and reports whether there is one for w.
func (w *worker) claim(ctx context.Context) bool {
	p := w.p
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.live > p.wanted || w.extra && !p.lease.mayStay() {
		w.leave(false)
		return false
	}
	if w.extent = nil; ctx.Err() == nil {
		w.extent = p.extents.claim(p.segment())
	}
	if w.extent == nil {
		return false
	}
	w.ctx, w.stop = context.WithCancelCause(ctx)
	w.extent.begin(w.stop)
	return true
}

// release gives back what is missing of a segment that began at a byte, after a request
// for it has ended with err. It reports whether w is to go on, and whether the server
// refuses to serve segments.
func (w *worker) release(err error, began int64) (again, refused bool) {
	p, e := w.p, w.extent
	p.mu.Lock()
	defer p.mu.Unlock()
	e.held = false
	var failed *source.Error
	switch {
	case err == errTaken || err == errSlow || err == nil && e.at == e.to:
		return true, false
	case err != nil && !errors.As(err, &failed):
		return false, false // of the file, or the end of ctx
	case failed == nil || failed.Temporary && failed.Status == 0:
		p.broken++
		return e.at > began && p.broken < maxBroken, false
	}
	return false, true
}

// leave stops counting w, once.
func (w *worker) leave(refused bool) {
	if w.left {
		return
	}
	w.left = true
	w.p.live--
	w.arrive()
	if w.extra {
		w.p.lease.removeExtra(refused)
	}
}

// arrive notes that w has an answer, or will have none.
func (w *worker) arrive() {
	if w.starting {
		w.starting = false
		w.p.starting--
	}
}

// notify wakes the sink.
func (w *worker) notify() {
	select {
	case w.p.moved <- struct{}{}:
	default:
	}
}

// Begin implements source.Sink.
func (w *worker) Begin(int64) error {
	w.p.mu.Lock()
	defer w.p.mu.Unlock()
	w.arrive()
	w.extent.begun, w.extent.since = true, time.Now()
	if w.extent.taken {
		return errTaken
	}
	return nil
}

// Buffer implements source.Sink.
func (w *worker) Buffer() []byte { return w.buffer }

// Commit implements source.Sink.
func (w *worker) Commit(n int) error {
	if _, err := w.p.sink.file.WriteAt(w.buffer[:n], w.extent.at); err != nil {
		return err
	}
	w.p.run.bytes.Add(int64(n))
	w.p.mu.Lock()
	w.extent.at += int64(n)
	w.p.got += int64(n)
	w.p.mu.Unlock()
	w.notify()
	return nil
}
