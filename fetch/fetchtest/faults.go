package fetchtest

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Corrupt serves body with its length and one bit of the byte at i flipped.
func Corrupt(body string, i int) Step {
	b := []byte(body)
	b[i] ^= 1
	return Body(string(b))
}

// Declared serves body under a Content-Length of n, and closes the connection.
func Declared(body string, n int) Step {
	return raw(func(c net.Conn) {
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: "+strconv.Itoa(n)+"\r\n\r\n"+body)
	})
}

// Raw sends text, which need not be HTTP, and closes the connection. An empty
// text closes it without an answer.
func Raw(text string) Step {
	return raw(func(c net.Conn) { io.WriteString(c, text) })
}

// CutChunks serves the first n bytes of body in one chunk, and closes the
// connection where the next chunk should begin.
func CutChunks(body string, n int) Step { return Raw(chunk(body, n)) }

// BadChunk serves the first n bytes of body in one chunk, and what is not a
// chunk after it.
func BadChunk(body string, n int) Step { return Raw(chunk(body, n) + "not hexadecimal\r\n") }

func chunk(body string, n int) string {
	head := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	if n == 0 {
		return head // a chunk of no bytes would be the last one
	}
	return head + strconv.FormatInt(int64(n), 16) + "\r\n" + body[:n] + "\r\n"
}

// Hinted sends an interim answer (103 Early Hints) before that of next.
func Hinted(next Step) Step {
	return func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		next(w, r)
	}
}

// Ranged serves body under an ETag, and a part of it to those who ask for a range
// "bytes=N-" or "bytes=N-M" and whose If-Range, if they send one, is that ETag.
func Ranged(etag, body string) Step {
	return func(w http.ResponseWriter, r *http.Request) {
		from, ok := resumed(r, etag, len(body))
		to := len(body)
		if ok {
			to = Part(r, len(body))
		}
		w.Header().Set("ETag", etag)
		w.Header().Set("Accept-Ranges", "bytes")
		w.Header().Set("Content-Length", strconv.Itoa(to-from))
		if ok {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to-1, len(body)))
			w.WriteHeader(http.StatusPartialContent)
		}
		io.WriteString(w, body[from:to])
	}
}

// Part returns where the range "bytes=N-M" that r asks for ends, which is M+1, or size if
// it asks for no such range.
func Part(r *http.Request, size int) int {
	_, last, _ := strings.Cut(r.Header.Get("Range"), "-")
	if n, err := strconv.Atoi(last); err == nil && n < size {
		return n + 1
	}
	return size
}

// Throttled lets the answer of next go out in pieces of n bytes, with a pause before each.
func Throttled(n int, pause time.Duration, next Step) Step {
	return func(w http.ResponseWriter, r *http.Request) {
		next(&throttled{w, r.Context(), n, pause}, r)
	}
}

type throttled struct {
	http.ResponseWriter
	ctx   context.Context
	n     int
	pause time.Duration
}

// WriteString is what io.WriteString calls.
func (t *throttled) WriteString(s string) (int, error) { return t.Write([]byte(s)) }

func (t *throttled) Write(b []byte) (n int, err error) {
	for len(b) > n && err == nil && t.ctx.Err() == nil {
		time.Sleep(t.pause)
		var k int
		k, err = t.ResponseWriter.Write(b[n:min(n+t.n, len(b))])
		t.ResponseWriter.(http.Flusher).Flush()
		n += k
	}
	return n, err
}

// RangedCut is Ranged, but closes the connection after n bytes of an answer that
// is longer.
func RangedCut(etag, body string, n int) Step {
	return func(w http.ResponseWriter, r *http.Request) {
		from, ok := resumed(r, etag, len(body))
		rest := body[from:]
		Raw(rangedHead(etag, from, from, len(body), ok)+rest[:min(n, len(rest))])(w, r)
	}
}

// LyingRange is Ranged, but sends the bytes from N+shift on as those from N on.
func LyingRange(etag, body string, shift int) Step {
	return func(w http.ResponseWriter, r *http.Request) {
		from, ok := resumed(r, etag, len(body))
		actual := from
		if ok {
			actual = min(max(from+shift, 0), len(body))
		}
		Raw(rangedHead(etag, from, actual, len(body), ok)+body[actual:])(w, r)
	}
}

// ShiftedRange answers a request for the bytes from N on with those from N+shift
// on, and says so.
func ShiftedRange(etag, body string, shift int) Step {
	return func(w http.ResponseWriter, r *http.Request) {
		from, ok := resumed(r, etag, len(body))
		if ok {
			from = min(max(from+shift, 0), max(len(body)-1, 0))
		}
		Raw(rangedHead(etag, from, from, len(body), ok)+body[from:])(w, r)
	}
}

func rangedHead(etag string, from, actual, size int, partial bool) string {
	if !partial {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nETag: %s\r\nAccept-Ranges: bytes\r\nContent-Length: %d\r\n\r\n", etag, size)
	}
	return fmt.Sprintf("HTTP/1.1 206 Partial Content\r\nETag: %s\r\nContent-Range: %s\r\nContent-Length: %d\r\n\r\n",
		etag, contentRange(from, size), size-actual)
}

func contentRange(from, size int) string { return fmt.Sprintf("bytes %d-%d/%d", from, size-1, size) }

// resumed returns where the answer to r begins, and whether it is a part.
func resumed(r *http.Request, etag string, size int) (from int, ok bool) {
	if cond := r.Header.Get("If-Range"); cond != "" && cond != etag {
		return 0, false
	}
	field, isBytes := strings.CutPrefix(r.Header.Get("Range"), "bytes=")
	field, _, isRange := strings.Cut(field, "-")
	n, err := strconv.Atoi(field)
	if !isBytes || !isRange || err != nil || n < 0 || n >= size {
		return 0, false
	}
	return n, true
}
