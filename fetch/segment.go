package fetch

import (
	"context"
	"errors"
	"sync"
	"time"

	"depfetch/fetch/source"
)

// segments is a file that comes over several connections, from a server that limits each.
//
// It begins as any other, in one stream, the main one. If that would take long, workers
// fetch segments of what comes later, over connections of their own, and write them into
// the file. The main stream goes on until it comes to a segment that a worker has. From
// there on the sink follows: it hashes, in order, what is there without a gap.
//
// Nothing that goes wrong with a worker fails the file. What it has not fetched goes to
// the others, the main stream included. If none is left, one stream fetches the rest, as
// after a break.
type segments struct {
	run       *run
	sink      *sink
	lease     *lease
	req       source.Request // of the whole file
	validator string
	size      int64
	stopMain  context.CancelCauseFunc
	moved     chan struct{}  // receives after what the sink waits for has changed
	work      sync.WaitGroup // of all goroutines

	mu       sync.Mutex // guards what follows
	extents  extents
	main     *extent // of the main stream; nil if it has ended, or there can be no segments
	filling  int64   // bytes that the main stream may write before it asks again
	pace     pace
	started  bool  // there have been workers
	offset   int64 // where the main stream began
	got      int64 // bytes that are there, in whatever order
	wanted   int   // how many connections there are to be
	live     int   // how many there are, that of the main stream included
	starting int   // those of workers that have no answer yet
	broken   int   // connections of workers that broke
	slow     int   // connections that were closed because they were slow
}

// maxBroken is how many connections of workers may break for others to be opened.
const maxBroken = 16

// maxSlow is how many slow connections are closed for others to take their place, so that
// a server that has become slow as a whole is not asked again and again.
const maxSlow = 16

var (
	errOvertaken  = errors.New("a worker has what comes next") // ends the main stream
	errTaken      = errors.New("the main stream has come here first")
	errSlow       = errors.New("another connection may be faster")
	errUnfinished = errors.New("no worker is left, and bytes are missing")
)

// segmentable reports whether a file may come in segments.
func (t *acquisition) segmentable() bool {
	return !t.oneStream && t.sink.file != nil && t.connections() > 1 && t.blob.size > t.segments().least
}

// segments returns when and how files come in segments.
func (c *Client) segments() *segmenting {
	if c.segmenting != nil {
		return c.segmenting
	}
	return defaultSegmenting
}

// getSegments gets what req asks of c, as get does, and in segments if that is faster.
func (t *acquisition) getSegments(ctx context.Context, c candidate, l *lease, req source.Request) (source.Response, error) {
	inner, stop := context.WithCancel(ctx)
	whole, started := req, req.Started
	req.Started = nil // the record of the one stream serves for all
	p := &segments{
		run: t.run, sink: t.sink, lease: l, req: req, size: t.blob.size, moved: make(chan struct{}, 1),
		pace: pace{segmenting: t.segments(), size: t.blob.size}, wanted: 1, live: 1,
	}
	whole.Dst = mainStream{p, inner}
	whole.Started = func(r *source.Response) {
		if started != nil {
			started(r)
		}
		if r.Length == p.size {
			p.validator = r.Validator
		}
	}
	main, stopMain := context.WithCancelCause(ctx)
	defer stopMain(nil)
	p.stopMain = stopMain
	resp, err := t.run.get(main, l, whole)
	if err == errSlow {
		err = errOvertaken // workers go on from here
	}
	if p.leave(inner, err) {
		t.patched = true
		err = p.follow(ctx, err)
	}
	stop()
	p.work.Wait()
	if p.started {
		t.parted = c.address()
	}
	if err != errUnfinished {
		return resp, err
	}
	// What is there stays, for the next try too if there is no answer now.
	t.sink.attempt, t.from, t.validator = attemptIdle, c.address(), p.validator
	req.Offset, req.Validator = t.sink.n, p.validator
	return t.run.get(ctx, l, req)
}

// mainStream is the source.Sink of the main stream.
type mainStream struct {
	p   *segments
	ctx context.Context // of the workers
}

