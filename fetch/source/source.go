// Package source streams the bytes of one address into a writer, over https, http, from
// a registry or from a file.
//
// It guarantees that an address reaches its server byte for byte as it was
// given, except for what a rule of Config.Rewrites replaces; that redirects are few, never lead from https to http, and never leave
// the allowed hosts; that credentials go to the exact origin (scheme, host and
// port) they were given for and to no other; that the body is what the server
// stores, never decompressed; and that a stalled connection is closed. It
// does not verify the bytes: its callers hash them.
//
// It refuses every other scheme, and starts no program.
//
// Sources plug in through the Getter interface of go-getter. Its Client is not what
// dispatches to them: that would link its own getters and decompressors, registered
// or not, 650 kB that start git and hg among others.
package source

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	getter "github.com/hashicorp/go-getter/v2"
)

// Defaults of a Config's timeouts.
const (
	DefaultConnectTimeout = 15 * time.Second
	DefaultStallTimeout   = 30 * time.Second
)

// Config is the configuration of a Client. The zero Config works.
type Config struct {
	// Hosts are the hosts that addresses and redirects may lead to. None
	// allows all.
	Hosts []HostPattern
	// Netrc holds credentials, or is nil.
	Netrc *Netrc
	// Headers holds header fields for certain origins, or is nil. They take
	// precedence over Netrc.
	Headers *Headers
	// Logins holds the logins to registries, or is nil. A registry without one gets that
	// of Netrc.
	Logins *Logins
	// Cookies keeps the cookies that servers set. Nil keeps none.
	Cookies *Cookies
	// Rewrites are the rules by which addresses are asked for elsewhere, or nil. Hosts are
	// then about the address itself, and not about who serves it: neither the address
	// that a rule gives nor what that redirects to. Credentials and header fields are
	// those of the origin that is asked.
	Rewrites *Rewrites
	// Proxy chooses the proxy of a request, as http.Transport.Proxy does.
	// Nil uses none.
	Proxy func(*http.Request) (*url.URL, error)
	// Roots says which certificate authorities to trust.
	Roots Roots
	// UserAgent is sent with each request when it is not empty.
	UserAgent string
	// ConnectTimeout bounds each of TCP connect and TLS handshake, and
	// StallTimeout the time in which not a byte arrives. Zero means the
	// default.
	ConnectTimeout, StallTimeout time.Duration
	// Connections is how many connections to one host are kept for reuse.
	Connections int
}

// Client gets addresses. It is safe for concurrent use; all
// transfers share its connections.
type Client struct {
	cfg   Config
	plain *http.Transport
	tls   func() (secure, error) // made at first use: reading the CA roots takes time

	mu       sync.Mutex
	sessions map[string]*session // with registries
}

// secure is what sends requests over TLS, and those for parts.
type secure struct{ all, parts *http.Transport }

// New returns a Client.
func New(cfg Config) *Client {
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = DefaultConnectTimeout
	}
	if cfg.StallTimeout == 0 {
		cfg.StallTimeout = DefaultStallTimeout
	}
	return &Client{
		sessions: make(map[string]*session),

		cfg:   cfg,
		plain: newTransport(cfg, nil),
		tls: sync.OnceValues(func() (secure, error) {
			pool, err := cfg.Roots.pool()
			parts := newTransport(cfg, pool)
			parts.ForceAttemptHTTP2 = false // which would send all over one connection
			return secure{newTransport(cfg, pool), parts}, err
		}),
	}
}

// StallTimeout returns the time after which a transfer on which no byte arrives ends.
func (c *Client) StallTimeout() time.Duration { return c.cfg.StallTimeout }

// Request is one address to get.
type Request struct {
	URL string
	// Direct means that the rules of Config.Rewrites do not hold.
	Direct bool
	// Limit is how long the whole body may be, in bytes; negative means any
	// length. Of a body that the server declares to be longer, 512 bytes are
	// taken, enough to tell what it is.
	Limit int64
	// AtMost says that Limit is not the length that is expected: a body that ends
	// with its connection may be shorter.
	AtMost bool
	// Offset is where to begin in the body, in bytes. Validator is the strong
	// validator of the answer that the first Offset bytes came from. If the source
	// no longer has that body, or cannot tell, it sends the whole one.
	Offset    int64
	Validator string
	// End, if not 0, asks for a part: the bytes from Offset, which is not 0, to End, of a
	// file with Limit bytes, over a connection that no other request shares. Any other
	// answer is an error, ErrNotPart if it is a success.
	End int64
	// Started, if not nil, is called with what is known of the response before the
	// first byte of the body is taken.
	Started func(*Response)
	// Dst receives the body as it arrives.
	Dst Sink
}

