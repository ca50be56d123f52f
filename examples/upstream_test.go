//go:build e2e

package examples_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	crand "crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"math/big"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// upstream is a server on loopback in the place of every host that an example
// downloads from: https://HOST/PATH of a lockfile is /HOST/PATH here. It answers
// for the addresses of the lockfiles that it has rewritten and for no others. Its
// bytes are its own: made up from the path and from its port, so that no test is
// served by what another left in a cache.
type upstream struct {
	*httptest.Server

	mu             sync.Mutex
	files          map[string][]byte // by path
	hits           map[string]int    // answers with bytes, by path
	user, password string            // demanded when set
	pause          time.Duration     // before each answer
}

func newUpstream(t *testing.T) *upstream { return startUpstream(t, (*httptest.Server).Start) }

// newTLSUpstream is newUpstream over https, with a certificate that only ca knows.
func newTLSUpstream(t *testing.T) *upstream { return startUpstream(t, (*httptest.Server).StartTLS) }

func startUpstream(t *testing.T, start func(*httptest.Server)) *upstream {
	u := &upstream{files: map[string][]byte{}, hits: map[string]int{}}
	u.Server = httptest.NewUnstartedServer(u)
	u.Config.ErrorLog = log.New(io.Discard, "", 0) // clients hang up here on purpose
	start(u.Server)
	t.Cleanup(u.Close)
	return u
}

// ca returns the certificate that vouches for the server, in PEM.
func (u *upstream) ca() string { return certificatePEM(u.Certificate().Raw) }

// otherCA returns a CA that vouches for no server of these tests.
func otherCA(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), crand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		NotAfter:              time.Now().AddDate(1, 0, 0),
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(crand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return certificatePEM(der)
}

func certificatePEM(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	time.Sleep(u.pause)
	u.mu.Lock()
	defer u.mu.Unlock()
	user, password, _ := r.BasicAuth()
	body, ok := u.files[r.URL.Path]
	switch {
	case u.user != "" && (user != u.user || password != u.password):
		w.Header().Set("WWW-Authenticate", `Basic realm="artifacts"`)
		w.WriteHeader(http.StatusUnauthorized)
	case !ok:
		w.WriteHeader(http.StatusNotFound)
	default:
		u.hits[r.URL.Path]++
		w.Write(body)
	}
}

// served returns how often each path was downloaded.
func (u *upstream) served() map[string]int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return maps.Clone(u.hits)
}

// swapByte changes one byte in the middle of the file at url, and returns the sum
// of what is served from now on.
func (u *upstream) swapByte(t *testing.T, url string) (sha256 string) {
	t.Helper()
	u.mu.Lock()
	defer u.mu.Unlock()
	body, ok := u.files[strings.TrimPrefix(url, u.URL)]
	if !ok {
		t.Fatalf("%s is not served", url)
	}
	body[len(body)/2] ^= 1
	return sumOf(body)
}

var (
	lockedLine = regexp.MustCompile(`(url = )?"(https://[^"{]+)"(,| = \{) sha256 = "[0-9a-f]{64}"`)
	hostsLine  = regexp.MustCompile(`(?m)^hosts = .*$`)
)

// lockfile returns the text of an example's lockfile as it would be if u were all
// of its hosts. Names, versions, platforms, paths, modes and templates stay.
func (u *upstream) lockfile(t *testing.T, example string) string {
	t.Helper()
	return u.rewrite(t, read(t, filepath.Join(example, "deps.lock.toml")))
}

// rewrite is lockfile for a text.
func (u *upstream) rewrite(t *testing.T, text string) string {
	t.Helper()
	pins := strings.Count(text, "sha256 = ")
	if found := len(lockedLine.FindAllString(text, -1)); found != pins || pins == 0 {
		t.Fatalf("%d of %d locked lines are of the form that this test can rewrite", found, pins)
	}
	text = lockedLine.ReplaceAllStringFunc(text, func(line string) string {
		m := lockedLine.FindStringSubmatch(line)
		return fmt.Sprintf("%s%q%s sha256 = %q", m[1], m[2], m[3], sumOf(u.publish(standIn(m[2]))))
	})
	text = strings.ReplaceAll(text, `"https://`, `"`+u.URL+`/`)
	return hostsLine.ReplaceAllString(text, `hosts = ["127.0.0.1"]`)
}

// standIn returns the path of the file that stands in for a URL.
func standIn(url string) string { return "/" + strings.TrimPrefix(url, "https://") }

// publish makes up the bytes of a path: its name, then 256 KiB of noise, or an
// archive of such files.
func (u *upstream) publish(path string) []byte {
	u.mu.Lock()
	defer u.mu.Unlock()
	body := made(path + " at " + u.URL)
	if isArchive(path) {
		body = packed(members(u.URL + path))
	}
	u.files[path] = body
	return body
}

func made(name string) []byte {
	title := "a stand-in for " + name + "\n"
	body := append([]byte(title), make([]byte, 256<<10)...)
	rand.NewChaCha8(sha256.Sum256([]byte(title))).Read(body[len(title):])
	return body
}

func isArchive(address string) bool {
	return strings.HasSuffix(address, ".tgz") || strings.HasSuffix(address, ".tar.gz")
}

var archivePlatform = regexp.MustCompile(`linux-[a-z0-9]+`)

// members returns what the archive at an address holds: the files that the examples
// take out of archives, and others.
func members(address string) map[string][]byte {
	all := make(map[string][]byte)
	for _, name := range []string{"crictl", "bridge", "host-local", "lib/data", archivePlatform.FindString(address) + "/helm"} {
		all[name] = made(name + " of " + address)
	}
	return all
}

func packed(members map[string][]byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	t := tar.NewWriter(z)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		h := &tar.Header{Name: "./" + name, Mode: 0o755, Size: int64(len(members[name])), ModTime: time.Unix(1600000000, 0), Uid: 1001, Gid: 127}
		if err := t.WriteHeader(h); err != nil {
			panic(err)
		}
		t.Write(members[name])
	}
	if err := errors.Join(t.Close(), z.Close()); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func sumOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}
