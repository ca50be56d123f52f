package fetch_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/fetch/fetchtest"
	"depfetch/fetch/source"
)

// chaos is one scenario: everything that can go right or wrong in one Fetch, made
// from a seed.
type chaos struct {
	t    *testing.T
	rand *rand.Rand

	plain, secure, elsewhere *fetchtest.Server
	client                   *fetch.Client
	artifacts                []fetch.Artifact
	bodies                   map[fetch.Digest]string
	members                  map[fetch.Digest]string // what archives hold as dir/member

	password string // in the netrc file, if there is one
	policed  bool   // the policy allows no host but those of plain and secure
	secrets  []string
	scripted []scripted
	hops     []scripted // reached by redirects from another origin alone
	uris     int        // to name the next

	hopeless bool           // cannot succeed
	unsure   bool           // need not succeed
	closes   bool           // a step closes the connection without an answer
	stalls   int            // steps of the script in the making that stand still
	stalling map[string]int // by address

	cancelAt    int           // the event at which the run is cancelled, or -1
	cancelAfter time.Duration // or the time, or 0
	interfere   bool          // a directory comes between, when the first file is placed

	events observed
}

// scripted is an address, and how often it may be asked in one attempt.
type scripted struct {
	server *fetchtest.Server
	uri    string
	perTry int
}

// observed is what the events told.
type observed struct {
	at       atomic.Int32 // calls under way
	over     atomic.Bool  // Fetch has returned
	n        int
	texts    []string
	starts   map[string]int
	placed   map[string]bool
	verified map[string]bool
	noCache  bool
	faults   []string
}

func newChaos(t *testing.T, seed uint64) *chaos {
	c := &chaos{
		t: t, rand: rand.New(rand.NewPCG(seed, 0)), bodies: make(map[fetch.Digest]string), members: make(map[fetch.Digest]string),
		plain: fetchtest.New(t), secure: fetchtest.NewTLS(t), elsewhere: fetchtest.New(t),
		stalling: make(map[string]int), cancelAt: -1,
	}
	c.makeClient()
	c.makeArtifacts()
	c.makeMirrors()
	c.makeCache()
	c.makeTree()
	switch c.rand.IntN(8) {
	case 0, 1:
		c.cancelAt = c.rand.IntN(40)
	case 2:
		c.cancelAfter = time.Duration(1 + c.rand.IntN(30_000_000))
	case 3:
		c.interfere = c.chance(50)
	}
	return c
}

func (c *chaos) makeClient() {
	cfg := source.Config{StallTimeout: 500 * time.Millisecond, Connections: c.rand.IntN(4)}
	if !c.chance(5) {
		if err := cfg.Roots.Add("the test's CA", c.secure.CA()); err != nil {
			c.t.Fatal(err)
		}
	} else {
		c.unsure = true // no certificate will do
	}
	if c.chance(30) {
		c.policed = true
		cfg.Hosts = hosts(c.t, c.plain.Host(), c.secure.Host())
	}
	if c.chance(40) {
		c.password = c.secret()
		netrc, err := source.ParseNetrc([]byte("machine 127.0.0.1 login user password " + c.password))
		if err != nil {
			c.t.Fatal(err)
		}
		cfg.Netrc = netrc
	}
	c.client = &fetch.Client{
		Root:    filepath.Join(c.t.TempDir(), "root"),
		Source:  source.New(cfg),
		Jobs:    pick(c, 0, 1, 2, 4, 16),
		Retries: c.rand.IntN(4),
		Offline: c.chance(5),
		Backoff: func(int) time.Duration { return 0 },
	}
	c.unsure = c.unsure || c.client.Offline
}

