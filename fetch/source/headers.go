package source

import (
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
)

// Headers holds header fields, most often tokens, by origin (scheme, host and port). They
// are sent to that origin only. Add is not safe for concurrent use; sending is.
type Headers struct {
	byOrigin map[Origin]http.Header
}

// connectionFields are the header fields that control the transfer itself, which must not
// be set (RFC 9110, sections 7 and 14; RFC 9112).
var connectionFields = []string{
	"Accept-Encoding", "Connection", "Content-Length", "Expect", "Host", "If-Range", "Keep-Alive", "Proxy-Authorization",
	"Proxy-Connection", "Range", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

// Add adds a header field for an origin such as "https://example.com:8443". Its errors
// do not contain the value.
func (h *Headers) Add(origin, field, value string) error {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("want an origin, as https://example.com or https://example.com:8443")
	}
	key, err := OriginOf(u)
	if err != nil {
		return err
	}
	return h.add(key, field, value)
}

// add adds a header field for an origin. Its errors do not hold the value.
func (h *Headers) add(key Origin, field, value string) error {
	name := textproto.CanonicalMIMEHeaderKey(field)
	switch {
	case field == "" || strings.ContainsFunc(field, func(r rune) bool {
		return !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~", r)
	}):
		return fmt.Errorf("%q cannot name a header field", field)
	case slices.Contains(connectionFields, name):
		return fmt.Errorf("%s is not for the user to set", name)
	case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
		return fmt.Errorf("the value of %s holds a control character", name)
	}
	if h.byOrigin == nil {
		h.byOrigin = make(map[Origin]http.Header)
	}
	if h.byOrigin[key] == nil {
		h.byOrigin[key] = make(http.Header)
	}
	if h.byOrigin[key].Get(name) != "" {
		return fmt.Errorf("%s is given twice", name)
	}
	h.byOrigin[key].Set(name, value)
	return nil
}

// set adds the fields for the origin of u to a request, and reports whether there
// are any.
func (h *Headers) set(r *http.Request, u *url.URL) bool {
	if h == nil {
		return false
	}
	o, err := OriginOf(u)
	if err != nil {
		return false
	}
	fields := h.byOrigin[o]
	for name, values := range fields {
		r.Header[name] = values
	}
	return len(fields) > 0
}
