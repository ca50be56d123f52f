package source

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"depfetch/fetch/regular"
)

// file gets a file URL (RFC 8089) of this machine.
func (t *transfer) file(ctx context.Context) error {
	name, err := filePath(t.req.URL)
	if err != nil {
		return t.fail(err, false)
	}
	f, err := regular.Open(name)
	if err != nil {
		return t.fail(err, false)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return t.fail(err, false)
	}
	t.resp.Length, t.resp.Modified = info.Size(), info.ModTime()

	ctx, s, stop := watch(ctx, t.client.cfg.StallTimeout)
	defer stop()
	err = t.stream(contextReader{ctx, f}, 0, s)
	var body errBody
	if errors.As(err, &body) {
		return t.failNetwork(ctx, body.error)
	}
	return err
}

// filePath returns the path that a file URL names.
func filePath(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "file" || u.Opaque != "" || !strings.HasPrefix(u.Path, "/") ||
		u.Host != "" && u.Host != "localhost" || u.RawQuery != "" || u.User != nil {
		return "", fmt.Errorf("a file URL is file:// and an absolute path")
	}
	p := u.Path
	if runtime.GOOS == "windows" && len(p) > 2 && p[2] == ':' {
		p = p[1:] // file:///C:/dir
	}
	return filepath.FromSlash(p), nil
}

// contextReader stops reading when its context ends.
type contextReader struct {
	ctx context.Context
	f   *os.File
}

func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.f.Read(p)
}
