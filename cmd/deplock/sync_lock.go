package main

import (
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"strings"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/exit"
	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/fetch/source"
	"depfetch/lock"
	"depfetch/lock/sync"
	"depfetch/lock/update"
)

// wants returns the forms that are to be locked, each with a request of it, in
// their order, and gives moving addresses beside others their line.
func (g *group) wants(f syncFlags, book *pins) []*sync.Request {
	var all []*sync.Request
	seen := make(map[sync.Form]bool)
	want := func(r *sync.Request) {
		_, pinned := book.Pin(r.URL)
		if _, left := book.left[r.Form]; !pinned && !left && !seen[r.Form] {
			seen[r.Form] = true
			all = append(all, r)
		}
	}
	for _, u := range g.units {
		for _, run := range u.reading.Runs {
			if f.moving == "leave" {
				for _, r := range run.Beside() {
					if _, ok := book.Pin(r.URL); !ok {
						book.lines[r.URL] = lock.Pin{URL: r.URL, Size: fetch.SizeUnknown, Unpinned: r.Moving}
					}
				}
			}
			if len(run.Obstacles) > 0 && !run.Adopted() {
				continue
			}
			for _, c := range run.Calls {
				for _, r := range c.Requests {
					if r.Wanted(f.moving == "pin") {
						want(r)
					}
				}
			}
		}
		for _, a := range u.reading.Adds {
			if a.Request != nil && (a.Checksum == "" || book.ours(a.Checksum)) && a.Request.Wanted(f.moving == "pin") {
				want(a.Request)
			}
		}
	}
	return all
}

// ours reports whether a checksum is one that the lockfile has.
func (p *pins) ours(checksum string) bool {
	for _, pin := range p.lines {
		if "sha256:"+pin.Digest.String() == checksum {
			return true
		}
	}
	return false
}

// scriptDepth is how deep scripts that download scripts are followed.
const scriptDepth = 4

// lockAll downloads what is asked for and not pinned, and what the scripts among
// that ask for, and returns how many addresses could not be had.
func (c *command) lockAll(ctx context.Context, f syncFlags, g *group, book *pins) (failed int, err error) {
	client, err := c.client(f.online, g.file)
	if err != nil {
		return 0, err
	}
	if client.Fetch.Cache == nil {
		dir, err := os.MkdirTemp("", "deplock-sync-")
		if err != nil {
			return 0, err
		}
		defer os.RemoveAll(dir)
		client.Fetch.Cache = &cache.Store{Root: dir}
	}
	for range scriptDepth {
		n, err := c.lockRequests(ctx, f, g, client, book)
		failed += n
		if err != nil {
			return failed, err
		}
		more, err := c.readScripts(ctx, f, g, client, book)
		if err != nil || !more {
			return failed, err
		}
	}
	for _, u := range g.units {
		for _, run := range u.reading.Runs {
			if !run.Adopted() && run.Judge(book).Adopt {
				run.Unfollowed()
			}
		}
	}
	return failed, nil
}

// readScripts reads the scripts that RUNs download and run, and reports whether
// there were any. What was pinned before is read only where that decides something.
func (c *command) readScripts(ctx context.Context, f syncFlags, g *group, client *update.Client, book *pins) (more bool, err error) {
	for _, u := range g.units {
		for _, run := range u.reading.Runs {
			for _, r := range run.Scripts() {
				pin, ok := book.Pin(r.URL)
				decides := f.prune || !run.Adopted() && run.Judge(book).Adopt
				if !ok || pin.Unpinned != "" || book.old[r.URL] && !decides {
					continue
				}
				text, err := c.pinned(ctx, client, pin)
				if err != nil {
					return more, err
				}
				run.ReadScript(r, text)
				more = true
			}
		}
	}
	return more, nil
}

// pinned returns what is pinned, out of the cache or from upstream.
func (c *command) pinned(ctx context.Context, client *update.Client, pin lock.Pin) ([]byte, error) {
	a := fetch.Artifact{Name: source.Redact(pin.URL), Platform: lock.Any.String(), URL: pin.URL, Mirrors: pin.Mirrors, Digest: pin.Digest, Size: pin.Size}
	if _, err := client.Fetch.Fill(ctx, []fetch.Artifact{a}); err != nil {
		return nil, err
	}
	file, err := client.Fetch.Cache.Open(pin.Digest.String())
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxScript+1))
	if err == nil && len(text) <= maxScript && fetch.DigestOf(text) != pin.Digest {
		err = fmt.Errorf("%s: the cache holds other bytes under its name", source.Redact(pin.URL))
	}
	return text, err
}

// maxScript is how much of a script is read, in bytes.
const maxScript = 1 << 20

// lockRequests downloads what is asked for and not pinned.
func (c *command) lockRequests(ctx context.Context, f syncFlags, g *group, client *update.Client, book *pins) (failed int, err error) {
	wants := g.wants(f, book)
	// One client for all that are asked for alike: header fields are a client's.
	byHeader := make(map[string][]*sync.Request)
	var headers []string
	for _, r := range wants {
		key := r.Header
		if key != "" {
			key = origin(r.URL) + "\n" + key
		}
		if byHeader[key] == nil {
			headers = append(headers, key)
		}
		byHeader[key] = append(byHeader[key], r)
	}
	var errs []error
	for _, key := range headers {
		n, err := c.lockAlike(ctx, f, client, byHeader[key], book)
		failed += n
		errs = append(errs, err)
	}
	return failed, errors.Join(errs...)
}

// origin returns the origin of an address in its normal form.
func origin(url string) string {
	scheme, rest, _ := strings.Cut(url, "://")
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host
}

