package frontend

import (
	"cmp"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/moby/buildkit/client/llb"
	digest "github.com/opencontainers/go-digest"

	"depfetch/fetch/cache"
	"depfetch/fetch/source"
	"depfetch/lock"
	"depfetch/lock/edit"
	"depfetch/lock/sync"
)

// Where a RUN has what depfetch needs there.
const (
	ownDir  = "/.depfetch"
	ownLock = ownDir + "/" + lockName
)

// pins are the lines of the lockfile. They implement sync.Pins.
type pins map[string]lock.Pin

// Pin implements sync.Pins.
func (p pins) Pin(url string) (lock.Pin, bool) {
	pin, ok := p[url]
	return pin, ok
}

// Left implements sync.Pins.
func (p pins) Left(sync.Form) (sync.Reason, bool) { return sync.Reason{}, false }

// download returns the file of a line as BuildKit downloads it from one of its addresses.
// Its name is its sum.
func download(pin lock.Pin, from address) llb.State {
	name, shown := pin.Digest.String(), source.Redact(pin.URL)
	if from.url != pin.URL {
		shown += " from " + source.Redact(from.url)
	}
	return llb.HTTP(from.url, llb.Checksum(digest.NewDigestFromEncoded(digest.SHA256, name)), llb.Filename(name), llb.Chmod(from.mode()),
		llb.WithCustomName("[depfetch] "+shown))
}

// address is where BuildKit asks for a file, and how many it has asked before.
type address struct {
	url   string
	tried int
}

// mode returns the mode of the file, which all can read. For BuildKit, two downloads in
// one build are the same if what it knows of the file is, whatever the address, and one
// that has failed is not tried again: it is another for each address.
func (a address) mode() os.FileMode { return os.FileMode(0o644 ^ a.tried&3<<6 ^ a.tried>>2&3<<3) }

// fetchable reports whether BuildKit can download an address by itself.
func fetchable(url string) bool {
	return strings.HasPrefix(url, "https://") || strings.HasPrefix(url, "http://")
}

// folder returns ownDir: a lockfile, and for each blob an empty file to mount it over.
func folder(text []byte, blobs []string) llb.State {
	dir := "/" + cache.Dir
	files := llb.Mkdir(dir, 0o755, llb.WithParents(true)).Mkfile("/"+lockName, 0o644, text)
	for _, name := range blobs {
		files = files.Mkfile(path.Join(dir, name), 0o644, nil)
	}
	return llb.Scratch().File(files, llb.WithCustomName("[depfetch] the pins of a step"))
}

// excerpt returns a lockfile of some lines, which has nothing else that could change.
func excerpt(file *lock.File, lines []lock.Pin) ([]byte, error) {
	slices.SortFunc(lines, func(a, b lock.Pin) int { return cmp.Compare(a.URL, b.URL) })
	lines = slices.CompactFunc(lines, func(a, b lock.Pin) bool { return a.URL == b.URL })
	text := "version = 1\n"
	if hosts := file.Policy.Hosts; len(hosts) > 0 {
		var quoted []string
		for _, h := range hosts {
			quoted = append(quoted, fmt.Sprintf("%q", h.String()))
		}
		text += "\n[policy]\nhosts = [" + strings.Join(quoted, ", ") + "]\n"
	}
	doc, err := edit.Parse(lockName, []byte(text))
	if err != nil {
		return nil, err
	}
	if err := doc.SetPins(lines...); err != nil {
		return nil, err
	}
	return doc.Bytes(), nil
}
