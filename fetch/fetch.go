// Package fetch puts pinned files in place: it fetches them in parallel,
// verifies every byte, and only when all of them are right renames them to
// where they belong.
//
// It guarantees that Client.Fetch returns nil only if every artifact is in
// place with the size and sha256 it is pinned to; and that on any failure the
// destinations are as they were before, with nothing half-written and no
// temporary file left behind; a cache may keep the part of a file that has come, for
// the next run to go on with. Only the renames at the very end can fail in the
// middle, and a PlaceError then says which files are in place.
//
// A tree that replaces a directory takes its place in one step, unless that is of
// a lower layer of overlayfs, as one of a base image is, which cannot be renamed.
// Such a tree is kept beside it first, which finds out whether all of it can be
// removed and whether there is room, and put back after an error. Only a killed run
// can leave a part of it, which the next run puts back before it does anything.
//
// Bytes are hashed as they are written and parsed by nothing before their
// digest has matched. There is no way to turn that off.
//
// It refuses what is not a regular file at a destination (a directory, a
// device), and paths are resolved below Client.Root as chroot would: a link
// leads to where it leads inside that root, and nothing leads out of it.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"depfetch/fetch/cache"
	"depfetch/fetch/source"
)

// DefaultJobs is how many artifacts are worked on at once, and DefaultRetries
// how often a source that failed temporarily is asked again, unless a caller
// says otherwise.
const (
	DefaultJobs    = 16
	DefaultRetries = 5
)

// Client fetches artifacts. Its fields are set before its first use and not
// changed after; its methods are then safe for concurrent use.
type Client struct {
	// Root is the directory that every destination lies below.
	Root string
	// Source gets the bytes.
	Source *source.Client
	// Cache holds bytes of earlier runs; nil is no cache.
	Cache *cache.Store
	// Offline keeps Fetch from asking any Source: what is neither in place
	// nor in the cache is an error.
	Offline bool
	// Mirrors are the addresses of trees that hold blobs/sha256/<hex>. They
	// are asked when the origin and the artifact's own mirrors have failed.
	Mirrors []string
	// MirrorFirst has Mirrors asked before the origin.
	MirrorFirst bool
	// Trees is the directory of the manifests of unpacked trees, each named by
	// the hexadecimal digits of its sha256. Without it, an unpacked tree cannot be
	// verified, and is unpacked again.
	Trees string
	// Unpinned limits an answer whose size is not pinned, in bytes; zero means
	// DefaultUnpinned.
	Unpinned int64
	// ReadTime is how long an answer that Read reads may take as a whole; zero means two
	// minutes, and more where it may be large.
	ReadTime time.Duration
	// Jobs is how many artifacts are worked on at once; zero means
	// DefaultJobs.
	Jobs int
	// Connections is how many connections there may be, to all hosts together, for
	// large files to come in segments; zero means DefaultConnections, and 1 that each
	// file comes in one stream.
	Connections int
	// Retries is how often a source that failed temporarily is asked again.
	Retries int
	// Backoff returns how long to wait before retry n, counted from 1. Nil
	// means the function Backoff.
	Backoff func(n int) time.Duration
	// Mtime is given to placed files and to the directories made for them.
	// Zero means DefaultMtime.
	Mtime time.Time
	// Documents are placed by Fetch when all else is, whether that was in place already
	// or not.
	Documents []Document
	// Events, if not nil, is called with each event. The calls made by one call of
	// a method do not overlap.
	Events func(Event)

	segmenting *segmenting // nil means defaultSegmenting
}

// DefaultMtime is the modification time of placed files: one fixed moment, so
// that two builds make the same image layer. It is the first that a zip file
// can express.
var DefaultMtime = time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC)

// DefaultUnpinned is the limit for an answer whose size is not pinned, so that no
// server can fill a disk: 16 GiB.
const DefaultUnpinned = 16 << 30

// Summary counts what Fetch did.
type Summary struct {
	Present int   // artifacts that were in place already
	Placed  int   // artifacts put in place
	Bytes   int64 // downloaded, those of failed attempts included
	InCache bool  // the place is the cache: it counts what Fill did
}

