package source_test

import (
	"errors"
	"strings"
	"testing"

	"depfetch/fetch/fetchtest"
	"depfetch/fetch/source"
)

// rewrites returns rules.
func rewrites(t *testing.T, rules ...string) *source.Rewrites {
	t.Helper()
	r := &source.Rewrites{}
	for _, rule := range rules {
		if err := r.Add(rule); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// TestRewrittenRedirects: what the server of a rule redirects to is its own matter, but
// the rules hold for it; what upstream redirects to is held to the policy as ever.
func TestRewrittenRedirects(t *testing.T) {
	up, proxy, store := fetchtest.New(t), fetchtest.New(t), fetchtest.New(t)
	toUp, toProxy, toStore := fetchtest.Redirect(301, up.URL+"/f"), fetchtest.Redirect(301, proxy.URL+"/up/f"), fetchtest.Redirect(301, store.URL+"/f")
	rule := []string{up.URL + "=" + proxy.URL + "/up"}
	both := append(rule, store.URL+"="+proxy.URL+"/store")
	count := func() [4]int {
		return [4]int{len(up.Requests("/f")), len(proxy.Requests("/up/f")), len(proxy.Requests("/store/f")), len(store.Requests("/f"))}
	}
	for _, tt := range []struct {
		name       string
		rules      []string
		up, proxy  fetchtest.Step
		want       string // the body, or the error
		url, asked string // of the response
		requests   [4]int // to upstream, to the proxy for it and for the store, and to the store
	}{
		{"served", rule, nil, fetchtest.Body("P"), "P", up.URL + "/f", proxy.URL + "/up/f", [4]int{0, 1, 0, 0}},
		{"to a store", rule, nil, toStore, "S", up.URL + "/f", store.URL + "/f", [4]int{0, 1, 0, 1}},
		{"to a store with a rule", both, nil, toStore, "PS", store.URL + "/f", proxy.URL + "/store/f", [4]int{0, 1, 1, 0}},
		{"back to upstream", rule, nil, toUp, "more than 10 redirects", up.URL + "/f", proxy.URL + "/up/f", [4]int{0, 11, 0, 0}},
		{"no rule", nil, toStore, nil, "is not in the lockfile's policy.hosts", store.URL + "/f", "", [4]int{1, 0, 0, 0}},
		{"a rule for another", []string{store.URL + "=" + proxy.URL + "/up"}, toStore, nil, "is not in the lockfile's policy.hosts", store.URL + "/f", "", [4]int{1, 0, 0, 0}},
		{"to the proxy of another", []string{store.URL + "=" + proxy.URL}, toProxy, nil, "is not in the lockfile's policy.hosts", proxy.URL + "/up/f", "", [4]int{1, 0, 0, 0}},
	} {
		up.Script("/f", tt.up)
		proxy.Script("/up/f", tt.proxy)
		proxy.Script("/store/f", fetchtest.Body("PS"))
		store.Script("/f", fetchtest.Body("S"))
		before := count()
		got, resp, err := get(t, source.Config{Rewrites: rewrites(t, tt.rules...), Hosts: hosts(t, up.Host())}, up.URL+"/f")
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, tt.want) || resp.URL != tt.url || resp.Asked != tt.asked {
			t.Errorf("%s: %q of %+v", tt.name, got, resp)
		}
		if tt.rules != nil && resp.Moved != "" && resp.Moved != tt.url {
			t.Errorf("%s: moved to %s", tt.name, resp.Moved)
		}
		requests := count()
		for i, n := range before {
			requests[i] -= n
		}
		if requests != tt.requests {
			t.Errorf("%s: %v requests, want %v", tt.name, requests, tt.requests)
		}
		var e *source.Error
		if errors.As(err, &e) && tt.asked != "" && e.URL != tt.asked {
			t.Errorf("%s: the error is of %s", tt.name, e.URL)
		}
	}
}

// TestRewrittenCredentials: a server gets what is given for its own origin, and nothing
// of what is given for the address that a rule sends there.
func TestRewrittenCredentials(t *testing.T) {
	up, proxy, store := fetchtest.New(t), fetchtest.New(t), fetchtest.New(t)
	up.Script("/f", fetchtest.Body("U"))
	proxy.Script("/f", fetchtest.Redirect(302, store.URL+"/f"))
	store.Script("/f", fetchtest.Body("S"))
	headers := &source.Headers{}
	for s, token := range map[*fetchtest.Server]string{up: "upstream", proxy: "proxy", store: "store"} {
		if err := headers.Add(s.URL, "Private-Token", token); err != nil {
			t.Fatal(err)
		}
	}
	if err := headers.Add(up.URL, "Authorization", "upstream"); err != nil {
		t.Fatal(err)
	}
	cfg := source.Config{Headers: headers, Rewrites: rewrites(t, up.URL+"="+proxy.URL)}
	if got, _, err := get(t, cfg, up.URL+"/f"); err != nil || got != "S" {
		t.Fatal(got, err)
	}
	for s, want := range map[*fetchtest.Server]string{proxy: "proxy", store: ""} {
		h := s.Requests("/f")[0].Header
		if h.Get("Private-Token") != want || h.Get("Authorization") != "" {
			t.Errorf("sent %v, want the token %q alone", h, want)
		}
	}
	// A rule is the user's choice, so credentials go there from a redirect too.
	up.Script("/f", fetchtest.Redirect(302, store.URL+"/f"))
	proxy.Script("/store/f", fetchtest.Body("P"))
	cfg.Rewrites = rewrites(t, store.URL+"="+proxy.URL+"/store")
	if got, _, err := get(t, cfg, up.URL+"/f"); err != nil || got != "P" {
		t.Fatal(got, err)
	}
	if got := proxy.Requests("/store/f")[0].Header.Get("Private-Token"); got != "proxy" {
		t.Errorf("the proxy was sent the token %q", got)
	}
}

// TestRewrittenScheme: a rule may lead to plain http, but no redirect from https does.
func TestRewrittenScheme(t *testing.T) {
	up, secure, plain := fetchtest.NewTLS(t), fetchtest.NewTLS(t), fetchtest.New(t)
	secure.Script("/f", fetchtest.Redirect(302, plain.URL+"/f"))
	plain.Script("/f", fetchtest.Body("P"))
	cfg := source.Config{Rewrites: rewrites(t, up.URL+"="+plain.URL)}
	if got, _, err := get(t, cfg, up.URL+"/f"); err != nil || got != "P" {
		t.Error(got, err)
	}
	cfg.Rewrites = rewrites(t, up.URL+"="+secure.URL)
	if err := cfg.Roots.Add("the test's CA", secure.CA()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := get(t, cfg, up.URL+"/f"); err == nil || !strings.Contains(err.Error(), "redirect from https to plain http") {
		t.Error(err)
	}
}
