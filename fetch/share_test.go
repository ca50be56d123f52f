//go:build unix

package fetch_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/fetch/fetchtest"
	"depfetch/fetch/source"
)

// long is large enough for a download of it to be resumed by another run.
var long = strings.Repeat(body, 3<<20/len(body))

// start starts p in a process of its own, which the test kills at its end.
func (p crashPlan) start(t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := p.command(t.Context(), t)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd
}

// command returns the process of p.
func (p crashPlan) command(ctx context.Context, t *testing.T) *exec.Cmd {
	plan, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, exe)
	cmd.Env = append(os.Environ(), crashEnv+"="+string(plan))
	return cmd
}

// until waits for what is to become true.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 3000 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("waited in vain until %s", what)
}

// partial returns the path of the partial of a in a cache.
func partial(store *cache.Store, a fetch.Artifact) string {
	return filepath.Join(store.Root, ".partial-"+a.Digest.String())
}

// sharing returns a client with a cache in dir.
func sharing(t *testing.T, dir string) *fetch.Client {
	c := client(t)
	c.Cache = &cache.Store{Root: dir}
	c.Source = source.New(source.Config{StallTimeout: 30 * time.Second})
	return c
}

// claimed returns a client and what it is to fetch from a server, on which another process
// has a claim in the client's cache.
func claimed(t *testing.T) (c *fetch.Client, s *fetchtest.Server, a fetch.Artifact, held *cache.Partial) {
	t.Helper()
	s, c = fetchtest.New(t), sharing(t, t.TempDir())
	a = pin("tool", s.Script("/tool", fetchtest.Body(body)), body)
	held, _, err := c.Cache.Claim(a.Digest)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { held.Close(false) })
	return c, s, a, held
}

