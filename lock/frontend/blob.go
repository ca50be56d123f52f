package frontend

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/moby/buildkit/solver/errdefs"
	"github.com/moby/buildkit/solver/pb"

	"depfetch/fetch/cache"
	"depfetch/fetch/source"
	"depfetch/lock"
)

// blob is a file that BuildKit downloads.
type blob struct {
	digest string
	shown  string // its address
	next   string // where it may be asked for when that has failed; empty if nowhere
	at     place
	spare  bool // all steps can do without it
	asks   bool // depfetch asks for it there then
}

// downloads are the files that a step may be given.
type downloads struct {
	text   []byte     // the lockfile that depfetch reads there
	lines  []lock.Pin // of that lockfile
	plain  map[string]bool
	needed map[string]bool
	shared bool                 // depfetch also fetches there what is not among the lines
	at     func(lock.Pin) place // where a line is asked for
}

// add adds a line. BuildKit downloads its file if it may ask for it with nothing but the
// address. A step without a network fails if it needs a file that cannot be downloaded.
func (d *downloads) add(pin lock.Pin, plain, needed bool) {
	if d.plain == nil {
		d.plain, d.needed = make(map[string]bool), make(map[string]bool)
	}
	pin.Trust = lock.TOFU // it changes nothing there
	d.lines = append(d.lines, pin)
	d.plain[pin.URL] = plain && pin.Unpinned == "" && fetchable(pin.URL)
	d.needed[pin.URL] = d.needed[pin.URL] || needed
}

// withPins mounts ownDir into a step: a lockfile, and the files that BuildKit downloads.
func (c *change) withPins(s *step, d *downloads) error {
	exec := s.GetExec()
	network := exec.Network != pb.NetMode_NONE
	files := make(map[string]lock.Pin)
	whole := !d.shared
	ruled := env(exec.Meta, argRewrite) // by the Dockerfile, for this step
	for _, pin := range d.lines {
		name := pin.Digest.String()
		switch {
		case pin.Unpinned != "":
		case d.plain[pin.URL] && (len(c.build.left(pin)) > 0 || !network && d.needed[pin.URL]) && (ruled == "" || ruled == c.build.rewrite):
			files[name] = pin
		default:
			whole = false
		}
	}
	names := slices.Sorted(maps.Keys(files))
	dir, err := c.input(c.ctx, folder(d.text, names), nil)
	if err != nil {
		return err
	}
	s.mount(dir, "", ownDir)
	setEnv(exec.Meta, "DEPFETCH_LOCK", ownLock)
	if !whole && ruled == "" && c.build.rewrite != "" {
		setEnv(exec.Meta, argRewrite, c.build.rewrite)
	}
	switch {
	case len(names) == 0:
		return nil
	case whole:
		setEnv(exec.Meta, "DEPFETCH_CACHE", ownDir)
	default: // what comes from elsewhere could not be written into a cache that is read-only
		setEnv(exec.Meta, "DEPFETCH_MIRRORS", strings.TrimSpace("file://"+ownDir+" "+env(exec.Meta, "DEPFETCH_MIRRORS")))
		setEnv(exec.Meta, "DEPFETCH_MIRROR_FIRST", "1")
	}
	for _, name := range names {
		if err := c.withFile(s, files[name], d, network); err != nil {
			return err
		}
	}
	return nil
}

// withFile mounts a file that BuildKit downloads into a step.
func (c *change) withFile(s *step, pin lock.Pin, d *downloads, network bool) error {
	b := blob{digest: pin.Digest.String(), shown: source.Redact(pin.URL), at: d.at(pin), spare: network || !d.needed[pin.URL], asks: network}
	addresses := c.build.left(pin)
	if len(addresses) == 0 {
		addresses = c.build.addresses(pin) // it is to fail again, for another step that needs it
		addresses = addresses[len(addresses)-1:]
	}
	if len(addresses) > 1 {
		b.next = source.Redact(addresses[1].url)
	}
	in, err := c.input(c.ctx, download(pin, addresses[0]), c.location(b.at))
	if err != nil {
		return err
	}
	if before, ok := c.blobs[in.Digest]; ok {
		b.spare, b.asks = b.spare && before.spare, b.asks && before.asks
	}
	c.blobs[in.Digest] = b
	s.mount(in, "/"+b.digest, path.Join(ownDir, cache.Dir, b.digest))
	if caps := c.BuildOpts().LLBCaps; caps.Supports(pb.CapExecMountContentCache) == nil {
		// The sum is the key of the file already, so that BuildKit need not read it for one.
		mounts := s.GetExec().Mounts
		mounts[len(mounts)-1].ContentCache = pb.MountContentCache_OFF
	}
	return nil
}

// addresses returns where BuildKit asks for a line: at its address, or where the rules of
// the build lead, and at its mirrors.
func (f *frontend) addresses(pin lock.Pin) []address {
	all := []address{{url: f.rewritten(pin.URL)}}
	for _, mirror := range pin.Mirrors {
		if fetchable(mirror) {
			all = append(all, address{mirror, len(all)})
		}
	}
	return all
}

// rewritten returns where the rules of the build lead.
func (f *frontend) rewritten(url string) string {
	to, err := f.rewrites.Rewrite(url)
	if err != nil {
		return url // depfetch says why
	}
	return to
}

// left returns those of the addresses that have not failed.
func (f *frontend) left(pin lock.Pin) []address {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := f.addresses(pin)
	return all[min(f.failures[pin.Digest.String()], len(all)):]
}

// failed returns the file whose download is why a build has failed, if it is one.
func (c *change) failed(err error) (blob, bool) {
	var vertex *errdefs.VertexError
	if !errors.As(err, &vertex) {
		return blob{}, false
	}
	b, ok := c.blobs[vertex.Digest]
	return b, ok
}

// again reports whether a build can do without the address of a file that has failed, and
// says so.
func (f *frontend) again(ctx context.Context, b blob, err error) bool {
	var what string
	switch {
	case b.next != "":
		what = "so that it asks for " + b.next
	case !b.spare:
		return false
	case b.asks:
		what = "so that depfetch asks for it in the RUN"
	default:
		what = "so that the RUN does without it"
	}
	f.mu.Lock()
	f.failures[b.digest]++
	f.mu.Unlock()
	f.warn(ctx, b.at, fmt.Sprintf("%s: BuildKit cannot download it, %s: %v", b.shown, what, err), "")
	return true
}