// Begin implements source.Sink.
func (m mainStream) Begin(offset int64) error {
	p := m.p
	if err := p.sink.Begin(offset); err != nil || p.validator == "" {
		return err
	}
	p.extents, p.main = newExtents(offset, p.size)
	p.main.begin(p.stopMain)
	p.offset, p.got = offset, offset
	p.pace.begin(0, offset)
	p.work.Go(func() { p.control(m.ctx) })
	return nil
}

// Buffer implements source.Sink. The main stream must not write where a worker may; and
// its first pieces are small, since the rate is measured by what has been written.
func (m mainStream) Buffer() []byte {
	p := m.p
	b := p.sink.Buffer()
	if p.main == nil {
		return b
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.filling = min(int64(len(b)), p.main.to-p.main.at, max(inlinePiece, p.got/8))
	return b[:p.filling]
}

// Commit implements source.Sink.
func (m mainStream) Commit(n int) error {
	p := m.p
	if err := p.sink.Commit(n); err != nil || p.main == nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.main.at += int64(n)
	p.got += int64(n)
	p.filling = 0
	if p.main.at < p.main.to || p.main.at == p.size {
		return nil
	}
	if !p.extents.extend(p.main, p.segment()) {
		return errOvertaken
	}
	p.main.begin(p.stopMain)
	return nil
}

// segment returns how long the next segment is to be.
func (p *segments) segment() int64 { return p.pace.segment(p.size-p.extents.next, p.wanted) }

// control adds and removes workers until ctx ends.
func (p *segments) control(ctx context.Context) {
	began := time.Now()
	t := time.NewTicker(p.pace.tick)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			p.adjust(ctx, time.Since(began))
		}
	}
}

// adjust adds or removes workers, as the pace wants.
func (p *segments) adjust(ctx context.Context, now time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopSlow(now)
	had := p.live
	want := p.pace.want(now, p.got, had, p.starting)
	if want <= had {
		p.wanted = min(p.wanted, want)
		return
	}
	p.wanted = want
	for p.live < want && p.lease.addExtra() {
		p.add(ctx, true)
	}
	p.wanted = p.live
	switch {
	case p.live == had:
		p.pace.none(now, p.got)
	case !p.started:
		p.started = true
		p.main.to = min(p.main.at+p.filling+p.segment(), p.size)
		p.extents.next = p.main.to
		p.main.begin(p.stopMain)
	}
}

// stopSlow closes connections over which far less comes than has come over each so far.
// One of them would hold up the whole file, for as long as it is not quite still. What the
// first one has brought at its start is no measure: servers and proxies send what they
// have at once.
func (p *segments) stopSlow(now time.Duration) {
	usual := float64(p.got-p.offset) / max(now.Seconds(), 1e-3) / float64(max(p.wanted, p.live, 1))
	for _, e := range p.extents.list {
		if p.started && e.held && p.slow < maxSlow && p.pace.slow(e, min(usual, p.pace.each)) {
			p.slow++
			e.stop(errSlow)
			e.since = time.Now() // for its stream to notice
		}
	}
}

// add starts a worker. extra says that its connection is besides that of the lease.
func (p *segments) add(ctx context.Context, extra bool) {
	w := &worker{p: p, extra: extra, starting: true}
	p.live++
	p.starting++
	p.work.Go(func() { w.run(ctx) })
}

// leave notes that the main stream has ended with err, and reports whether workers are to
// fetch the rest.
func (p *segments) leave(ctx context.Context, err error) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.started || err == nil || p.sink.err != nil {
		p.pace.settled = true
		return false
	}
	p.main.held = false
	p.live--
	if err == errOvertaken && p.live < p.wanted {
		p.add(ctx, false)
	}
	return p.live > 0
}

// follow hashes what the workers write until all of it is there. main is the error that
// ended the main stream. The error is errUnfinished if another stream is to go on.
func (p *segments) follow(ctx context.Context, main error) error {
	for {
		p.mu.Lock()
		end, live := p.extents.front(), p.live
		p.mu.Unlock()
		switch {
		case end > p.sink.n:
			if err := p.sink.follow(end); err != nil {
				return err
			}
		case end == p.size:
			return nil
		case live == 0 && main == errOvertaken:
			return errUnfinished
		case live == 0:
			return main // the next try goes on from here
		default:
			select {
			case <-p.moved:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}
}
