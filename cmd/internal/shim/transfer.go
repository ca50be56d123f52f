package shim

import (
	"context"
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
	joined *staged // the file that the body is appended to, or nil

	origin  fetch.Origin
	got     bool // something has been got
	skipped bool // it was there as it is pinned
	code    int
	err     error
	elapsed time.Duration
}

type errTimeout time.Duration

func (e errTimeout) Error() string { return "timed out after " + time.Duration(e).String() }

// run gets what is pinned for an address, writes it, and reports what goes wrong.
func (t *transfer) run(ctx context.Context, at *cmdline.Address) {
	began := time.Now()
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
	if there && t.Existing == cmdline.Keep {
		t.skipped = true
		return nil
	}
	a, err := t.pins.Resolve(ctx, *at, t.AsIs, t.client)
	if err != nil {
		return err
	}
	if t.MaxSize > 0 && a.Size > t.MaxSize {
		return &cmdline.Error{Err: cmdline.Bad(a.Name, " is larger than --max-filesize allows"), Fault: cmdline.Output}
	}
	if t.named && t.Rename && a.Path != "" {
		t.output = filepath.Join(filepath.Dir(t.output), filepath.Base(a.Path))
		there = exists(t.output)
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
	t.got = true
	if t.DumpHeader == "-" {
		io.WriteString(t.Stdout, t.header())
	} else if t.DumpHeader != "" {
		return failed(os.WriteFile(t.DumpHeader, []byte(t.header()), 0o666))
	}
	return nil
}

// header is that of an answer with the pinned file. What a server says in its own
// is not pinned, and is not repeated.
func (t *transfer) header() string {
	return "HTTP/1.1 200 OK\r\nContent-Length: " + strconv.FormatInt(t.origin.Bytes, 10) + "\r\n\r\n"
}

// deliver gets an artifact and writes it, once it is complete and verified.
func (t *transfer) deliver(ctx context.Context, a *fetch.Artifact) error {
	if t.Discard || t.output == os.DevNull {
		return t.look(ctx, a)
	}
	if t.joined != nil || t.output == "-" {
		var w io.Writer = t.Stdout
		if t.joined != nil {
			w = t.joined.File
		}
		return t.stream(ctx, a, w)
	}
	to, err := newTarget(t.output, t.Mode, t.Dirs)
	if err != nil {
		return err
	}
	s, err := stage(to)
	if err != nil {
		return err
	}
	defer s.close()
	if to.device || t.Header {
		err = t.stream(ctx, a, s.File)
	} else {
		t.origin, err = t.client.Into(ctx, *a, s.File)
	}
	if err != nil {
		return err
	}
	return s.place()
}

// look gets an artifact of which nothing is to be seen but that it is there.
func (t *transfer) look(ctx context.Context, a *fetch.Artifact) error {
	if t.client.Cache != nil {
		return t.stream(ctx, a, io.Discard) // and into the cache
	}
	var err error
	t.origin, err = t.client.Into(ctx, *a, nil)
	return err
}

// streamPiece is the size of one write of what cannot be spliced, in bytes.
const streamPiece = 256 << 10

// stream gets an artifact and copies it to w, once it is complete and verified.
func (t *transfer) stream(ctx context.Context, a *fetch.Artifact, w io.Writer) error {
	f, err := private(a.Size)
	if err != nil {
		return err
	}
	defer discard(f)
	if t.origin, err = t.client.Into(ctx, *a, f); err != nil {
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
	case <-ctx.Done():
		// A reader that has stopped reading keeps the goroutine; the program ends.
		return context.Cause(ctx)
	}
}
