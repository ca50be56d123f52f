package shim

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"depfetch/fetch"
	"depfetch/fetch/cmdline"
)

// transfer is one URL under way.
type transfer struct {
	*runner
	*cmdline.Operation
	client *fetch.Client
	url    string
	output string  // of a file, or "-"
	named  bool    // by the URL
	number int     // of the URL
	joined *staged // the file that all bodies of the operation are appended to, or nil
	stop   context.Context

	origin  fetch.Origin
	got     bool // the body was delivered
	skipped bool // the output already held the pinned bytes
	code    int
	err     error
	elapsed time.Duration
}

type errTimeout time.Duration

func (e errTimeout) Error() string { return "timed out after " + time.Duration(e).String() }

// run fetches what an address is pinned to, writes it, and reports errors.
func (t *transfer) run(ctx context.Context, at *cmdline.Address) {
	began := time.Now()
	t.stop = ctx
	limited := ctx
	if t.MaxTime > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeoutCause(ctx, t.MaxTime, &cmdline.Error{Err: errTimeout(t.MaxTime), Fault: cmdline.Timeout})
		defer cancel()
	}
	t.err = t.get(limited, at)
	t.elapsed = time.Since(began)
	if t.err != nil {
		t.code = t.fail(t.err)
	}
	if t.WriteOut != "" {
		t.writeOut()
	}
}

func (t *transfer) get(ctx context.Context, at *cmdline.Address) error {
	there := t.output != "-" && t.joined == nil && exists(t.output)
	if there && (t.Existing != cmdline.Number || t.Name == "wget") {
		info, err := os.Stat(t.output) // a dangling link is no file
		there = err == nil && !info.IsDir()
	}
	switch {
	case there && t.Existing == cmdline.Keep:
		t.skipped = true
		return nil
	case there && t.Existing == cmdline.Fail:
		return &cmdline.Error{Err: cmdline.Bad(t.output, " is there already, and is not fetched"), Fault: cmdline.Exists}
	}
	a, err := t.pins.Resolve(ctx, *at, t.AsIs, t.client)
	if err != nil {
		return err
	}
	if t.Follow && !t.pins.Offline && (strings.Contains(t.WriteOut, "{url_effective}") || strings.Contains(t.WriteOut, "{num_redirects}")) {
		// A cache does not know where the server would redirect to.
		asking := *t.client
		asking.Cache = nil
		t.client = &asking
	}
	if t.named && t.Rename {
		if a.Path == "" {
			return cmdline.Refuse("a name from the server", "it is not pinned: give one with -o or -O, or the lockfile a path")
		}
		t.output = parent(t.output) + string(os.PathSeparator) + filepath.Base(a.Path)
		if parent(t.output) == "."+string(os.PathSeparator) {
			t.output = filepath.Base(a.Path)
		}
		if there = exists(t.output); there && t.Existing == cmdline.Replace {
			return &cmdline.Error{Err: cmdline.Bad(t.output, " is there already, and is not replaced"), Fault: cmdline.Exists}
		}
	}
	if t.TimeCond != "" && same(strings.TrimLeft(t.TimeCond, "+-="), a) || there && t.Existing == cmdline.Update && same(t.output, a) {
		t.skipped = true
		return nil
	}
	if there && t.Existing == cmdline.Number {
		name := t.output
		for n := 1; exists(t.output); n++ {
			t.output = name + "." + strconv.Itoa(n)
		}
	}
	if err := t.deliver(ctx, a); err != nil {
		return err
	}
	if t.got = true; !t.HeadOnly && !t.Discard && t.output != os.DevNull {
		t.delivered = append(t.delivered, *a)
	}
	return nil
}

// header returns the header of a response with the pinned file. The header that the
// server sent is not pinned, and is not used.
func (t *transfer) header() string {
	return "HTTP/1.1 200 OK\r\nContent-Length: " + strconv.FormatInt(t.origin.Bytes, 10) + "\r\n\r\n"
}

// dump writes the header where --dump-header says, before the body.
func (t *transfer) dump() error {
	switch {
	case t.DumpHeader == "":
		return nil
	case t.DumpHeader == "-":
		return t.print(t.header())
	}
	flags := os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	if t.dumped[t.DumpHeader] {
		flags ^= os.O_TRUNC | os.O_APPEND
	}
	t.dumped[t.DumpHeader] = true
	f, err := os.OpenFile(t.DumpHeader, flags, 0o666)
	if err == nil {
		_, err = io.WriteString(f, t.header())
		err = errors.Join(err, f.Close())
	}
	return failed(err)
}

// print writes to standard output, if there is one.
func (t *transfer) print(text string) error {
	if f, ok := t.Stdout.(*os.File); ok && closedOutput(f) {
		return failed(errors.New("standard output is closed"))
	}
	_, err := io.WriteString(t.Stdout, text)
	return failed(err)
}