func hosts(t *testing.T, patterns ...string) (all []source.HostPattern) {
	for _, s := range patterns {
		p, err := source.ParseHostPattern(s)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

// body returns new bytes, of which no two are the same unless they are few.
func (c *chaos) body() string {
	b := make([]byte, pick(c, 0, 1, c.rand.IntN(600), c.rand.IntN(600), 512, c.rand.IntN(20<<10), c.rand.IntN(300<<10), 256<<10))
	for i := range b {
		b[i] = byte(c.rand.Uint32())
	}
	if c.chance(10) {
		return "<!DOCTYPE html>" + string(b)
	}
	return string(b)
}

func (c *chaos) makeArtifacts() {
	c.artifacts = make([]fetch.Artifact, 1+c.rand.IntN(12))
	for i := range c.artifacts {
		body := c.body()
		url := ""
		if c.chance(15) {
			inner := body
			body = archive(map[string]string{"dir/member": inner, "dir/other": "other"})
			c.members[sha256.Sum256([]byte(body))] = inner
		}
		if i > 0 && c.chance(25) {
			twin := c.artifacts[c.rand.IntN(i)]
			body = c.bodies[twin.Digest]
			if c.chance(50) {
				url = twin.URL
			}
		}
		name := fmt.Sprintf("file%d", i)
		a := pin(name, url, body)
		a.Path = "/" + pick(c, "opt", "opt", "usr/local/bin", "etc/new/deep/er", "var/run/x", "") + "/" + name
		a.Path = path.Clean(a.Path)
		a.Mode = pick[fs.FileMode](c, 0o644, 0o755, 0o600, 0o444)
		if c.chance(20) {
			a.Size = fetch.SizeUnknown
		}
		if c.chance(5) && runtime.GOOS != "windows" {
			a.Owner = &fetch.Owner{UID: uint32(os.Getuid()), GID: uint32(os.Getgid())}
		}
		if inner, ok := c.members[a.Digest]; ok && c.chance(80) {
			a.Member, a.Unpacked = pick(c, "dir/member", "*/mem*"), sha256.Sum256([]byte(inner))
		}
		c.bodies[a.Digest] = body
		c.artifacts[i] = a
	}
	if c.chance(3) {
		a := &c.artifacts[c.rand.IntN(len(c.artifacts))]
		a.Size = int64(len(c.bodies[a.Digest]) + pick(c, 1, 1000))
		c.hopeless = c.hopeless || a.Member == "" // which may be there, and is then not asked for
		c.unsure = true
	}
}

// content returns what is to lie at the destination of an artifact.
func (c *chaos) content(a fetch.Artifact) string {
	if a.Member != "" {
		return c.members[a.Digest]
	}
	return c.bodies[a.Digest]
}

// makeMirrors gives every artifact its addresses.
func (c *chaos) makeMirrors() {
	kind := c.rand.IntN(3) // whether every blob has a reliable source, most have, or chance decides
	for i := range c.artifacts {
		a := &c.artifacts[i]
		body := c.bodies[a.Digest]
		reliable := -1
		if kind == 0 || kind == 1 && !c.chance(10) {
			reliable = c.rand.IntN(3)
		} else {
			c.unsure = true
		}
		if a.URL == "" {
			a.URL = c.address(body, reliable == 0)
		} else if reliable == 0 {
			reliable = 1
		}
		for n := range 1 + c.rand.IntN(2) {
			if n+1 == reliable || c.chance(50) {
				a.Mirrors = append(a.Mirrors, c.address(body, n+1 == reliable))
			}
		}
		if reliable > len(a.Mirrors) {
			a.Mirrors = append(a.Mirrors, c.address(body, true))
		}
	}
	for range c.rand.IntN(3) {
		c.client.Mirrors = append(c.client.Mirrors, c.treeMirror())
	}
}

// address returns an address of body.
func (c *chaos) address(body string, reliable bool) string {
	if !reliable && c.chance(5) {
		return refused + "/nobody?token=" + c.secret()
	}
	if c.chance(5) {
		name := filepath.Join(c.t.TempDir(), "vendored")
		switch {
		case !reliable && c.chance(50):
			name += "/missing"
		case !reliable && c.chance(50):
			mustWrite(c.t, name, "something else")
		default:
			mustWrite(c.t, name, body)
		}
		return "file://" + filepath.ToSlash(name)
	}
	s := pick(c, c.plain, c.plain, c.secure)
	if s == c.secure && reliable {
		// A connection cannot be taken over in HTTP/2, nor so its faults be
		// told from those of our own making.
		return c.script(s, "/a", 1, c.right(s, body))
	}
	return c.script(s, "/a", 1, c.stepsOf(s, body, reliable)...)
}

// treeMirror returns the address of a tree of blobs, in which some are.
func (c *chaos) treeMirror() string {
	if c.chance(10) {
		return refused
	}
	if c.chance(20) {
		dir := c.t.TempDir()
		for d, body := range c.bodies {
			mustWrite(c.t, filepath.Join(dir, cache.Dir, d.String()), body)
		}
		return "file://" + filepath.ToSlash(dir)
	}
	s := pick(c, c.plain, c.secure)
	c.uris++
	base := fmt.Sprintf("/tree%d", c.uris)
	scripts := make(map[fetch.Digest]bool)
	for _, a := range c.artifacts { // in order, unlike c.bodies
		if scripts[a.Digest] || c.chance(30) {
			continue
		}
		scripts[a.Digest] = true
		c.scriptAt(s, base+"/"+cache.Dir+"/"+a.Digest.String(), 1, c.stepsOf(s, c.bodies[a.Digest], false)...)
	}
	return s.URL + base + strings.Repeat("/", c.rand.IntN(2))
}

// makeCache gives the client a cache, in some state.
func (c *chaos) makeCache() {
	if c.chance(30) {
		return
	}
	root := filepath.Join(c.t.TempDir(), "cache")
	c.client.Cache = &cache.Store{Root: root}
	blobs := filepath.Join(root, cache.Dir)
	switch c.rand.IntN(8) {
	case 0: // absent
	case 1:
		mustWrite(c.t, root, "a file where the cache should be")
	case 2:
		mustWrite(c.t, blobs, "a file where the blobs should be")
	default:
		if err := os.MkdirAll(blobs, 0o755); err != nil {
			c.t.Fatal(err)
		}
		for _, a := range c.artifacts {
			if c.chance(40) {
				c.cacheBlob(filepath.Join(blobs, a.Digest.String()), c.bodies[a.Digest])
			}
		}
		if c.chance(10) {
			if err := os.Chmod(blobs, 0o555); err != nil {
				c.t.Fatal(err)
			}
			c.t.Cleanup(func() { os.Chmod(blobs, 0o755) })
		}
	}
}

func (c *chaos) cacheBlob(name, body string) {
	if _, err := os.Lstat(name); err == nil {
		return
	}
	switch c.rand.IntN(6) {
	case 0:
		body = body[:len(body)/2] + "torn"
	case 1:
		body += "more"
	case 2:
		if err := os.Mkdir(name, 0o755); err != nil {
			c.t.Fatal(err)
		}
		return
	}
	mustWrite(c.t, name, body)
}

// makeTree puts something at the destinations, and around them.
func (c *chaos) makeTree() {
	root := c.client.Root
	mustWrite(c.t, filepath.Join(root, "usr/keep"), "kept")
	mustWrite(c.t, filepath.Join(root, "etc/keep"), "kept")
	mustWrite(c.t, filepath.Join(root, "run/keep"), "kept")
	if c.chance(50) {
		c.link("/run", filepath.Join(root, "var/run"))
	}
	for i, a := range c.artifacts {
		c.makeDestination(a, i)
	}
	old := time.Date(2001, 2, 3, 4, 5, 6, 7, time.UTC)
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type()&fs.ModeSymlink == 0 {
			err = os.Chtimes(name, old, old)
		}
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *chaos) link(to, name string) {
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.Symlink(to, name)); err != nil {
		c.t.Fatal(err)
	}
}

func (c *chaos) makeDestination(a fetch.Artifact, i int) {
	name := c.file(a)
	body := c.content(a)
	var err error
	switch c.rand.IntN(16) {
	case 0, 1, 2, 3:
		mustWrite(c.t, name, body)
		err = os.Chmod(name, a.Mode)
	case 4:
		mustWrite(c.t, name, body)
		err = os.Chmod(name, pick[fs.FileMode](c, 0o700, 0o640, 0o400))
	case 5, 6:
		mustWrite(c.t, name, strings.Repeat("o", len(body)))
		err = os.Chmod(name, a.Mode)
	case 7:
		mustWrite(c.t, name, "the old bytes")
	case 8: // also has another name, where it must not change
		mustWrite(c.t, name, "the old bytes")
		other := filepath.Join(c.client.Root, fmt.Sprintf("usr/twin%d", i))
		err = os.Link(name, other)
	case 9:
		mustWrite(c.t, filepath.Join(c.client.Root, "usr", a.Name), body)
		c.link("/usr/"+a.Name, name)
	case 10:
		c.link("nowhere", name)
	case 11:
		if c.chance(10) {
			err = os.MkdirAll(name, 0o755)
			c.hopeless = true
		}
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

// file returns where an artifact lands on this machine.
func (c *chaos) file(a fetch.Artifact) string {
	p := a.Path
	if rest, ok := strings.CutPrefix(p, "/var/run/"); ok {
		if _, err := os.Lstat(filepath.Join(c.client.Root, "var/run")); err == nil {
			if target, err := os.Readlink(filepath.Join(c.client.Root, "var/run")); err == nil {
				p = target + "/" + rest
			}
		}
	}
	return filepath.Join(c.client.Root, filepath.FromSlash(p))
}
