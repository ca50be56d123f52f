package source

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// registryScheme begins the address of a repository in a registry, oci://HOST/REPOSITORY,
// and of a blob in it, oci://HOST/REPOSITORY@sha256:HEX. A registry is an http server
// (OCI distribution specification, version 1.1) that may ask for a login.
const registryScheme = "oci://"

// blobMark stands between the repository and the sha256 of a blob.
const blobMark = "@sha256:"

// InRegistry reports whether an address is one of a registry.
//
//go:noinline
func InRegistry(address string) bool { return strings.HasPrefix(address, registryScheme) }

// CheckRepository returns why an address is not oci://HOST/REPOSITORY, or nil.
func CheckRepository(address string) error {
	_, _, err := cutRepository(address)
	return err
}

// BlobIn returns the address of the blob with a sha256 in a repository. Any other address
// is returned unchanged.
func BlobIn(address, sha256 string) string {
	if !InRegistry(address) {
		return address
	}
	return address + blobMark + sha256
}

// cutRepository returns the origin of a registry and the name of a repository in it.
//
//go:noinline
func cutRepository(address string) (Origin, string, error) {
	host, name, _ := strings.Cut(strings.TrimPrefix(address, registryScheme), "/")
	if !InRegistry(address) || host == "" || strings.Contains(host, "@") || !repositoryName(name) {
		return Origin{}, "", errRepository
	}
	o, err := ParseOrigin("https://" + host)
	if dockerHub(o.Host) {
		o.Host = "registry-1.docker.io"
	}
	// As docker does: a registry on this machine has no certificate.
	if a, bad := netip.ParseAddr(o.Host); o.Port != "443" && (o.Host == "localhost" || bad == nil && a.IsLoopback()) {
		o.Scheme = "http"
	}
	return o, name, err
}

var errRepository = errors.New("a registry is oci://HOST/REPOSITORY in lower case, without credentials, tag or digest: what is asked for is the pinned sha256")

// dockerHub reports whether a host is one of the names of Docker Hub.
//
//go:noinline
func dockerHub(host string) bool {
	return host == "docker.io" || host == "index.docker.io" || host == "registry-1.docker.io"
}

// repositoryName reports whether the distribution specification allows a name: words of
// letters and digits with ".", "_", "__", hyphens or "/" between them.
func repositoryName(name string) bool {
	const separators = "/._-"
	last := byte('/')
	for i := range len(name) + 1 {
		c := byte('/')
		if i < len(name) {
			c = name[i]
		}
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		case strings.IndexByte(separators, c) < 0:
			return false
		case strings.IndexByte(separators, last) < 0, c == '-' && last == '-', c == '_' && last == '_' && name[i-2] != '_':
		default:
			return false
		}
		last = c
	}
	return len(name) <= 255
}

// sentAddress returns the http or https address that a request for address is sent to,
// and the repository that it is in. An address of no registry is returned unchanged.
func sentAddress(address string) (sent, repository string, err error) {
	if !InRegistry(address) {
		return address, "", nil
	}
	base, sha256, ok := strings.Cut(address, blobMark)
	o, name, err := cutRepository(base)
	if err == nil && !ok {
		err = errors.New("a registry is asked for a pinned sha256, and there is none")
	}
	if err != nil {
		return address, "", err
	}
	return o.String() + "/v2/" + name + "/blobs/sha256:" + sha256, name, nil
}

// session is what is known of the login to one repository of a registry.
type session struct {
	turn    chan struct{} // held by the transfer that asks for a token
	current authorization // guarded by Client.mu
}

// authorization is what a registry gets.
type authorization struct {
	field string // of the header, or empty
	note  string // which login that is, for errors
	known bool   // a login of the user is in it
}

// session returns the session of the transfer's repository at a server, and what it has.
//
//go:noinline
func (t *transfer) session(u *url.URL) (*session, authorization) {
	key := u.Scheme + "://" + u.Host + "/" + t.repository
	c := t.client
	c.mu.Lock()
	s := c.sessions[key]
	if s == nil {
		s = &session{turn: make(chan struct{}, 1)}
		c.sessions[key] = s
	}
	current := s.current
	c.mu.Unlock()
	return s, current
}

