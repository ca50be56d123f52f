package source_test

import (
	"testing"

	"depfetch/fetch/fetchtest"
	"depfetch/fetch/source"
)

// TestHeadersOverride: what is given anew is sent in the place of what there was,
// and what was for other origins stays with them.
func TestHeadersOverride(t *testing.T) {
	one, two := fetchtest.New(t), fetchtest.New(t)
	old := &source.Headers{}
	for _, s := range []*fetchtest.Server{one, two} {
		s.Script("/f", fetchtest.Body(body))
		for _, field := range []string{"X-Old", "X-Both"} {
			if err := old.Add(s.URL, field, "old"); err != nil {
				t.Fatal(err)
			}
		}
	}
	headers, err := old.Override(one.URL, map[string]string{"x-both": "new", "X-New": "new"})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*fetchtest.Server{one, two} {
		if _, _, err := get(t, source.Config{Headers: headers}, s.URL+"/f"); err != nil {
			t.Fatal(err)
		}
	}
	if h := one.Requests("/f")[0].Header; h.Get("X-Old") != "old" || h.Get("X-Both") != "new" || h.Get("X-New") != "new" {
		t.Errorf("overridden: %v", h)
	}
	if h := two.Requests("/f")[0].Header; h.Get("X-Old") != "old" || h.Get("X-Both") != "old" || h.Get("X-New") != "" {
		t.Errorf("another origin: %v", h)
	}
	if _, err := old.Override(one.URL, map[string]string{"Range": "x"}); err == nil {
		t.Error("a field of the connection was taken")
	}
	var none *source.Headers
	if h, err := none.Override(one.URL, map[string]string{"X": "y"}); err != nil || h == nil {
		t.Errorf("of none: %v", err)
	}
}