// Sink receives bytes without copying them: the source fills a buffer of the sink.
type Sink interface {
	// Begin is called once, before the first Buffer. The body begins at offset,
	// which is that of the request or 0.
	Begin(offset int64) error
	// Buffer returns the buffer to fill next, which is not empty. Large ones
	// are what makes a transfer fast.
	Buffer() []byte
	// Commit accepts the first n bytes of the buffer. The source does not touch
	// them again.
	Commit(n int) error
}

// Response describes the bytes that a source sent.
type Response struct {
	// URL is the address after redirects. What a rule has rewritten is here as it was
	// before, and what that server redirects to is not, unless a rule holds for it.
	URL string
	// Asked is where the last request was sent, if that is not URL.
	Asked string
	// Moved is where the first redirects lead to, as long as they are
	// permanent ones (301 and 308); empty if there are none.
	Moved     string
	Redirects int       // how many there were
	Modified  time.Time // Last-Modified; may be zero
	Status    int       // of HTTP; 0 for a file
	// Proxy is the proxy that may have made the answer, as it may be shown: that of a
	// request without TLS.
	Proxy string
	// Length is the length of the whole body in bytes as the source
	// declared it, or -1.
	Length int64
	// Validator is a strong validator of the body (RFC 9110, section 8.8), or
	// empty: with it a transfer that breaks can be resumed.
	Validator string
	// Overlong is set when the body is longer than the request's Limit.
	Overlong bool
}

// Get streams the body of an address into r.Dst. On an error some of it may
// have been written. Errors of the source are of type *Error; errors of r.Dst
// and of ctx are returned as they are. The Response is filled as far as the
// request came.
func (c *Client) Get(ctx context.Context, r Request) (Response, error) {
	t := &transfer{client: c, req: r, resp: Response{URL: r.URL, Length: -1}}
	// A registry is asked by http.
	sent, repository, err := sentAddress(r.URL)
	if err != nil {
		return t.resp, t.fail(err, false)
	}
	t.req.URL, t.repository = sent, repository
	req := &getter.Request{Src: r.URL, GetMode: getter.ModeFile}
	for _, g := range t.getters() {
		if ok, _ := g.Detect(req); ok {
			err := g.GetFile(ctx, req)
			return t.resp, err
		}
	}
	scheme, _, _ := strings.Cut(r.URL, ":")
	return t.resp, t.fail(fmt.Errorf("unsupported scheme %q", scheme), false)
}

// transfer is the state of one Get.
type transfer struct {
	client *Client
	req    Request
	resp   Response
	known  bool   // credentials have been sent
	proxy  string // of the last request, as it may be shown
	ruled  bool   // a rule of Config.Rewrites has chosen the server
	// strayed is Error.Strayed.
	strayed bool

	repository string // of a registry, or empty
	note       string // which login a registry got
	fixed      bool   // Config.Headers has the Authorization for it
}

// getters returns the supported sources.
func (t *transfer) getters() []schemeGetter {
	return []schemeGetter{{"https", t.http}, {"http", t.http}, {"oci", t.http}, {"file", t.file}}
}

// schemeGetter is a go-getter source for one scheme.
type schemeGetter struct {
	scheme string
	get    func(context.Context) error
}

var _ getter.Getter = schemeGetter{}

func (g schemeGetter) Detect(r *getter.Request) (bool, error) {
	return strings.HasPrefix(r.Src, g.scheme+":"), nil
}

func (g schemeGetter) Mode(context.Context, *url.URL) (getter.Mode, error) {
	return getter.ModeFile, nil
}

func (g schemeGetter) GetFile(ctx context.Context, _ *getter.Request) error { return g.get(ctx) }

func (g schemeGetter) Get(context.Context, *getter.Request) error {
	return fmt.Errorf("%s: directories are not fetched", g.scheme)
}