// authorize adds to a request what its origin is to get, and reports whether there is
// anything. A registry gets no login before it has asked for one.
func (t *transfer) authorize(r *http.Request) bool {
	if t.repository == "" {
		return t.client.Authorize(r)
	}
	headers := t.client.cfg.Headers.set(r, r.URL)
	if t.fixed = r.Header.Get("Authorization") != ""; t.fixed {
		return true
	}
	_, a := t.session(r.URL)
	if a.field != "" {
		r.Header.Set("Authorization", a.field)
	}
	return headers || a.known
}

// exchange sends the request of a hop, and a second time with a login if a registry asks for
// one. The errors are those of transfers.
func (t *transfer) exchange(ctx context.Context, h Hop, s stall) (*http.Response, error) {
	t.note = ""
	for again := false; ; again = true {
		r := t.request(ctx, h.URL, h.Home)
		t.proxy = t.client.proxyOf(r)
		resp, err := t.client.roundTrip(r, t.req.End > 0)
		if err != nil {
			return nil, t.failNetwork(ctx, err)
		}
		if t.repository == "" || !h.Home {
			return resp, nil
		}
		if resp.StatusCode == http.StatusUnauthorized && !t.fixed && !again {
			s.reset()
			renewed, err := t.login(ctx, h.URL, r.Header.Get("Authorization"), resp.Header["Www-Authenticate"])
			if renewed || err != nil {
				io.CopyN(io.Discard, resp.Body, sniffSize) // so that the connection can be used again
				resp.Body.Close()
			}
			if err != nil {
				return nil, err
			}
			if renewed {
				continue
			}
		}
		_, a := t.session(h.URL)
		if t.note = a.note; t.fixed {
			t.note = "with the Authorization of the headers file"
		} else if t.note == "" {
			t.note = unsent
			if resp.StatusCode == http.StatusUnauthorized {
				t.note += ": the registry does not say which it takes"
			}
		}
		return resp, nil
	}
}

// login answers the challenges of a registry (RFC 9110, section 11.6.1) to a request that
// had used as its authorization, and reports whether there is another one now.
func (t *transfer) login(ctx context.Context, u *url.URL, used string, challenges []string) (bool, error) {
	s, _ := t.session(u)
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return false, t.failNetwork(ctx, ctx.Err())
	}
	if _, now := t.session(u); now.field != used {
		return true, nil // another transfer has asked meanwhile
	}
	c := parseChallenges(challenges)
	if !c.bearer && !c.basic {
		return false, nil
	}
	a, err := t.client.registryLogin(u, t.repository)
	if err != nil {
		return false, t.failLogin(http.StatusUnauthorized, statusText(http.StatusUnauthorized)+", "+unsent+": "+err.Error())
	}
	if c.bearer {
		if a.field, err = t.token(ctx, u, c, a); err != nil {
			return false, err
		}
	}
	t.client.mu.Lock()
	s.current = a
	t.client.mu.Unlock()
	return a.field != used, nil
}

// failLogin makes the error of a login that failed.
//
//go:noinline
func (t *transfer) failLogin(status int, text string) *Error {
	e := t.fail(errors.New(text), temporaryStatus(status))
	e.Status = status
	return e
}

// registryLogin returns the login for a repository of a server, or what errors say of its
// absence.
func (c *Client) registryLogin(u *url.URL, repository string) (authorization, error) {
	user, note, err := c.cfg.Logins.find(u, repository)
	if user == nil && err == nil && c.cfg.Netrc != nil {
		o, _ := OriginOf(u)
		if l, ok := c.cfg.Netrc.logins[o.Host]; ok {
			user, note = &l, "with the login of the netrc file"
		}
	}
	if user == nil || err != nil {
		return authorization{note: unsent + note}, err
	}
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(user.user, user.password)
	return authorization{r.Header.Get("Authorization"), note, true}, nil
}

const unsent = "no login was sent"

// AskedOrigin returns the origin that a request for an address is sent to, unless a rule
// holds for it.
func AskedOrigin(address string) (Origin, error) {
	if InRegistry(address) {
		base, _, _ := strings.Cut(address, blobMark)
		o, _, err := cutRepository(base)
		return o, err
	}
	return ParseOrigin(address)
}