// TestSharedOnce holds that processes which share a cache download each file once.
func TestSharedOnce(t *testing.T) {
	s := fetchtest.New(t)
	dir := t.TempDir()
	p := crashPlan{Cache: filepath.Join(dir, "cache"), Jobs: 4, Kind: "none"}
	for i := range 20 {
		content := fmt.Sprintln("file", i, strings.Repeat("x", 40<<10))
		name := fmt.Sprintf("f%d", i)
		p.Artifacts = append(p.Artifacts, pin(name, s.Script("/"+name, fetchtest.Slow(content, 5<<10, 5*time.Millisecond)), content))
	}
	var processes []*exec.Cmd
	for i := range 3 {
		p.Root = filepath.Join(dir, fmt.Sprint("root", i))
		mustWrite(t, filepath.Join(p.Root, "keep"), "")
		processes = append(processes, p.start(t))
	}
	for _, cmd := range processes {
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
	for i, a := range p.Artifacts {
		if n := len(s.Requests(fmt.Sprintf("/f%d", i))); n != 1 {
			t.Errorf("%d requests for %s", n, a.Name)
		}
		for i := range 3 {
			if d, err := os.ReadFile(filepath.Join(dir, fmt.Sprint("root", i), a.Path)); err != nil || int64(len(d)) != a.Size {
				t.Errorf("%s: %d bytes, %v", a.Name, len(d), err)
			}
		}
	}
	if got := tree(t, p.Cache); len(got) != 2+20 {
		t.Errorf("the cache holds %q", got)
	}
}

// TestSharedWithin holds the same for calls within one process, of Fetch, Into and Fill.
func TestSharedWithin(t *testing.T) {
	s := fetchtest.New(t)
	ready := make(chan struct{})
	a := pin("tool", s.Script("/tool", s.Gate(ready, fetchtest.Body(body))), body)
	dir := t.TempDir()
	waiting := make(chan struct{}, 9)
	ended := make(chan error)
	calls := []func(*fetch.Client) error{
		func(c *fetch.Client) error { _, err := c.Fetch(t.Context(), []fetch.Artifact{a}); return err },
		func(c *fetch.Client) error { _, err := c.Fill(t.Context(), []fetch.Artifact{a}); return err },
		func(c *fetch.Client) error {
			f, err := os.Create(filepath.Join(c.Root, "into"))
			if err == nil {
				defer f.Close()
				_, err = c.Into(t.Context(), &a, f)
			}
			return err
		},
	}
	for _, call := range calls {
		c := sharing(t, dir)
		c.Events = func(e fetch.Event) {
			if e.Kind == fetch.EventWaiting {
				waiting <- struct{}{}
			}
		}
		go func() { ended <- call(c) }()
	}
	<-waiting
	<-waiting
	close(ready)
	for range calls {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if n := len(s.Requests("/tool")); n != 1 {
		t.Errorf("%d requests", n)
	}
	wantTree(t, dir, "blobs/", "blobs/sha256/", "blobs/sha256/"+a.Digest.String())
}

// TestSharedTakeover kills the one that downloads, and the one that waits goes on with
// its bytes if the file is still the same.
func TestSharedTakeover(t *testing.T) {
	const etag = `"one"`
	half := len(long) / 2
	tests := []struct {
		name string
		then fetchtest.Step
	}{
		{"the same", fetchtest.Ranged(etag, long)},
		{"another validator", fetchtest.Ranged(`"two"`, long)},
		{"no ranges", fetchtest.Body(long)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := fetchtest.New(t)
			dir := t.TempDir()
			stalled := s.Stalled(long, half)
			a := pin("tool", s.Script("/tool", labelled(etag, stalled), test.then), long)
			p := crashPlan{Root: filepath.Join(dir, "root"), Cache: filepath.Join(dir, "cache"), Jobs: 1, Artifacts: []fetch.Artifact{a}, Kind: "none"}
			mustWrite(t, filepath.Join(p.Root, "keep"), "")
			first := p.start(t)
			c := sharing(t, p.Cache)
			until(t, "the first has got half of it", func() bool {
				info, err := os.Stat(partial(c.Cache, a))
				return err == nil && info.Size() >= int64(half)/2
			})
			c.Events = func(e fetch.Event) {
				if e.Kind == fetch.EventWaiting {
					first.Process.Kill()
				}
			}
			sum, err := c.Fetch(t.Context(), []fetch.Artifact{a})
			if err != nil {
				t.Fatal(err)
			}
			wantFile(t, filepath.Join(c.Root, a.Path), long)
			wantTree(t, c.Cache.Root, "blobs/", "blobs/sha256/", "blobs/sha256/"+a.Digest.String())
			requests := s.Requests("/tool")
			if len(requests) != 2 || !strings.HasPrefix(requests[1].Header.Get("Range"), "bytes=") || requests[1].Header.Get("If-Range") != etag {
				t.Fatalf("%d requests, the last one for %q", len(requests), requests[len(requests)-1].Header.Get("Range"))
			}
			if rest := test.name == "the same"; rest != (sum.Bytes < int64(len(long))) {
				t.Errorf("%d bytes were downloaded", sum.Bytes)
			}
		})
	}
}

// labelled adds an ETag to the answer of next.
func labelled(etag string, next fetchtest.Step) fetchtest.Step {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", etag)
		next(w, r)
	}
}

// TestSharedStall has a first one that does not move: the second downloads by itself.
func TestSharedStall(t *testing.T) {
	c, _, a, held := claimed(t)
	c.Source = source.New(source.Config{StallTimeout: 100 * time.Millisecond})
	waits := 0
	c.Events = func(e fetch.Event) {
		if e.Kind == fetch.EventWaiting {
			waits++
		}
	}
	if _, err := c.Fetch(t.Context(), []fetch.Artifact{a}); err != nil || waits != 1 {
		t.Errorf("waited %d times: %v", waits, err)
	}
	wantFile(t, filepath.Join(c.Root, a.Path), body)
	held.Close(false)
	wantTree(t, c.Cache.Root, "blobs/", "blobs/sha256/", "blobs/sha256/"+a.Digest.String())
}

