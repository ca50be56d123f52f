package fetch_test

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"depfetch/fetch"
	"depfetch/fetch/fetchtest"
)

// TestFetchResumes holds when a broken transfer goes on where it was, and when it
// starts anew. A want is the Range and If-Range of a request.
func TestFetchResumes(t *testing.T) {
	long := strings.Repeat(body, 1000)
	const one, two, weak = `"one"`, `"two"`, `W/"one"`
	s := fetchtest.New(t)
	dated := func(age time.Duration) []fetchtest.Step {
		date := time.Now().UTC()
		modified := date.Add(-age).Format(http.TimeFormat)
		head := "Date: " + date.Format(http.TimeFormat) + "\r\nLast-Modified: " + modified + "\r\n"
		return []fetchtest.Step{
			fetchtest.Raw(fmt.Sprintf("HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s", head, len(long), long[:5000])),
			func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("If-Range") != modified {
					fetchtest.Body(long)(w, r)
					return
				}
				w.Header().Set("Last-Modified", modified)
				w.Header().Set("Content-Range", fmt.Sprintf("bytes 5000-%d/%d", len(long)-1, len(long)))
				w.WriteHeader(http.StatusPartialContent)
				io.WriteString(w, long[5000:])
			},
		}
	}
	multipart := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "multipart/byteranges; boundary=x")
		w.WriteHeader(http.StatusPartialContent)
		io.WriteString(w, "--x\r\n")
	}
	const all, from5000 = "", "bytes=5000- " + one
	tests := []struct {
		name  string
		steps []fetchtest.Step
		want  []string
		bytes int // downloaded
	}{
		{"the rest", []fetchtest.Step{fetchtest.RangedCut(one, long, 5000), fetchtest.Ranged(one, long)},
			[]string{all, from5000}, len(long)},
		{"twice", []fetchtest.Step{fetchtest.RangedCut(one, long, 5000), fetchtest.RangedCut(one, long, 3000), fetchtest.Ranged(one, long)},
			[]string{all, from5000, "bytes=8000- " + one}, len(long)},
		{"after another failure", []fetchtest.Step{fetchtest.RangedCut(one, long, 5000), fetchtest.Status(503), fetchtest.Ranged(one, long)},
			[]string{all, from5000, from5000}, len(long)},
		{"behind a redirect", []fetchtest.Step{fetchtest.RangedCut(one, long, 5000), fetchtest.Redirect(302, s.Script("/elsewhere", fetchtest.Ranged(one, long)))},
			[]string{all, from5000}, len(long)},
		{"nothing came", []fetchtest.Step{fetchtest.RangedCut(one, long, 0), fetchtest.Ranged(one, long)},
			[]string{all, all}, len(long)},
		{"another file now", []fetchtest.Step{fetchtest.RangedCut(one, long, 5000), fetchtest.Ranged(two, long)},
			[]string{all, from5000}, 5000 + len(long)},
		{"ranges are ignored", []fetchtest.Step{fetchtest.RangedCut(one, long, 5000), fetchtest.Body(long)},
			[]string{all, from5000}, 5000 + len(long)},
		{"weak", []fetchtest.Step{fetchtest.RangedCut(weak, long, 5000), fetchtest.Ranged(weak, long)},
			[]string{all, all}, 5000 + len(long)},
		{"no validator", []fetchtest.Step{fetchtest.Truncated(long, 5000), fetchtest.Ranged(one, long)},
			[]string{all, all}, 5000 + len(long)},
		{"an old date", dated(time.Hour), []string{all, "bytes=5000- date"}, len(long)},
		{"a new date", dated(time.Second), []string{all, all}, 5000 + len(long)},
		{"If-Range is ignored", []fetchtest.Step{fetchtest.RangedCut(one, long, 5000), func(w http.ResponseWriter, r *http.Request) {
			r = r.Clone(r.Context())
			r.Header.Del("If-Range")
			fetchtest.Ranged(two, strings.ToUpper(long))(w, r)
		}, fetchtest.Ranged(two, long)}, []string{all, from5000, all}, 5000 + len(long)},
		{"a part that overlaps", []fetchtest.Step{fetchtest.RangedCut(one, long, 5000), fetchtest.ShiftedRange(one, long, -7), fetchtest.Ranged(one, long)},
			[]string{all, from5000, all}, 5000 + len(long)},
		{"several parts", []fetchtest.Step{fetchtest.RangedCut(one, long, 5000), multipart, fetchtest.Ranged(one, long)},
			[]string{all, from5000, all}, 5000 + len(long)},
		{"no part", []fetchtest.Step{fetchtest.RangedCut(one, long, 5000), fetchtest.Status(416), fetchtest.Ranged(one, long)},
			[]string{all, from5000, all}, 5000 + len(long)},
		{"a part that is another", []fetchtest.Step{fetchtest.RangedCut(one, long, 5000), fetchtest.LyingRange(one, strings.ToUpper(long), 0), fetchtest.Ranged(one, long)},
			[]string{all, from5000, all}, len(long) + len(long)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := client(t)
			uri := "/" + strings.ReplaceAll(tt.name, " ", "-")
			a := pin("tool", s.Script(uri, tt.steps...), long)
			sum, err := c.Fetch(t.Context(), []fetch.Artifact{a})
			if err != nil {
				t.Fatal(err)
			}
			wantFile(t, filepath.Join(c.Root, a.Path), long)
			var got []string
			for _, r := range s.Requests(uri) {
				condition := r.Header.Get("If-Range")
				if strings.HasSuffix(condition, "GMT") {
					condition = "date"
				}
				got = append(got, strings.TrimSpace(r.Header.Get("Range")+" "+condition))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("asked for %q, want %q", got, tt.want)
			}
			if sum.Bytes != int64(tt.bytes) {
				t.Errorf("%d bytes were downloaded, want %d", sum.Bytes, tt.bytes)
			}
		})
	}
}

// TestFetchResumesLarge: a large file, hashed in a goroutine of its own, goes on
// over many breaks.
func TestFetchResumesLarge(t *testing.T) {
	large := strings.Repeat(body, 3<<20/len(body)*10)
	s := fetchtest.New(t)
	c := client(t)
	var steps []fetchtest.Step
	for range 20 {
		steps = append(steps, fetchtest.RangedCut(`"one"`, large, len(large)/20))
	}
	c.Retries = len(steps)
	a := pin("tool", s.Script("/large", append(steps, fetchtest.Ranged(`"one"`, large))...), large)
	sum, err := c.Fetch(t.Context(), []fetch.Artifact{a})
	if err != nil || sum.Bytes != int64(len(large)) {
		t.Errorf("%+v, %v", sum, err)
	}
	wantFile(t, filepath.Join(c.Root, a.Path), large)
}

// TestFetchDoesNotJoinSources: what a mirror sends does not continue what the
// origin began.
func TestFetchDoesNotJoinSources(t *testing.T) {
	long := strings.Repeat(body, 1000)
	s := fetchtest.New(t)
	c := client(t)
	a := pin("tool", s.Script("/origin", fetchtest.RangedCut(`"one"`, long, 5000)), long)
	a.Mirrors = []string{s.Script("/mirror", fetchtest.Ranged(`"one"`, long))}
	if _, err := c.Fetch(t.Context(), []fetch.Artifact{a}); err != nil {
		t.Fatal(err)
	}
	if r := s.Requests("/mirror"); len(r) != 1 || r[0].Header.Get("Range") != "" {
		t.Errorf("the mirror was asked %d times, for %q", len(r), r[0].Header.Get("Range"))
	}
}
