package source_test

import (
	"net/http"
	"testing"
	"time"

	"depfetch/fetch/fetchtest"
	"depfetch/fetch/source"
)

// TestResponse holds what an answer says of its way and of its body's age.
func TestResponse(t *testing.T) {
	s := fetchtest.New(t)
	at := time.Date(2019, 5, 6, 7, 8, 9, 0, time.UTC)
	s.Script("/dated", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Last-Modified", at.Format(http.TimeFormat))
		fetchtest.Body("dated")(w, r)
	})
	s.Script("/undated", fetchtest.Body("undated"))
	s.Script("/twice", fetchtest.Redirect(302, "/once"))
	s.Script("/once", fetchtest.Redirect(301, "/dated"))
	for uri, want := range map[string]source.Response{
		"/dated":   {Modified: at},
		"/undated": {},
		"/twice":   {Modified: at, Redirects: 2},
	} {
		got, err := source.New(source.Config{}).Get(t.Context(), source.Request{URL: s.URL + uri, Dst: new(sink), Limit: -1})
		if err != nil || !got.Modified.Equal(want.Modified) || got.Redirects != want.Redirects {
			t.Errorf("%s: got %v and %d redirects, %v; want %v and %d", uri, got.Modified, got.Redirects, err, want.Modified, want.Redirects)
		}
	}
}