// lockAlike locks requests with the same header fields.
func (c *command) lockAlike(ctx context.Context, f syncFlags, client *update.Client, wants []*sync.Request, book *pins) (failed int, err error) {
	from := *client.Fetch
	if header := wants[0].Header; header != "" {
		cfg, err := f.Config(c.console, c.getenv, version)
		if err != nil {
			return 0, err
		}
		fields := make(map[string]string)
		for _, line := range strings.Split(header, "\n") {
			if name, value, ok := strings.Cut(line, ":"); ok {
				fields[strings.TrimSpace(name)] = strings.TrimSpace(value)
			}
		}
		if cfg.Headers, err = cfg.Headers.Override(origin(wants[0].URL), fields); err != nil {
			return 0, err
		}
		from.Source = source.New(cfg)
	}
	var artifacts []fetch.Artifact
	var asked []*sync.Request
	served := func(r *sync.Request) {
		book.left[r.Form] = sync.Reason{At: r.At, What: source.Redact(r.URL) + " is served by the build itself", Hint: "deplock record -- docker build …, if it is to be pinned"}
	}
	for _, r := range wants {
		if r.Local && !f.allowHTTP {
			served(r)
			continue
		}
		if strings.HasPrefix(r.URL, "http://") && !f.allowHTTP {
			book.left[r.Form] = sync.Reason{At: r.At, What: source.Redact(r.URL) + " comes over plain http", Hint: "use the https address; or, if there is none, deplock sync --allow-http"}
			continue
		}
		asked = append(asked, r)
		artifacts = append(artifacts, fetch.Artifact{Name: source.Redact(r.URL), Platform: lock.Any.String(), URL: r.URL, Size: fetch.SizeUnknown})
	}
	measured, err := from.Measure(ctx, artifacts)
	if err != nil {
		return 0, err
	}
	for i, m := range measured {
		r := asked[i]
		var answer *source.Error
		if m.Err != nil && r.Local && (!errors.As(m.Err, &answer) || answer.Status == 0) {
			served(r)
			continue
		}
		if m.Err != nil {
			failed++
			c.console.Report(fmt.Errorf("%s: %w", source.Redact(r.URL), m.Err))
			book.left[r.Form] = sync.Reason{At: r.At, What: source.Redact(r.URL) + " could not be downloaded", Hint: "try again, or mend the address"}
			continue
		}
		if err := c.bookOne(ctx, client, r, m, book); err != nil {
			return failed, err
		}
	}
	return failed, nil
}

// bookOne makes the line of what a request has got, or says why there is none.
func (c *command) bookOne(ctx context.Context, client *update.Client, r *sync.Request, m fetch.Measurement, book *pins) error {
	shown := source.Redact(r.URL)
	leave := func(what, hint string) { book.left[r.Form] = sync.Reason{At: r.At, What: what, Hint: hint} }
	switch {
	case !r.Follow && m.Response.URL != r.URL:
		leave(shown+" answers with a redirect, which the call does not follow: it gets the page of the redirect", "add -L")
		return nil
	case m.HTML && !strings.HasSuffix(strings.ToLower(r.URL), ".html"):
		leave(shown+" is a web page", "ask for the file itself")
		return nil
	}
	pin := lock.Pin{URL: r.URL, Digest: m.Digest, Size: m.Size, Modified: m.Response.Modified}
	if had, ok := book.lines[r.URL]; ok {
		if had.Digest != pin.Digest {
			delete(book.lines, r.URL)
			leave(shown+" has other bytes when it is asked for with other options", "ask for it alike everywhere")
		}
		return nil
	}
	if r.Sum != (sync.Sum{}) {
		if err := c.compareSum(client, r, m); err != nil {
			return err
		}
	}
	if digest, ok, err := client.Release.AssetDigest(ctx, r.URL); err == nil && ok {
		if digest != m.Digest {
			return &console.Error{Err: fmt.Errorf("%s: the bytes are not those that GitHub's API gives the sha256 of: it says %s, and came %s", shown, digest, m.Digest), Code: exit.WrongBytes}
		}
		pin.Trust = lock.Published
	}
	book.lines[r.URL] = pin
	fmt.Fprintf(c.stdout, "locked %s  %d bytes  %s\n", shown, m.Size, pin.Trust)
	return nil
}

// hashes are those that Dockerfiles have sums of.
var hashes = map[string]func() hash.Hash{"sha512": sha512.New, "sha384": sha512.New384, "sha1": sha1.New, "md5": md5.New}

// compareSum compares what came with the sum that stands in the Dockerfile.
func (c *command) compareSum(client *update.Client, r *sync.Request, m fetch.Measurement) error {
	got := m.Digest.String()
	if r.Sum.Algorithm != "sha256" {
		make, ok := hashes[r.Sum.Algorithm]
		if !ok {
			return nil
		}
		f, err := client.Fetch.Cache.Open(m.Digest.String())
		if err != nil {
			return err
		}
		defer f.Close()
		h := make()
		if _, err := io.Copy(h, f); err != nil {
			return err
		}
		got = hex.EncodeToString(h.Sum(nil))
	}
	if got != r.Sum.Hex {
		return &console.Error{
			Err:  fmt.Errorf("%s: the Dockerfile wants %s %s, and came %s", source.Redact(r.URL), r.Sum.Algorithm, r.Sum.Hex, got),
			Hint: "if upstream has replaced the file and you trust the new one, change the sum in the Dockerfile", Code: exit.WrongBytes,
		}
	}
	return nil
}