// arrived checks the response against the limits of the command line, before any byte
// of it is delivered, and dumps the header.
func (t *transfer) arrived(a *fetch.Artifact) error {
	r := t.origin.Response
	scheme, _, _ := strings.Cut(r.URL, "://")
	switch {
	case t.MaxSize > 0 && t.origin.Bytes > t.MaxSize:
		return tooLarge(a)
	case t.Follow && t.Redirects >= 0 && int64(r.Redirects) > t.Redirects:
		return &cmdline.Error{Err: cmdline.Bad(a.Name, ": more redirects than are allowed: ", strconv.Itoa(r.Redirects)), Fault: onRedirects}
	case t.Follow && r.Redirects > 0 && (!allowed(scheme, t.Proto) || !allowed(scheme, t.ProtoRedir)):
		return &cmdline.Error{Err: cmdline.Bad(a.Name, ": a redirect to ", scheme, " is not allowed on the command line"), Fault: cmdline.Scheme}
	}
	return t.dump()
}

func tooLarge(a *fetch.Artifact) error {
	return &cmdline.Error{Err: cmdline.Bad(a.Name, " is larger than --max-filesize allows"), Fault: cmdline.Size}
}

// modified returns the modification time that the file gets: the pinned one, or else
// that of Last-Modified. It is zero if there is none or the options do not ask for it.
func (t *transfer) modified(a *fetch.Artifact) time.Time {
	switch {
	case !t.Timed:
		return time.Time{}
	case !a.Modified.IsZero():
		return a.Modified
	default:
		return t.origin.Response.Modified
	}
}

// deliver fetches an artifact and writes it once it is complete and verified.
func (t *transfer) deliver(ctx context.Context, a *fetch.Artifact) error {
	if t.MaxSize > 0 && a.Size > t.MaxSize {
		return tooLarge(a)
	}
	if t.Discard || t.output == os.DevNull {
		return t.look(ctx, a)
	}
	if t.joined != nil {
		err := t.stream(ctx, a, t.joined.File)
		t.joined.modified = t.modified(a)
		return err
	}
	if t.output == "-" {
		return t.stream(ctx, a, t.Stdout)
	}
	to, err := newTarget(t.output, t.Operation)
	if err != nil {
		return t.unopened(err, t.named)
	}
	s, err := stage(to)
	if err != nil {
		return t.unopened(err, t.named)
	}
	defer s.close()
	if to.device || t.Header {
		err = t.stream(ctx, a, s.File)
	} else if err = t.into(ctx, a, s.File); err == nil {
		err = t.arrived(a)
	}
	if err != nil {
		return err
	}
	s.modified = t.modified(a)
	return s.place()
}

// look fetches an artifact whose bytes are not written anywhere.
func (t *transfer) look(ctx context.Context, a *fetch.Artifact) error {
	if t.client.Cache != nil {
		return t.stream(ctx, a, io.Discard) // and into the cache
	}
	if err := t.into(ctx, a, nil); err != nil {
		return err
	}
	return t.arrived(a)
}

// into has the client write an artifact into a file. Nothing of its progress is on the
// terminal when it returns.
func (t *transfer) into(ctx context.Context, a *fetch.Artifact, f *os.File) (err error) {
	t.origin, err = t.client.Into(ctx, a, f)
	t.event(fetch.Event{Kind: fetch.EventRead, Artifact: a})
	return err
}

// streamPiece is the size of one write, in bytes, where splice cannot be used.
const streamPiece = 256 << 10

// stream fetches an artifact and copies it to w once it is complete and verified. No
// time limit applies to the copy, which would leave the reader with half a file.
func (t *transfer) stream(ctx context.Context, a *fetch.Artifact, w io.Writer) error {
	f, err := private(a.Size)
	if err != nil {
		return err
	}
	defer discard(f)
	if err := t.into(ctx, a, f); err != nil {
		return err
	}
	if to, ok := w.(*os.File); ok && w == t.Stdout && (t.origin.Bytes > 0 || t.Header) && closedOutput(to) {
		return failed(errors.New("standard output is closed"))
	}
	if err := t.arrived(a); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() {
		_, err := f.Seek(0, io.SeekStart)
		if err == nil && t.Header {
			_, err = io.WriteString(w, t.header())
		}
		if err == nil && !t.HeadOnly {
			if to, ok := w.(*os.File); ok {
				splice(to, f)
			}
			_, err = io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{f}, make([]byte, streamPiece))
		}
		done <- err
	}()
	select {
	case err := <-done:
		return failed(err)
	case <-t.stop.Done():
		// The goroutine may be blocked on a reader that no longer reads. It is not
		// waited for: the program exits.
		return context.Cause(t.stop)
	}
}
