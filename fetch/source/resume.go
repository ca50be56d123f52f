package source

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// misfits reports whether an answer to a request for the rest of a file is
// neither that rest nor the whole, so that the whole has to be asked for.
func (t *transfer) misfits(r *http.Response) bool {
	switch r.StatusCode {
	case http.StatusPartialContent:
		return !t.continues(r)
	case http.StatusRequestedRangeNotSatisfiable:
		return true
	}
	return false
}

// continues reports whether a part is what t lacks: one range, from the byte that
// was asked for to the last one that was, of the same file (RFC 9110, sections 14.4
// and 15.3.7).
func (t *transfer) continues(r *http.Response) bool {
	if v := strongValidator(r); v != "" && v != t.req.Validator {
		return false // the server ignored If-Range
	}
	_, whole, _ := strings.Cut(r.Header.Get("Content-Range"), "/")
	size, err := strconv.ParseInt(whole, 10, 64)
	end := size
	if t.req.End > 0 {
		end, size = t.req.End, t.req.Limit
	}
	return err == nil && r.Header.Get("Content-Range") == fmt.Sprintf("bytes %d-%d/%d", t.req.Offset, end-1, size) &&
		(r.ContentLength < 0 || r.ContentLength == end-t.req.Offset)
}

// strongValidator returns the strong validator of an answer (RFC 9110, section 8.8), or
// "". Last-Modified counts only if it is well before the date of the answer (section
// 8.8.2.2).
func strongValidator(r *http.Response) string {
	if strings.EqualFold(r.Header.Get("Accept-Ranges"), "none") {
		return ""
	}
	if tag := r.Header.Get("ETag"); tag != "" {
		if !strings.HasPrefix(tag, `"`) || strings.ContainsFunc(tag, func(c rune) bool { return c <= ' ' || c > '~' }) {
			return "" // weak, or not valid in a request
		}
		return tag
	}
	modified := r.Header.Get("Last-Modified")
	at, err := http.ParseTime(modified)
	now, errNow := http.ParseTime(r.Header.Get("Date"))
	if err != nil || errNow != nil || now.Sub(at) < time.Minute {
		return ""
	}
	return modified
}
