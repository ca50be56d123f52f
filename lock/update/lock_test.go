package update

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/fetch/fetchtest"
	"depfetch/fetch/source"
	"depfetch/lock"
	"depfetch/lock/edit"
)

func hex256(s string) string { d := sha256.Sum256([]byte(s)); return hex.EncodeToString(d[:]) }
func hex512(s string) string { d := sha512.Sum512([]byte(s)); return hex.EncodeToString(d[:]) }

// serve starts a server of files, and returns a client without retries.
func serve(t *testing.T, files map[string]string) (*fetchtest.Server, *Client) {
	t.Helper()
	s := fetchtest.New(t)
	for name, body := range files {
		s.Script(name, fetchtest.Body(body))
	}
	return s, &Client{AllowHTTP: true, Fetch: &fetch.Client{
		Source: source.New(source.Config{}), Jobs: 4, Cache: &cache.Store{Root: t.TempDir()},
	}}
}

func parse(t *testing.T, text string) *lock.File {
	t.Helper()
	f, err := lock.Parse("deps.lock.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestLock holds what becomes of one dependency: the trust of its line, or the error.
func TestLock(t *testing.T) {
	const tool = "the tool"
	files := map[string]string{
		"/tool": tool, "/page": "<!DOCTYPE html><html></html>", "/t.tar.gz": `{"message": "gone"}`, "/empty": "",
		"/sha256": hex256(tool) + "  tool\n", "/sha512": hex512(tool) + "  tool\n",
		"/wrong256": hex256("x") + "  tool\n", "/wrong512": hex512("x") + "  tool\n",
		"/other": hex256(tool) + "  another\n", "/md5": strings.Repeat("a", 32) + "  tool\n",
		"/both": hex512("x") + "  tool\n" + hex256(tool) + "  tool\n",
	}
	for _, test := range []struct {
		name, dep, policy string // dep is the body of the table, with URL for the server
		version           string
		want              string // the trust, or the type of the error and a part of its text
	}{
		{name: "no sum", dep: `url = "URL/tool"`, want: "tofu"},
		{name: "sha256", dep: `url = "URL/tool"` + "\n" + `sums = "URL/sha256"`, want: "published"},
		{name: "sha512", dep: `url = "URL/tool"` + "\n" + `sums = "URL/sha512"`, want: "published"},
		{name: "a sha256 before a sha512", dep: `url = "URL/tool"` + "\n" + `sums = "URL/both"`, want: "published"},
		{name: "another sha256", dep: `url = "URL/tool"` + "\n" + `sums = "URL/wrong256"`, want: "*update.PublishedError published  sha256 " + hex256("x")},
		{name: "another sha512", dep: `url = "URL/tool"` + "\n" + `sums = "URL/wrong512"`, want: "*update.PublishedError got        sha512 " + hex512(tool)},
		{name: "not listed", dep: `url = "URL/tool"` + "\n" + `sums = "URL/other"`, want: `*update.SumsError does not name "tool"; it names "another"`},
		{name: "other algorithms", dep: `url = "URL/tool"` + "\n" + `sums = "URL/md5"`, want: "*update.SumsError other algorithms only (md5)"},
		{name: "no list", dep: `url = "URL/tool"` + "\n" + `sums = "URL/nothing"`, want: "*update.SumsError 404"},
		{name: "policy", dep: `url = "URL/tool"`, policy: "[policy]\ntrust = \"published\"\n", want: "*update.TrustError would be tofu"},
		{name: "a page", dep: `url = "URL/page"`, want: "*update.PageError a web page"},
		{name: "an answer for an archive", dep: `url = "URL/t.tar.gz"`, want: "*update.SubstituteError JSON"},
		{name: "nothing for a program", dep: `url = "URL/empty"` + "\n" + `mode = "0755"`, want: "*update.SubstituteError an empty file"},
		{name: "nothing there", dep: `url = "URL/nothing"`, want: "missing"},
		{name: "no version in the address", dep: `url = "URL/tool"`, version: "2", want: "*update.UnversionedError does not hold {version}"},
		{name: "the same address", dep: "version = \"1.2\"\nurl = \"URL/{major}\"", version: "1.3", want: "*update.UnversionedError the same as for the version before"},
		{name: "no archive", dep: `url = "URL/tool"` + "\n" + `member = "x"`, want: "*update.ContentsError "},
	} {
		s, c := serve(t, files)
		f := parse(t, "version = 1\n"+test.policy+"[deps.a]\n"+strings.ReplaceAll(test.dep, "URL", s.URL))
		results, err := c.Lock(t.Context(), f, []Want{{Dep: f.Deps[0], Version: test.version, Platforms: []lock.Platform{lock.Any}}})
		var got string
		switch {
		case err != nil:
			if joined, ok := err.(interface{ Unwrap() []error }); ok {
				err = joined.Unwrap()[0]
			}
			kind, part, _ := strings.Cut(test.want, " ")
			if got = fmt.Sprintf("%T %v", err, err); fmt.Sprintf("%T", err) == kind && strings.Contains(err.Error(), part) {
				got = test.want
			}
		case results[0].Changes[0].Missing:
			got = "missing"
		default:
			line := results[0].Changes[0].New
			if got = line.Trust.String(); line.Digest.String() != hex256(tool) || line.Size != int64(len(tool)) {
				t.Errorf("%s: %+v", test.name, line)
			}
		}
		if got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
}

// TestLockInsecure holds that nothing is asked for over plain http unless that is allowed.
func TestLockInsecure(t *testing.T) {
	s, c := serve(t, map[string]string{"/tool": "x"})
	c.AllowHTTP = false
	f := parse(t, "version = 1\n[deps.a]\nurl = \""+s.URL+"/tool\"")
	var insecure *InsecureError
	if _, err := c.Lock(t.Context(), f, []Want{{Dep: f.Deps[0], Platforms: []lock.Platform{lock.Any}}}); !errors.As(err, &insecure) {
		t.Errorf("Lock: %v", err)
	}
	if _, err := c.LockPins(t.Context(), f, []lock.Pin{{URL: s.URL + "/tool"}}); !errors.As(err, &insecure) {
		t.Errorf("LockPins: %v", err)
	}
	if n := len(s.Requests("/tool")); n != 0 {
		t.Errorf("%d requests", n)
	}
}

// TestApply holds that platforms which upstream does not have are an error, or left out
// when that is asked for, and that a change of somebody else is not overwritten.
func TestApply(t *testing.T) {
	s, c := serve(t, map[string]string{"/amd64": "a"})
	text := "version = 1\n[deps.a]\nplatforms = [\"linux/amd64\", \"linux/arm64\"]\nurl = \"" + s.URL + "/{arch}\"\n"
	f := parse(t, text)
	results, err := c.Lock(t.Context(), f, []Want{{Dep: f.Deps[0], Platforms: f.Deps[0].Platforms}})
	if err != nil {
		t.Fatal(err)
	}
	apply := func(text string, skip bool) (string, error) {
		doc, err := edit.Parse("deps.lock.toml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		err = Apply(doc, results, skip)
		return string(doc.Bytes()), err
	}
	var missing *MissingError
	if got, err := apply(text, false); !errors.As(err, &missing) || len(missing.Platforms) != 1 || got != text {
		t.Errorf("missing: %v\n%s", err, got)
	}
	got, err := apply(text, true)
	if err != nil || !strings.Contains(got, hex256("a")) || !strings.Contains(got, `platforms = ["linux/amd64"]`) {
		t.Errorf("skipping: %v\n%s", err, got)
	}
	if _, err := apply(strings.Replace(text, "/{arch}", "/{arch}?x", 1), true); err == nil || !strings.Contains(err.Error(), "in the meantime") {
		t.Errorf("changed meanwhile: %v", err)
	}
}

// TestAudit holds the status of each line: what its origin serves now.
func TestAudit(t *testing.T) {
	s, c := serve(t, map[string]string{"/same": "s", "/changed": "new", "/new": "m"})
	s.Script("/gone", fetchtest.Status(410))
	s.Script("/down", fetchtest.Status(500))
	s.Script("/moved", fetchtest.Redirect(301, s.URL+"/new"))
	var pins []lock.Pin
	want := map[string]Status{"/same": Same, "/changed": Changed, "/gone": Gone, "/down": Unreachable, "/moved": Moved}
	for name := range want {
		body := map[string]string{"/same": "s", "/moved": "m"}[name]
		pins = append(pins, lock.Pin{URL: s.URL + name, Digest: sha256.Sum256([]byte(body)), Size: fetch.SizeUnknown})
	}
	pins = append(pins, lock.Pin{URL: s.URL + "/unpinned", Unpinned: "it moves"})
	findings, err := c.Audit(t.Context(), nil, pins, false)
	if err != nil || len(findings) != len(want) {
		t.Fatalf("%+v, %v", findings, err)
	}
	for _, f := range findings {
		name := strings.TrimPrefix(f.Line.URL, s.URL)
		if f.Status != want[name] || (f.NewURL != "") != (name == "/moved") {
			t.Errorf("%s: %s, %q; want %s", name, f.Status, f.NewURL, want[name])
		}
	}
}

// TestPlan holds that an audit says how much it downloads, before and when it is over.
func TestPlan(t *testing.T) {
	s, c := serve(t, map[string]string{"/a": "123", "/b": "12345"})
	pin := func(name, body string) lock.Pin {
		return lock.Pin{URL: s.URL + name, Digest: sha256.Sum256([]byte(body)), Size: int64(len(body))}
	}
	for _, tt := range []struct {
		pins []lock.Pin
		want string
	}{
		{[]lock.Pin{pin("/a", "123"), pin("/b", "12345")}, "plan 2 8, start, verified, start, verified, plan 0 0"},
		{[]lock.Pin{pin("/a", "123"), {URL: s.URL + "/b", Size: fetch.SizeUnknown}}, "plan 2 -1, start, verified, start, verified, plan 0 0"},
		{[]lock.Pin{pin("/a", "123"), pin("/a", "123")}, "start, verified"},
	} {
		var got []string
		c.Fetch.Jobs = 1
		c.Fetch.Events = func(e fetch.Event) {
			switch e.Kind {
			case fetch.EventPlan:
				got = append(got, fmt.Sprintf("plan %d %d", e.Files, e.Bytes))
			case fetch.EventProgress:
			default:
				got = append(got, string(e.Kind))
			}
		}
		if _, err := c.Audit(t.Context(), nil, tt.pins, false); err != nil || strings.Join(got, ", ") != tt.want {
			t.Errorf("%q, %v, want %q", got, err, tt.want)
		}
	}
}

// TestFallback: where a rule leads to nothing, it is the origin's own answer that says
// whether there is anything.
func TestFallback(t *testing.T) {
	s, c := serve(t, nil)
	s.Script("/none", fetchtest.Status(404))
	s.Script("/down", fetchtest.Status(500))
	s.Script("/proxy/none", fetchtest.Status(404))
	s.Script("/proxy/down", fetchtest.Status(404))
	for _, fallback := range []bool{false, true} {
		rewrites := &source.Rewrites{Fallback: fallback}
		if err := rewrites.Add(s.URL + "=" + s.URL + "/proxy"); err != nil {
			t.Fatal(err)
		}
		c.Fetch.Source = source.New(source.Config{Rewrites: rewrites})
		for name, known := range map[string]bool{"/none": true, "/down": !fallback} {
			f := parse(t, "version = 1\n[deps.a]\nurl = \""+s.URL+name+"\"\n")
			results, err := c.Lock(t.Context(), f, []Want{{Dep: f.Deps[0], Platforms: []lock.Platform{lock.Any}}})
			if known != (err == nil && results[0].Changes[0].Missing) {
				t.Errorf("%s, fallback %v: %+v, %v", name, fallback, results, err)
			}
			findings, err := c.Audit(t.Context(), nil, []lock.Pin{{URL: s.URL + name}}, false)
			want := Unreachable
			if fallback && known {
				want = Gone // by the origin's own answer
			}
			if err != nil || findings[0].Status != want {
				t.Errorf("%s, fallback %v: %+v, %v", name, fallback, findings, err)
			}
		}
	}
}

// TestLockPins holds which lists beside a file are believed.
func TestLockPins(t *testing.T) {
	for _, test := range []struct{ name, list, body, want string }{
		{name: "nothing beside it", want: "tofu"},
		{name: "its sum", list: "/dir/tool.sha256", body: hex256("x"), want: "published"},
		{name: "its sha512", list: "/dir/checksums.txt", body: hex512("x") + "  tool\n", want: "published"},
		{name: "another sum", list: "/dir/SHA256SUMS", body: hex256("y") + "  tool\n", want: "*update.PublishedError"},
		{name: "a list of other files", list: "/dir/SHA256SUMS", body: hex256("y") + "  other\n", want: "tofu"},
		{name: "a folder's list without names", list: "/dir/checksums.txt", body: hex256("y"), want: "tofu"},
		{name: "a long text for a sum", list: "/dir/tool.sha256", body: hex256("y") + strings.Repeat("\nabout", 99), want: "tofu"},
		{name: "the file itself", list: "/dir/tool.sha256", body: "x", want: "tofu"},
	} {
		s, c := serve(t, map[string]string{"/dir/tool": "x", test.list: test.body})
		changes, err := c.LockPins(t.Context(), parse(t, "version = 1\n"), []lock.Pin{{URL: s.URL + "/dir/tool"}})
		got := ""
		if err != nil {
			got = fmt.Sprintf("%T", err.(interface{ Unwrap() []error }).Unwrap()[0])
		} else {
			got = changes[0].New.Trust.String()
		}
		if got != test.want {
			t.Errorf("%s: got %s (%v), want %s", test.name, got, err, test.want)
		}
	}
}