// TestSharedRestless has a first one that begins again and again, and never gets anywhere.
func TestSharedRestless(t *testing.T) {
	c, _, a, held := claimed(t)
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for n := int64(1); ctx.Err() == nil; n++ {
			held.Truncate(n % 4)
			time.Sleep(30 * time.Millisecond)
		}
	}()
	c.Source = source.New(source.Config{StallTimeout: 300 * time.Millisecond})
	_, err := c.Fetch(ctx, []fetch.Artifact{a})
	stop()
	<-ended
	if err != nil {
		t.Fatal(err)
	}
	wantFile(t, filepath.Join(c.Root, a.Path), body)
}

// TestSharedSlow has a first one that moves a little, for ever.
func TestSharedSlow(t *testing.T) {
	s, c := fetchtest.New(t), sharing(t, t.TempDir())
	a := pin("tool", s.Script("/tool", fetchtest.Body(long)), long)
	held, _, err := c.Cache.Claim(a.Digest)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for n := int64(1); ctx.Err() == nil; n++ {
			held.Truncate(n)
			time.Sleep(30 * time.Millisecond)
		}
	}()
	c.Source = source.New(source.Config{StallTimeout: 300 * time.Millisecond})
	_, err = c.Fetch(ctx, []fetch.Artifact{a})
	stop()
	<-ended
	held.Close(false)
	if err != nil {
		t.Fatal(err)
	}
	wantFile(t, filepath.Join(c.Root, a.Path), long)
}

// TestSharedOverlong has a first one with more bytes than are pinned, for which nobody waits.
func TestSharedOverlong(t *testing.T) {
	c, _, a, held := claimed(t)
	held.Truncate(a.Size + 1)
	c.Events = func(e fetch.Event) {
		if e.Kind == fetch.EventWaiting {
			t.Error("it waits")
		}
	}
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	if _, err := c.Fetch(ctx, []fetch.Artifact{a}); err != nil {
		t.Fatal(err)
	}
	wantFile(t, filepath.Join(c.Root, a.Path), body)
}

// TestSharedMeanwhile: before a source is asked once more, the cache is looked into.
func TestSharedMeanwhile(t *testing.T) {
	s, c := fetchtest.New(t), sharing(t, t.TempDir())
	asked := 0
	a := pin("tool", s.Script("/tool", func(w http.ResponseWriter, r *http.Request) {
		asked++
		mustWrite(t, c.Cache.File(pin("tool", "", body).Digest), body)
		fetchtest.Status(503)(w, r)
	}), body)
	c.Retries = 1
	if _, err := c.Fetch(t.Context(), []fetch.Artifact{a}); err != nil || asked != 1 {
		t.Errorf("asked %d times: %v", asked, err)
	}
	wantFile(t, filepath.Join(c.Root, a.Path), body)
}

// TestSharedNoJob holds that a wait for another process keeps no other file from coming.
func TestSharedNoJob(t *testing.T) {
	for name, call := range map[string]func(*fetch.Client, []fetch.Artifact) error{
		"Fetch": func(c *fetch.Client, a []fetch.Artifact) error { _, err := c.Fetch(t.Context(), a); return err },
		"Fill":  func(c *fetch.Client, a []fetch.Artifact) error { _, err := c.Fill(t.Context(), a); return err },
	} {
		t.Run(name, func(t *testing.T) {
			s := fetchtest.New(t)
			dir := t.TempDir()
			free := pin("free", s.Script("/free", fetchtest.Body(other)), other)
			var artifacts []fetch.Artifact
			var held []*cache.Partial
			for i := range 3 {
				name, content := fmt.Sprint("held", i), fmt.Sprint(body, i)
				a := pin(name, s.Script("/"+name, func(w http.ResponseWriter, r *http.Request) {
					if len(s.Requests("/free")) == 0 {
						t.Errorf("%s was asked for first", name)
					}
					fetchtest.Body(content)(w, r)
				}), content)
				p, _, err := (&cache.Store{Root: dir}).Claim(a.Digest)
				if err != nil {
					t.Fatal(err)
				}
				artifacts, held = append(artifacts, a), append(held, p)
			}
			artifacts = append(artifacts, free)
			c := sharing(t, dir)
			c.Jobs = 1
			c.Source = source.New(source.Config{StallTimeout: time.Second})
			began := time.Now()
			if err := call(c, artifacts); err != nil {
				t.Fatal(err)
			}
			// They have all stood still for the same second.
			if took := time.Since(began); took > 2500*time.Millisecond {
				t.Errorf("it took %s", took)
			}
			for _, p := range held {
				p.Close(false)
			}
		})
	}
}

