package record_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"depfetch/fetch/digest"
	"depfetch/lock"
	"depfetch/lock/record"
)

func TestJournal(t *testing.T) {
	name := filepath.Join(t.TempDir(), "journal")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if err := record.Append(name, record.Request{URL: "https://h/" + strings.Repeat("x", 500), Digest: digest.Of([]byte("a")), Size: 7}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if all, err := record.Read(f); err != nil || len(all) != 50 || all[49].Size != 7 || all[49].Digest != digest.Of([]byte("a")) {
		t.Errorf("got %d requests, %v", len(all), err)
	}
	for _, line := range []string{"{", `{"url":"https://h/f","sha256":"ab"}`} {
		if _, err := record.Read(strings.NewReader(line)); err == nil {
			t.Errorf("%s was read", line)
		}
	}
}

func TestPin(t *testing.T) {
	r := record.Request{URL: "https://h/f", Digest: digest.Of([]byte("abc")), Size: 3}
	p := r.Pin(lock.Published)
	if p.URL != r.URL || p.Digest != r.Digest || p.Size != 3 || p.Trust != lock.Published {
		t.Errorf("got %+v", p)
	}
	for _, test := range []struct {
		r     record.Request
		want  string
		unfit bool
	}{
		{r, "", false},
		{record.Request{URL: "https://h/{a}"}, "braces", true},
		{record.Request{URL: "https://h/a", HTML: true}, "web page", true},
		{record.Request{URL: "https://h/a", JSON: true}, "an API", false},
		{record.Request{URL: "https://h/latest/a", Final: "https://h/1.2/a"}, "latest", false},
	} {
		if got, unfit := test.r.Advice(); !strings.Contains(got, test.want) || (got == "") != (test.want == "") || unfit != test.unfit {
			t.Errorf("%+v: %q, %v", test.r, got, unfit)
		}
	}
}

func TestPlain(t *testing.T) {
	got := record.Plain([]string{"User-Agent: x", "Authorization: secret", "ACCEPT:  a/b ", "Cookie: secret", "X-Token: secret", "Accept:", "Accept;", "accept: a/b"})
	if want := []string{"accept: a/b", "user-agent: x"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
