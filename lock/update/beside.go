package update

import (
	"bytes"
	"context"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"depfetch/fetch"
	"depfetch/fetch/digest"
	"depfetch/lock/release"
	"depfetch/lock/sums"
)

// beside reads the checksum lists that upstreams publish beside their files. Few
// well-known names are asked for, each once. An answer that is not a list, or does not
// name the file, counts as none. It is safe for concurrent use.
type beside struct {
	mu    sync.Mutex
	lists map[string]func() *list
}

// list is a list and the text that it was read from.
type list struct {
	*sums.List
	text []byte
}

const (
	besideTime = 10 * time.Second // for a list to arrive
	besideSize = 1 << 20          // of the largest list, in bytes
	bareSize   = 256              // of the largest list that names no file, in bytes
)

// besideNames returns the addresses where there may be a list about a file: own is about
// the file alone, and shared about its folder. There are none for archives made on
// demand, for APIs, for addresses with a query, and for sums, signatures and keys.
func besideNames(address string) (own, shared []string) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || strings.ContainsAny(address, "?#") {
		return nil, nil
	}
	name, host := path.Base(u.Path), strings.ToLower(u.Hostname())
	switch {
	case strings.HasSuffix(u.Path, "/"), u.Path == "", release.OnDemand(address):
		return nil, nil
	case strings.HasPrefix(host, "api."), strings.Contains(u.Path, "/api/"), host == "raw.githubusercontent.com", host == "gist.githubusercontent.com":
		return nil, nil
	case host == "github.com" && !strings.Contains(u.Path, "/releases/download/"):
		return nil, nil
	case slices.Contains(noSums, strings.ToLower(path.Ext(name))), strings.HasPrefix(strings.ToUpper(name), "SHA"), strings.Contains(name, "checksum"):
		return nil, nil
	}
	folder := address[:strings.LastIndexByte(address, '/')+1]
	return []string{address + ".sha256", address + ".sha256sum"}, []string{folder + "SHA256SUMS", folder + "checksums.txt"}
}

// noSums are the extensions of files that nobody publishes sums of.
var noSums = []string{".sha256", ".sha256sum", ".sha512", ".sha1", ".md5", ".asc", ".sig", ".gpg", ".pem", ".crt", ".key", ".minisig", ".html", ".htm"}

// published returns the sum that a list beside an address gives for what was downloaded
// from there. A sha256 that differs from the download takes precedence.
func (b *beside) published(ctx context.Context, client *fetch.Client, address string, m fetch.Measurement) published {
	own, shared := besideNames(address)
	names := slices.Concat(own, shared)
	found := make([]published, len(names))
	var asking sync.WaitGroup
	for i, name := range names {
		asking.Go(func() {
			l := b.list(ctx, client, name)
			if l == nil || !l.about(m, i >= len(own)) {
				return
			}
			if sum, err := l.Lookup(address); err == nil {
				found[i] = published{sum: sum, from: name}
			}
		})
	}
	asking.Wait()
	var best published
	for _, p := range found {
		switch {
		case p.from == "":
		case best.from == "", p.sum.Algorithm == "sha256" && p.sum.Hex != m.Digest.String():
			best = p
		}
	}
	return best
}

// list returns the list at an address, or nil.
func (b *beside) list(ctx context.Context, client *fetch.Client, address string) *list {
	b.mu.Lock()
	if b.lists == nil {
		b.lists = make(map[string]func() *list)
	}
	read := b.lists[address]
	if read == nil {
		read = sync.OnceValue(func() *list {
			ctx, cancel := context.WithTimeout(ctx, besideTime)
			defer cancel()
			quiet := *client
			quiet.Retries, quiet.Events = 0, nil
			text, err := quiet.Read(ctx, fetch.Artifact{Name: address, URL: address}, besideSize)
			if err != nil {
				return nil
			}
			l, err := sums.Parse(text)
			if err != nil {
				return nil
			}
			return &list{List: l, text: text}
		})
		b.lists[address] = read
	}
	b.mu.Unlock()
	return read()
}

// about reports whether a list can be about a file. A list that names no file must be
// for that file alone, and short: some servers answer every address with a script or a
// page.
func (l *list) about(m fetch.Measurement, shared bool) bool {
	switch {
	case digest.Of(l.text) == m.Digest:
		return false // it is the file, which is served under every name
	case l.Unnamed():
		return !shared && len(bytes.TrimSpace(l.text)) <= bareSize
	}
	return true
}