// TestSharedInterrupted holds that a context ends the wait.
func TestSharedInterrupted(t *testing.T) {
	c, s, a, _ := claimed(t)
	ctx, stop := context.WithCancelCause(t.Context())
	cause := errors.New("enough")
	c.Events = func(e fetch.Event) {
		if e.Kind == fetch.EventWaiting {
			stop(cause)
		}
	}
	if _, err := c.Fetch(ctx, []fetch.Artifact{a}); err != cause || len(s.Requests("/tool")) != 0 {
		t.Errorf("%v after %d requests", err, len(s.Requests("/tool")))
	}
	wantTree(t, c.Root)
}

// TestResumeInterrupted holds that the run after an interrupted one goes on with its
// bytes, unless they are wrong, or from another address.
func TestResumeInterrupted(t *testing.T) {
	const etag = `"one"`
	tests := []struct {
		name     string
		between  func(t *testing.T, part string, a *fetch.Artifact)
		ranges   int // requests that ask for the rest
		requests int
	}{
		{"as it was", func(*testing.T, string, *fetch.Artifact) {}, 1, 1},
		{"other bytes", func(t *testing.T, part string, _ *fetch.Artifact) {
			mustWrite(t, part, strings.ToUpper(long[:1<<20]))
		}, 1, 2},
		{"too many bytes", func(t *testing.T, part string, _ *fetch.Artifact) { mustWrite(t, part, long+long) }, 1, 1},
		{"all bytes", func(t *testing.T, part string, _ *fetch.Artifact) { mustWrite(t, part, long) }, 1, 1},
		{"all bytes of a size that is not known", func(t *testing.T, part string, a *fetch.Artifact) {
			a.Size = fetch.SizeUnknown
			mustWrite(t, part, long)
		}, 1, 1},
		{"no bytes", func(t *testing.T, part string, _ *fetch.Artifact) { mustWrite(t, part, "") }, 0, 1},
		{"another address", func(_ *testing.T, _ string, a *fetch.Artifact) { a.URL += "?2" }, 0, 1},
		{"no record", func(t *testing.T, part string, _ *fetch.Artifact) { os.Remove(part + ".from") }, 0, 1},
		{"another record", func(t *testing.T, part string, _ *fetch.Artifact) { mustWrite(t, part+".from", "\x00\n\n") }, 0, 1},
		{"a validator that is none", func(t *testing.T, part string, _ *fetch.Artifact) {
			text, _ := os.ReadFile(part + ".from")
			mustWrite(t, part+".from", string(text[:65])+"\"\x01\r\n\"\n")
		}, 0, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := fetchtest.New(t)
			c := sharing(t, t.TempDir())
			c.Retries = 0
			steps := []fetchtest.Step{fetchtest.RangedCut(etag, long, len(long)/2), fetchtest.Ranged(etag, long)}
			s.Script("/tool?2", steps[1])
			a := pin("tool", s.Script("/tool", steps...), long)
			if _, err := c.Fetch(t.Context(), []fetch.Artifact{a}); err == nil {
				t.Fatal("no error")
			}
			wantTree(t, c.Root)
			test.between(t, partial(c.Cache, a), &a)
			sum, err := c.Fetch(t.Context(), []fetch.Artifact{a})
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(test.name, "all bytes") && sum.Bytes != 1 {
				t.Errorf("%d bytes were downloaded", sum.Bytes)
			}
			wantFile(t, filepath.Join(c.Root, a.Path), long)
			wantTree(t, c.Cache.Root, "blobs/", "blobs/sha256/", "blobs/sha256/"+a.Digest.String())
			ranges, requests := 0, append(s.Requests("/tool")[1:], s.Requests("/tool?2")...)
			for _, r := range requests {
				if r.Header.Get("Range") != "" {
					ranges++
				}
			}
			if len(requests) != test.requests || ranges != test.ranges {
				t.Errorf("%d requests, %d of them for the rest", len(requests), ranges)
			}
		})
	}
}

