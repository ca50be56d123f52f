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

// Beside finds the sums that upstream publishes of a file in a list beside it. It
// asks for few well-known names, each once, and takes every answer that is no list, or
// does not name the file, for none. It is safe for concurrent use.
type Beside struct {
	mu    sync.Mutex
	lists map[string]func() *list
}

// list is what is served under one of the names.
type list struct {
	*sums.List
	text []byte
}

const (
	besideTime = 10 * time.Second // in which a list has to be there
	besideSize = 1 << 20          // of a list, in bytes
	bareSize   = 256              // of a list that names no file
)

// besideNames returns the addresses at which a list about a file may lie: those of
// the file alone, and those of its folder. There are none for what a forge or an API
// makes on demand, for addresses with a query, and for what is itself a sum, a
// signature or a key.
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

// noSums are the ends of names of what nobody publishes sums of.
var noSums = []string{".sha256", ".sha256sum", ".sha512", ".sha1", ".md5", ".asc", ".sig", ".gpg", ".pem", ".crt", ".key", ".minisig", ".html", ".htm"}

// published returns what the lists beside an address say of what it has served. One
// that says something else than has come counts most.
func (b *Beside) published(ctx context.Context, client *fetch.Client, address string, m fetch.Measurement) published {
	own, shared := besideNames(address)
	names := slices.Concat(own, shared)
	found := make([]published, len(names))
	var asking sync.WaitGroup
	for i, name := range names {
		asking.Go(func() {
			if l := b.list(ctx, client, name); l != nil && l.about(m, i >= len(own)) {
				found[i] = l.published(name, address)
			}
		})
	}
	asking.Wait()
	var best published
	for _, p := range found {
		switch {
		case p.from == "":
		case best.from == "", !p.digest.IsZero() && p.digest != m.Digest:
			best = p
		}
	}
	return best
}

// list returns the list at an address, or nil.
func (b *Beside) list(ctx context.Context, client *fetch.Client, address string) *list {
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
			return &list{l, text}
		})
		b.lists[address] = read
	}
	b.mu.Unlock()
	return read()
}

// about reports whether a list can be one about a file. One that names no file has to
// be for it alone, and nothing but a sum: there are servers that answer every address
// with a script or a page.
func (l *list) about(m fetch.Measurement, shared bool) bool {
	switch {
	case digest.Of(l.text) == m.Digest:
		return false // the file, under whatever name
	case l.Unnamed():
		return !shared && len(bytes.TrimSpace(l.text)) <= bareSize
	}
	return true
}

// published returns what a list says of a file; nothing if it says two things.
func (l *list) published(from, address string) published {
	if digest, err := l.Lookup(address); err == nil {
		return published{digest: digest, from: from}
	}
	if sha512, err := l.LookupSHA512(address); err == nil {
		return published{sha512: sha512, from: from}
	}
	return published{}
}