// Fetch puts every artifact in place, or changes nothing and returns why. The
// error joins a *TransferError or other error for each artifact that failed,
// or is a *PlaceError, or the cause with which ctx ended.
func (c *Client) Fetch(ctx context.Context, artifacts []Artifact) (Summary, error) {
	r := c.newRun()
	defer r.stage.cleanUp()
	if err := r.plan(ctx, artifacts); err != nil {
		return Summary{}, err
	}
	if err := r.transferAll(ctx); err != nil {
		return Summary{}, err
	}
	if err := r.stageDocuments(ctx); err != nil {
		return Summary{}, err
	}
	if err := r.place(); err != nil {
		return Summary{}, err
	}
	return Summary{Present: r.present, Placed: len(r.staged) - r.written, Bytes: r.bytes.Load()}, nil
}

// run is one Fetch under way.
type run struct {
	*Client
	transfers []*transfer // what has to be fetched, one for each distinct digest
	present   int
	inPlace   []*destination // those that are present
	docs      []*destination // of Documents
	written   int            // how many of Documents are the last ones of staged
	bytes     atomic.Int64
	hashers   hashers
	limiter   limiter
	stage     stage
	cacheOnly bool // nothing is placed

	mu       sync.Mutex // guards what follows, and serialises Events
	staged   []staged
	uncached bool // the cache cannot be written to
}

// newRun begins a run, and removes what killed ones have left in the cache.
func (c *Client) newRun() *run {
	if c.Cache != nil {
		c.Cache.Sweep()
	}
	return &run{Client: c, limiter: limiter{retries: c.Retries, backoff: c.backoff, connections: c.connections()}}
}

// backoff returns how long to wait before retry n.
func (c *Client) backoff(n int) time.Duration {
	if c.Backoff != nil {
		return c.Backoff(n)
	}
	return Backoff(n)
}

func (c *Client) unpinned() int64 {
	if c.Unpinned > 0 {
		return c.Unpinned
	}
	return DefaultUnpinned
}

// tooLarge is the error of an answer that is longer than unpinned allows.
func (c *Client) tooLarge() error {
	return fmt.Errorf("the answer has more than %d bytes, the most that is taken when the locked line has no size", c.unpinned())
}

func (c *Client) jobs() int {
	if c.Jobs > 0 {
		return c.Jobs
	}
	return DefaultJobs
}

func (c *Client) connections() int {
	if c.Connections > 0 {
		return c.Connections
	}
	return DefaultConnections
}

func (c *Client) mtime() time.Time {
	if c.Mtime.IsZero() {
		return DefaultMtime
	}
	return c.Mtime
}

// toCache calls write, which writes to the cache for a, if there is one. One that
// cannot be written to is reported once, and not used further.
func (r *run) toCache(a *Artifact, write func() error) {
	r.mu.Lock()
	uncached := r.uncached
	r.mu.Unlock()
	if r.Cache == nil || uncached {
		return
	}
	if err := write(); err != nil {
		r.mu.Lock()
		r.uncached = true
		r.mu.Unlock()
		r.emit(Event{Kind: EventCacheFailed, Artifact: a, Err: err})
	}
}

func (r *run) emit(e Event) {
	if r.Events == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Events(e)
}

// each calls f for 0 to n-1, from at most jobs goroutines, and returns when all
// calls have returned. Those for which later, if it is not nil, reports true come last.
// It makes no further calls once ctx has ended, and then returns the cause, or else the
// errors of f joined in order.
func each(ctx context.Context, jobs, n int, later func(i int) bool, f func(i int) error) error {
	var (
		errs = make([]error, n)
		last = make(chan int, n)
		next atomic.Int64
		wg   sync.WaitGroup
	)
	for range min(jobs, n) {
		wg.Go(func() {
			for i := int(next.Add(1) - 1); i < n && ctx.Err() == nil; i = int(next.Add(1) - 1) {
				if later != nil && later(i) {
					last <- i
				} else {
					errs[i] = f(i)
				}
			}
			for ctx.Err() == nil {
				select {
				case i := <-last:
					errs[i] = f(i)
				default:
					return
				}
			}
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return errors.Join(errs...)
}
