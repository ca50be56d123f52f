//go:build e2e

package examples_test

import (
	"encoding/base64"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"depfetch/fetch"
	"depfetch/lock"
)

// pinned returns what a lockfile pins for a platform.
func pinned(t *testing.T, lockfile, platform string) []fetch.Artifact {
	t.Helper()
	f, err := lock.Parse("deps.lock.toml", []byte(lockfile))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Check(); err != nil {
		t.Fatal(err)
	}
	artifacts, err := f.Artifacts(lock.Platform(platform), lock.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	return artifacts
}

// filled fails the test unless every artifact with a path is in the image with the bytes and
// the mode that are pinned, and belongs to root.
func (im image) filled(t *testing.T, artifacts []fetch.Artifact) {
	t.Helper()
	for _, a := range artifacts {
		switch {
		case a.Path == "": // it is for curl and wget alone
		case a.Member != "":
			im.holdsFile(t, a, a.Path, sumOf(members(a.URL)[a.Member]), a.Mode)
		case a.Unpack != nil:
			for name, body := range members(a.URL) {
				im.holdsFile(t, a, path.Join(a.Path, name), sumOf(body), 0o755)
			}
		default:
			im.holdsFile(t, a, a.Path, a.Digest.String(), a.Mode)
		}
	}
}

func (im image) holdsFile(t *testing.T, a fetch.Artifact, name, sha256 string, mode fs.FileMode) {
	t.Helper()
	f, ok := im.files[strings.TrimPrefix(name, "/")]
	if !ok {
		t.Errorf("%s: no %s in the image", a.Name, name)
		return
	}
	if got := sumOf(f.body); got != sha256 {
		t.Errorf("%s: %s has sha256 %s; want %s", a.Name, name, got, sha256)
	}
	if f.mode != mode || f.uid != 0 || f.gid != 0 {
		t.Errorf("%s: %s is %s %d:%d; want %s 0:0", a.Name, name, f.mode, f.uid, f.gid, mode)
	}
}

// TestUnpack holds that archives come out the same in every build, and are left
// out when a byte of one differs.
func TestUnpack(t *testing.T) {
	u := newUpstream(t)
	lockfile := u.lockfile(t, "kubernetes-tools")
	b := build{dir: stage(t, "kubernetes-tools", lockfile), noCache: true}
	first, second := b.run(t).image(t), b.run(t).image(t)
	artifacts := pinned(t, lockfile, native)
	first.filled(t, artifacts)
	if !slices.Equal(first.layers, second.layers) {
		t.Errorf("two builds made different layers:\n%q\n%q", first.layers, second.layers)
	}
	bridge, ok := first.files["opt/cni/bin/bridge"]
	if want := time.Unix(1600000000, 0); !ok || !bridge.mtime.Equal(want) {
		t.Errorf("an unpacked file is of %v, want the archive's %v", bridge.mtime, want)
	}
	i := slices.IndexFunc(artifacts, func(a fetch.Artifact) bool { return a.Unpack != nil })
	got := u.swapByte(t, artifacts[i].URL)
	b.run(t).refused(t, "4", artifacts[i].Digest.String(), got)
}

// TestScratch builds FROM scratch, where there is no shell, no libc, no CA
// bundle, no /tmp and no HOME.
func TestScratch(t *testing.T) {
	u := newUpstream(t)
	lockfile := u.lockfile(t, "scratch")
	b := build{
		dir:     stage(t, "scratch", lockfile),
		noCache: true,
		// BuildKit leaves the mount points of a RUN behind, as old as the build;
		// this is its own way to an image that is the same every time.
		args:   map[string]string{"SOURCE_DATE_EPOCH": "1000000000"},
		output: ",rewrite-timestamp=true",
	}
	r := b.run(t)
	first, second := r.image(t), b.run(t).image(t)

	// As the README has it: a line per file and no progress bar.
	if want := "verified yq 4.42.1 (" + native + ")"; !strings.Contains(r.log, want) || strings.Contains(r.log, "\r") {
		t.Errorf("want %q and no carriage return in the log:\n%q", want, r.log)
	}
	first.holds(t,
		"drwxr-xr-x 0:0 2001-09-09 dev/",
		"drwxr-xr-x 0:0 2001-09-09 proc/",
		"drwxr-xr-x 0:0 2001-09-09 sys/",
		"drwxr-xr-x 0:0 1980-01-01 usr/",
		"drwxr-xr-x 0:0 1980-01-01 usr/local/",
		"drwxr-xr-x 0:0 1980-01-01 usr/local/bin/",
		"-rwxr-xr-x 0:0 1980-01-01 usr/local/bin/yq",
	)
	first.filled(t, pinned(t, lockfile, native))
	if !slices.Equal(first.layers, second.layers) {
		t.Errorf("two builds made different layers:\n%q\n%q", first.layers, second.layers)
	}
	for path, n := range u.served() {
		if n != 2 {
			t.Errorf("%s was downloaded %d times by two builds without a cache", path, n)
		}
	}
}

// TestNonRoot downloads as a user with no name and no home.
func TestNonRoot(t *testing.T) {
	u := newUpstream(t)
	lockfile := u.lockfile(t, "non-root")
	b := build{dir: stage(t, "non-root", lockfile), noCache: true}
	first, second := b.run(t).image(t), b.run(t).image(t)

	first.holds(t,
		"drwxr-xr-x 0:0 1980-01-01 usr/",
		"drwxr-xr-x 0:0 1980-01-01 usr/local/",
		"drwxr-xr-x 0:0 1980-01-01 usr/local/bin/",
		"-rwxr-xr-x 0:0 1980-01-01 usr/local/bin/kubectl",
	)
	first.filled(t, pinned(t, lockfile, native))
	if !slices.Equal(first.layers, second.layers) {
		t.Errorf("two builds made different layers:\n%q\n%q", first.layers, second.layers)
	}
}

// TestMultiPlatform builds four platforms on a machine of one. The emulators of
// the BuildKit under test do not start (see trapEmulators), so a download that
// ran as the target's would fail.
func TestMultiPlatform(t *testing.T) {
	u := newUpstream(t)
	lockfile := u.lockfile(t, "multi-platform")
	b := build{
		dir:       stage(t, "multi-platform", lockfile),
		platforms: []string{"linux/amd64", "linux/arm64", "linux/arm/v7", "linux/ppc64le"},
		noCache:   true,
	}
	images := b.run(t).images(t)
	again := b.run(t).images(t)

	layers := map[string]string{}
	for _, p := range b.platforms {
		im, ok := images[p]
		if !ok {
			t.Errorf("no image for %s", p)
			continue
		}
		im.holds(t,
			"drwxr-xr-x 0:0 1980-01-01 usr/",
			"drwxr-xr-x 0:0 1980-01-01 usr/local/",
			"drwxr-xr-x 0:0 1980-01-01 usr/local/bin/",
			"-rwxr-xr-x 0:0 1980-01-01 usr/local/bin/kubectl",
			"-rwxr-xr-x 0:0 1980-01-01 usr/local/bin/yq",
		)
		im.filled(t, pinned(t, lockfile, p))
		for _, l := range im.layers {
			if other, ok := layers[l]; ok {
				t.Errorf("%s and %s have the layer %s in common", p, other, l)
			}
			layers[l] = p
		}
		if !slices.Equal(im.layers, again[p].layers) {
			t.Errorf("%s: two builds made different layers:\n%q\n%q", p, im.layers, again[p].layers)
		}
	}
	if len(images) != len(b.platforms) {
		t.Errorf("%d images for %d platforms", len(images), len(b.platforms))
	}
}

// TestCacheMount edits one version of a lockfile between two builds that share a
// cache mount: one file is downloaded again.
func TestCacheMount(t *testing.T) {
	u := newUpstream(t)
	before := u.lockfile(t, "cache-mount")
	build{dir: stage(t, "cache-mount", before)}.run(t).image(t).filled(t, pinned(t, before, native))
	want := map[string]int{}
	for _, a := range pinned(t, before, native) {
		want[strings.TrimPrefix(a.URL, u.URL)] = 1
	}
	if len(want) != 3 {
		t.Fatalf("the example pins %d files; this test is about three", len(want))
	}
	if got := u.served(); !maps.Equal(got, want) {
		t.Errorf("the first build downloaded %v; want %v", got, want)
	}

	after := u.rewrite(t, strings.ReplaceAll(read(t, "cache-mount/deps.lock.toml"), "4.42.1", "4.41.1"))
	if after == before {
		t.Fatal("the edit changes nothing")
	}
	build{dir: stage(t, "cache-mount", after)}.run(t).image(t).filled(t, pinned(t, after, native))
	for _, a := range pinned(t, after, native) {
		want[strings.TrimPrefix(a.URL, u.URL)] = 1
	}
	if len(want) != 4 {
		t.Fatalf("the edit leads to %d addresses; want one more than three", len(want))
	}
	if got := u.served(); !maps.Equal(got, want) {
		t.Errorf("both builds downloaded %v; want %v", got, want)
	}
}

// TestSwappedByte has the server change one byte: the build ends with both sums
// in its log, and there is no image.
func TestSwappedByte(t *testing.T) {
	u := newUpstream(t)
	lockfile := u.lockfile(t, "scratch")
	yq := pinned(t, lockfile, native)[0]
	got := u.swapByte(t, yq.URL)
	build{dir: stage(t, "scratch", lockfile)}.run(t).refused(t, "4", "yq", yq.URL, yq.Digest.String(), got)
}

// TestNotPinned builds for a platform that two dependencies are not locked for:
// nothing at all is downloaded.
func TestNotPinned(t *testing.T) {
	u := newUpstream(t)
	b := build{
		dir:       stage(t, "kubernetes-tools", u.lockfile(t, "kubernetes-tools")),
		platforms: []string{"linux/arm/v7"},
	}
	b.run(t).refused(t, "5", "runc", "crictl", "linux/arm/v7", "linux/ppc64le")
	if served := u.served(); len(served) > 0 {
		t.Errorf("downloaded before refusing: %v", served)
	}
}

// TestPrivateServer keeps the password out of everything that a build leaves.
func TestPrivateServer(t *testing.T) {
	const user, password = "ci-robot", "correct-horse-battery-staple"
	u := newUpstream(t)
	u.user, u.password = user, password
	lockfile := u.lockfile(t, "private-server")
	netrc := filepath.Join(t.TempDir(), "netrc")
	b := build{
		dir:     stage(t, "private-server", lockfile),
		secrets: map[string]string{"netrc": netrc},
		opts:    []string{"attest:provenance=mode=max"},
	}

	write(t, netrc, "machine 127.0.0.1 login "+user+" password "+password+"\n")
	r := b.run(t)
	r.image(t).filled(t, pinned(t, lockfile, native))
	all := readBlobs(t, r.tarball)
	if len(all.find("a stand-in for /artifacts.example.com/")) == 0 {
		t.Fatal("the search does not find what is in the image: it proves nothing about what is not")
	}
	if len(all.find("slsa.dev/provenance")) == 0 {
		t.Error("no provenance to search")
	}
	for _, secret := range []string{password, base64.StdEncoding.EncodeToString([]byte(user + ":" + password))} {
		if found := all.find(secret); len(found) > 0 {
			t.Errorf("%q is in %q", secret, found)
		}
		if strings.Contains(r.log, secret) {
			t.Errorf("%q is in the log:\n%s", secret, r.log)
		}
	}

	const wrong = "incorrect-horse"
	write(t, netrc, "machine 127.0.0.1 login "+user+" password "+wrong+"\n")
	b.noCache = true // a secret's value is no part of a step's cache key
	r = b.run(t)
	r.refused(t, "3", "401")
	if strings.Contains(r.log, wrong) {
		t.Errorf("the log has the password that the server refused:\n%s", r.log)
	}

	b.secrets = nil
	b.run(t).refused(t, "3", "401")

	// The same login, as a header field for the origin.
	headers := filepath.Join(t.TempDir(), "headers.toml")
	login := base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
	write(t, headers, fmt.Sprintf("[%q]\nAuthorization = %q\n", u.URL, "Basic "+login))
	b.secrets = map[string]string{"headers.toml": headers}
	r = b.run(t)
	r.image(t).filled(t, pinned(t, lockfile, native))
	if found := readBlobs(t, r.tarball).find(login); len(found) > 0 || strings.Contains(r.log, login) {
		t.Errorf("the header field is in %q or in the log", found)
	}
}

// TestCorporateCA downloads from a server that only a CA of the company's own
// vouches for.
func TestCorporateCA(t *testing.T) {
	u := newTLSUpstream(t)
	lockfile := u.lockfile(t, "corporate-ca")
	ca := filepath.Join(t.TempDir(), "ca.pem")
	b := build{
		dir:     stage(t, "corporate-ca", lockfile),
		secrets: map[string]string{"ca": ca},
		noCache: true,
	}
	write(t, ca, u.ca())
	im := b.run(t).image(t)
	im.holds(t,
		"drwxr-xr-x 0:0 1980-01-01 usr/",
		"drwxr-xr-x 0:0 1980-01-01 usr/local/",
		"drwxr-xr-x 0:0 1980-01-01 usr/local/bin/",
		"-rwxr-xr-x 0:0 1980-01-01 usr/local/bin/yq",
	)
	im.filled(t, pinned(t, lockfile, native))

	write(t, ca, otherCA(t))
	b.run(t).refused(t, "3", "certificate")
}

// TestCompany goes by a proxy of upstreams, which has a login and a certificate of the
// company's own CA, with a lockfile that has upstream's addresses.
func TestCompany(t *testing.T) {
	const password = "correct-horse-battery-staple"
	u := newTLSUpstream(t)
	u.user, u.password = "ci-robot", password
	lockfile := u.lockfile(t, "company")
	dir := t.TempDir()
	netrc, ca := filepath.Join(dir, "netrc"), filepath.Join(dir, "ca.pem")
	write(t, netrc, "machine 127.0.0.1 login ci-robot password "+password+"\n")
	write(t, ca, u.ca())
	b := readCommand(t, "company", map[string]string{"netrc": netrc, "ca": ca})
	b.dir, b.noCache = stage(t, "company", strings.ReplaceAll(lockfile, u.URL+"/", "https://")), true
	for name := range b.args {
		if name != "DEPFETCH_REWRITE" {
			t.Errorf("README.md gives the argument %s", name)
		}
		b.args[name] = "https://github.com=" + u.URL + "/github.com https://dl.k8s.io=" + u.URL + "/dl.k8s.io"
	}
	if len(b.args) != 1 {
		t.Fatal("README.md gives no rules")
	}
	r := b.run(t)
	r.image(t).downloaded(t, u, lockfile, native)
	if found := readBlobs(t, r.tarball).find(password); len(found) > 0 || strings.Contains(r.log, password) {
		t.Errorf("the password is in %q or in the log", found)
	}

	write(t, ca, otherCA(t))
	b.run(t).refused(t, "60", "certificate")
	write(t, ca, u.ca())
	write(t, netrc, "machine other.example login ci-robot password "+password+"\n")
	b.run(t).refused(t, "22", "401")
}