// TestPartialPlanted holds that what others put in the place of a partial is not written
// to, and keeps no file from coming.
func TestPartialPlanted(t *testing.T) {
	tests := map[string]func(t *testing.T, part, elsewhere string) error{
		"a link":           func(t *testing.T, part, elsewhere string) error { return os.Symlink(elsewhere, part) },
		"a hard link":      func(t *testing.T, part, elsewhere string) error { return os.Link(elsewhere, part) },
		"a dangling link":  func(t *testing.T, part, elsewhere string) error { return os.Symlink(elsewhere+"2", part) },
		"a directory":      func(t *testing.T, part, _ string) error { return os.MkdirAll(part+"/in", 0o755) },
		"a FIFO":           func(t *testing.T, part, _ string) error { return syscall.Mkfifo(part, 0o644) },
		"garbage":          func(t *testing.T, part, _ string) error { return os.WriteFile(part, []byte(other), 0o644) },
		"a read-only file": func(t *testing.T, part, _ string) error { return os.WriteFile(part, []byte(other), 0o444) },
		"a link as record": func(t *testing.T, part, elsewhere string) error { return os.Symlink(elsewhere, part+".from") },
		"a FIFO as record": func(t *testing.T, part, _ string) error { return syscall.Mkfifo(part+".from", 0o644) },
		"a directory as record": func(t *testing.T, part, _ string) error {
			return os.MkdirAll(part+".from/in", 0o755)
		},
	}
	for name, plant := range tests {
		t.Run(name, func(t *testing.T) {
			s := fetchtest.New(t)
			dir := t.TempDir()
			c := sharing(t, dir)
			elsewhere := filepath.Join(t.TempDir(), "keep")
			mustWrite(t, elsewhere, "keep")
			a := pin("tool", s.Script("/tool", fetchtest.Ranged(`"one"`, long)), long)
			if err := plant(t, partial(c.Cache, a), elsewhere); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Fetch(t.Context(), []fetch.Artifact{a}); err != nil {
				t.Fatal(err)
			}
			wantFile(t, filepath.Join(c.Root, a.Path), long)
			wantFile(t, c.Cache.File(a.Digest), long)
			wantFile(t, elsewhere, "keep")
			wantTree(t, filepath.Dir(elsewhere), "keep")
		})
	}
}

// TestFillOnce holds that what goes to the cache alone is written once, also while it is
// resumed.
func TestFillOnce(t *testing.T) {
	half := len(long) / 2
	s := fetchtest.New(t)
	c := sharing(t, t.TempDir())
	a := pin("tool", s.Script("/tool", labelled(`"one"`, s.Stalled(long, half)), fetchtest.Ranged(`"one"`, long)), long)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := c.Fill(ctx, []fetch.Artifact{a})
		done <- err
	}()
	until(t, "half of it is there", func() bool {
		info, err := os.Stat(partial(c.Cache, a))
		return err == nil && info.Size() >= int64(half)/2
	})
	entries, err := os.ReadDir(c.Cache.Root)
	if err != nil {
		t.Error(err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err != nil || info.Size() > 4<<10 && !strings.HasPrefix(e.Name(), ".partial-") {
			t.Errorf("%s has %d bytes, %v", e.Name(), info.Size(), err)
		}
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	sum, err := c.Fill(t.Context(), []fetch.Artifact{a})
	if err != nil || sum.Bytes >= int64(len(long)) {
		t.Errorf("%d bytes came, %v", sum.Bytes, err)
	}
	wantFile(t, c.Cache.File(a.Digest), long)
	wantTree(t, c.Cache.Root, "blobs/", "blobs/sha256/", "blobs/sha256/"+a.Digest.String())
}
