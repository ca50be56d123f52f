package advisory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"depfetch/lock"
	"depfetch/lock/release"
)

// api is a stand-in for OSV's API.
type api struct {
	*httptest.Server
	mu      sync.Mutex
	pages   map[string][]string // by package: the ids on each page, with blanks between
	records map[string]string
	refuse  []http.HandlerFunc // what the first requests get instead
	asked   []string
}

func newAPI(t *testing.T) *api {
	a := &api{pages: make(map[string][]string), records: make(map[string]string)}
	a.Server = httptest.NewServer(http.HandlerFunc(a.serve))
	t.Cleanup(a.Close)
	return a
}

func (a *api) serve(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	a.asked = append(a.asked, r.Method+" "+r.URL.Path+" "+string(body))
	if len(a.refuse) > 0 {
		refuse := a.refuse[0]
		a.refuse = a.refuse[1:]
		refuse(w, r)
		return
	}
	if id, ok := strings.CutPrefix(r.URL.Path, "/v1/vulns/"); ok && r.Method == http.MethodGet {
		if a.records[id] == "" {
			w.WriteHeader(http.StatusNotFound)
			io.WriteString(w, `{"code":5,"message":"Bug not found."}`)
			return
		}
		io.WriteString(w, a.records[id])
		return
	}
	var asked struct {
		Queries []struct {
			Package   struct{ Ecosystem, Name string }
			Commit    string
			Version   string
			PageToken string `json:"page_token"`
		}
	}
	if r.Method != http.MethodPost || r.URL.Path != "/v1/querybatch" || json.Unmarshal(body, &asked) != nil {
		http.Error(w, `{"code":3,"message":"Invalid query."}`, http.StatusBadRequest)
		return
	}
	var results []string
	for _, q := range asked.Queries {
		page := 0
		fmt.Sscanf(q.PageToken, "page %d", &page)
		pages := a.pages[strings.TrimLeft(q.Package.Ecosystem+" "+q.Package.Name+" "+q.Version+q.Commit, " ")]
		if len(pages) == 0 {
			results = append(results, "{}")
			continue
		}
		var vulns []string
		for _, id := range strings.Fields(pages[page]) {
			text, _ := json.Marshal(map[string]string{"id": id, "modified": "2024-01-02T03:04:05.678Z"})
			vulns = append(vulns, string(text))
		}
		next := ""
		if page+1 < len(pages) {
			next = fmt.Sprintf(`,"next_page_token":"page %d"`, page+1)
		}
		results = append(results, `{"vulns":[`+strings.Join(vulns, ",")+`]`+next+`}`)
	}
	io.WriteString(w, `{"results":[`+strings.Join(results, ",")+`]}`)
}

func (a *api) client(waits *[]time.Duration) *Client {
	return &Client{
		API: a.URL + "/", HTTP: &release.Client{Transport: http.DefaultTransport}, Retries: 2,
		Sleep: func(_ context.Context, d time.Duration) error { *waits = append(*waits, d); return nil },
	}
}

// drip is a server that sends a byte each second and never ends.
type drip struct{}

func (drip) RoundTrip(r *http.Request) (*http.Response, error) {
	body, w := io.Pipe()
	go func() {
		for r.Context().Err() == nil {
			time.Sleep(time.Second)
			io.WriteString(w, " ")
		}
		w.CloseWithError(r.Context().Err())
	}()
	return &http.Response{StatusCode: http.StatusOK, Body: body}, nil
}

// TestDrip: an answer without an end is waited for once.
func TestDrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		c := &Client{API: "https://osv.example.com", HTTP: &release.Client{Transport: drip{}}, Retries: 5}
		_, err := Audit(t.Context(), c, []Subject{ellipticSubject()}, Policy{})
		took := time.Since(began).Truncate(time.Minute)
		if !errors.Is(err, release.ErrSlow) || took != 2*time.Minute {
			t.Errorf("after %s: %v", took, err)
		}
	})
}

const elliptic = `{"schema_version":"1.7.3","id":"GHSA-r9p9-mrjm-926w","aliases":["CVE-2020-28498"],"modified":"2023-11-08T04:03:39Z",
 "summary":"Use of a Broken or Risky Cryptographic Algorithm","severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:C/C:H/I:N/A:N"}],
 "affected":[{"package":{"ecosystem":"npm","name":"elliptic","purl":"pkg:npm/elliptic"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"6.5.4"}]}]}],
 "database_specific":{"severity":"MODERATE","cwe_ids":["CWE-327"]}}`

func ellipticSubject() Subject {
	return Subject{Name: "elliptic", Version: "6.5.3", PURL: "pkg:npm/elliptic@6.5.3"}
}

// show renders a report, a line each.
func show(r *Report) string {
	var b strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%s %s %v %s %.1f fixed=%s below=%t ignored=%t expired=%t\n", f.Name, f.ID, f.Aliases, f.Severity.Level, f.Severity.Score, f.Fixed, f.Below, f.Ignored != nil, f.Expired)
	}
	for _, u := range r.Unasked {
		fmt.Fprintf(&b, "%s: %s\n", u.Name, u.Why)
	}
	for _, i := range r.Unused {
		fmt.Fprintf(&b, "unused %s\n", i.ID)
	}
	return b.String()
}

func TestPages(t *testing.T) {
	a := newAPI(t)
	a.pages["npm elliptic 6.5.3"] = []string{"GHSA-1", "", "GHSA-2 GHSA-1", "GHSA-3"}
	for _, id := range []string{"GHSA-1", "GHSA-2", "GHSA-3"} {
		a.records[id] = `{"id":"` + id + `"}`
	}
	var waits []time.Duration
	r, err := Audit(context.Background(), a.client(&waits), []Subject{ellipticSubject(), {Name: "clean", Version: "1", PURL: "pkg:pypi/clean@1"}, ellipticSubject()}, Policy{})
	if err != nil {
		t.Fatal(err)
	}
	want := `elliptic GHSA-1 [] unknown 0.0 fixed= below=false ignored=false expired=false
elliptic GHSA-2 [] unknown 0.0 fixed= below=false ignored=false expired=false
elliptic GHSA-3 [] unknown 0.0 fixed= below=false ignored=false expired=false
`
	if got := show(r); got != want || len(r.Asked) != 2 {
		t.Errorf("got\n%s%v, want\n%s", got, r.Asked, want)
	}
	first := `POST /v1/querybatch {"queries":[{"package":{"ecosystem":"npm","name":"elliptic"},"version":"6.5.3"},{"package":{"ecosystem":"PyPI","name":"clean"},"version":"1"}]}`
	second := `POST /v1/querybatch {"queries":[{"package":{"ecosystem":"npm","name":"elliptic"},"version":"6.5.3","page_token":"page 1"}]}`
	if a.asked[0] != first || a.asked[1] != second || len(a.asked) != 7 {
		t.Errorf("asked %q", a.asked)
	}
}

func TestRetries(t *testing.T) {
	a := newAPI(t)
	status := func(code int, retryAfter string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if retryAfter != "" {
				w.Header().Set("Retry-After", retryAfter)
			}
			w.WriteHeader(code)
		}
	}
	a.pages["npm elliptic 6.5.3"] = []string{"GHSA-r9p9-mrjm-926w"}
	a.records["GHSA-r9p9-mrjm-926w"] = elliptic
	a.refuse = []http.HandlerFunc{status(429, "7"), status(503, "86400")}
	var waits []time.Duration
	r, err := Audit(context.Background(), a.client(&waits), []Subject{ellipticSubject()}, Policy{})
	if err != nil || len(r.Findings) != 1 || !slices.Equal(waits, []time.Duration{7 * time.Second, time.Minute}) {
		t.Errorf("%v, %v, waited %v", r, err, waits)
	}
	waits, a.refuse = nil, []http.HandlerFunc{status(503, ""), status(503, ""), status(503, "")}
	_, err = Audit(context.Background(), a.client(&waits), []Subject{ellipticSubject()}, Policy{})
	want := a.URL + "/v1/querybatch: HTTP 503 Service Unavailable"
	if err == nil || err.Error() != want || !slices.Equal(waits, []time.Duration{500 * time.Millisecond, time.Second}) {
		t.Errorf("%v, want %s; waited %v", err, want, waits)
	}
}

// TestAnswers holds what is said of answers that are of no use. None is asked for again.
func TestAnswers(t *testing.T) {
	long := func(w http.ResponseWriter, _ *http.Request) {
		for range 17 {
			w.Write(make([]byte, 1<<20))
		}
	}
	for name, test := range map[string]struct {
		batch  http.HandlerFunc
		record string
		want   string
	}{
		"truncated":   {say(`{"results":[{"vulns":[`), "", "/v1/querybatch: the answer cannot be read: unexpected end of JSON input"},
		"type":        {say(`{"results":{}}`), "", "/v1/querybatch: the answer cannot be read: json: cannot unmarshal"},
		"page":        {say("\n<!doctype html>"), "", "/v1/querybatch: a web page in place of JSON; is this the base URL of OSV's API?"},
		"few":         {say(`{"results":[]}`), "", "/v1/querybatch: 0 results for 1 queries"},
		"many":        {say(`{"results":[{},{}]}`), "", "/v1/querybatch: 2 results for 1 queries"},
		"path":        {say(`{"results":[{"vulns":[{"id":"../../etc"}]}]}`), "", `/v1/querybatch: "../../etc" is no id of a vulnerability`},
		"escape":      {say(`{"results":[{"vulns":[{"id":"GHSA-\u001b[2J"}]}]}`), "", `/v1/querybatch: "GHSA-\x1b[2J" is no id of a vulnerability`},
		"long":        {long, "", "/v1/querybatch: the answer is longer than 16 MiB"},
		"refused":     {refused(`{"code":3,"message":"Invalid query."}`), "", "/v1/querybatch: HTTP 400: Invalid query."},
		"record":      {nil, `{"id":`, "/v1/vulns/GHSA-1: the answer cannot be read: unexpected end of JSON input"},
		"other":       {nil, `{"id":"GHSA-2"}`, "/v1/vulns/GHSA-1: the answer cannot be read: the answer is about GHSA-2"},
		"absent":      {nil, "", "/v1/vulns/GHSA-1: HTTP 404: Bug not found."},
		"record type": {nil, `{"id":"GHSA-1","affected":[{"versions":"1"}]}`, "/v1/vulns/GHSA-1: the answer cannot be read: json: cannot unmarshal"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAPI(t)
			a.pages["npm elliptic 6.5.3"] = []string{"GHSA-1"}
			a.records["GHSA-1"] = test.record
			if test.batch != nil {
				a.refuse = []http.HandlerFunc{test.batch}
			}
			var waits []time.Duration
			r, err := Audit(context.Background(), a.client(&waits), []Subject{ellipticSubject()}, Policy{})
			if err == nil || !strings.HasPrefix(err.Error(), a.URL+test.want) || r != nil || waits != nil {
				t.Errorf("%v, %v, waited %v; want %s", r, err, waits, test.want)
			}
		})
	}
	a := newAPI(t)
	a.pages["npm elliptic 6.5.3"] = slices.Repeat([]string{"GHSA-1"}, maxPages+1)
	var waits []time.Duration
	if _, err := Audit(context.Background(), a.client(&waits), []Subject{ellipticSubject()}, Policy{}); err == nil || !strings.HasSuffix(err.Error(), "the answer has more than 100 pages") {
		t.Error(err)
	}
}

func say(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, text) }
}

func refused(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, text)
	}
}

// TestAliases holds that one vulnerability is one finding, under the id of GitHub, and that
// what has been withdrawn is none.
func TestAliases(t *testing.T) {
	a := newAPI(t)
	a.pages["Go example.com/m 1.2.0"] = []string{"GO-2024-1 CVE-2024-1 GHSA-a GHSA-b GHSA-c"}
	a.records["GO-2024-1"] = `{"id":"GO-2024-1","aliases":["CVE-2024-1","GHSA-a"],"summary":"of Go",
		"affected":[{"package":{"ecosystem":"Go","name":"example.com/m"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.2.5"}]}]}]}`
	a.records["CVE-2024-1"] = `{"id":"CVE-2024-1","severity":[{"type":"CVSS_V4","score":"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"}]}`
	a.records["GHSA-a"] = `{"id":"GHSA-a","aliases":["CVE-2024-1"],"database_specific":{"severity":"LOW"},
		"affected":[{"package":{"ecosystem":"Go","name":"example.com/m"},"ranges":[{"type":"SEMVER","events":[{"introduced":"1.0.0"},{"fixed":"1.2.4"}]}]}]}`
	a.records["GHSA-b"] = `{"id":"GHSA-b","withdrawn":"2024-01-01T00:00:00Z"}`
	a.records["GHSA-c"] = `{"id":"GHSA-c","database_specific":{"severity":"LOW"}}`
	var waits []time.Duration
	p := Policy{Least: High, Now: time.Date(2026, 12, 31, 23, 59, 0, 0, time.UTC), Ignores: []lock.Ignore{
		{ID: "cve-2024-1", Until: time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC)}, {ID: "GHSA-b"},
	}}
	subjects := []Subject{{Name: "m", Version: "v1.2.0", PURL: "pkg:golang/example.com/m@v1.2.0"}}
	r, err := Audit(context.Background(), a.client(&waits), subjects, p)
	if err != nil {
		t.Fatal(err)
	}
	want := `m GHSA-a [CVE-2024-1 GO-2024-1] critical 9.3 fixed=1.2.5 below=false ignored=true expired=false
m GHSA-c [] low 0.0 fixed= below=true ignored=false expired=false
unused GHSA-b
`
	if got := show(r); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	// Of several entries about it the one that holds longest counts, wherever it stands.
	over, holds := lock.Ignore{ID: "GO-2024-1", Until: p.Now.AddDate(-1, 0, 0)}, p.Ignores[0]
	for _, ignores := range [][]lock.Ignore{{over, holds}, {holds, over}} {
		if r, err = Audit(context.Background(), a.client(&waits), subjects, Policy{Now: p.Now, Ignores: ignores}); err != nil || r.Findings[0].Counts() || len(r.Unused) > 0 {
			t.Errorf("with two entries: %v, %v", show(r), err)
		}
	}
	p.Now = p.Now.Add(time.Minute)
	if r, err = Audit(context.Background(), a.client(&waits), subjects, p); err != nil || !r.Findings[0].Expired || !r.Findings[0].Counts() || r.Findings[1].Counts() {
		t.Errorf("on the next day: %v, %v", show(r), err)
	}
	if got := subjects[0].Spelled(FixedVersion(r.Findings)); got != "v1.2.5" {
		t.Errorf("fixed in %q", got)
	}
}

func TestTargets(t *testing.T) {
	for _, test := range []struct{ name, version, purl, want, spelled string }{
		{"a", "1.2", "pkg:npm/%40scope/a@1.2", "npm @scope/a 1.2", "9"},
		{"a", "1.2", "pkg:maven/org.example/a@1.2?type=jar#x", "Maven org.example:a 1.2", "9"},
		{"a", "1.2", "pkg:cargo/a@1.2%2Bb", "crates.io a 1.2+b", ""},
		{"a", "", "pkg:pypi/a@1.2", "PyPI a 1.2", ""},
		{"a", "1.2", "pkg:gem/a@1.2", "RubyGems a 1.2", "9"},
		{"go", "1.22.3", "pkg:golang/stdlib@1.22.3", "Go stdlib 1.22.3", "9"},
		{"go", "go1.22rc1", "pkg:golang/stdlib@1.22rc1", "Go stdlib 1.22.0-rc.1", "go9"},
		{"a", "v1.2.3", "pkg:golang/e.com/a@v1.2.3", "Go e.com/a 1.2.3", "v9"},
		{"a", "1.2.3", "pkg:golang/e.com/a@v1.2.3", "Go e.com/a 1.2.3", "9"},
		{"a", "1", "", "its address names no package of a registry", ""},
		{"a", "1", "pkg:generic/a@1?checksum=sha256:00", "its address names no package of a registry", ""},
		{"a", "1", "pkg:github/o/a@v1", "GIT https://github.com/o/a v1", ""},
		{"a", "1", "pkg:github/o/a@kustomize%2Fv1", "GIT https://github.com/o/a kustomize/v1", ""},
		{"a", "", "pkg:github/o/a@0123456789012345678901234567890123456789", "GIT https://github.com/o/a ", ""},
		{"a", "", "pkg:github/o/a@main", "its version is not known", ""},
		{"a", "1", "pkg:github/o/a@v1#get.sh", "one file of a repository is nothing that advisories are about", ""},
		{"a", "1", "pkg:apk/alpine/a@1?arch=x", "a distribution's advisories are about source packages, which a file does not name", ""},
		{"a", "1", "pkg:swift/a@1", "packages of the type swift are not known to OSV", ""},
		{"a", "1", "pkg:npm/a", "its version is not known", ""},
		{"a", "1", "pkg:npm/%zz@1", "its package URL cannot be read", ""},
	} {
		s := Subject{Name: test.name, Version: test.version, PURL: test.purl}
		got, why := targetOf(s)
		if why == "" {
			why = got.ecosystem.name + " " + got.name + " " + got.version
		}
		if why != test.want {
			t.Errorf("%s: %s, want %s", test.purl, why, test.want)
		}
		if got.ecosystem != nil && got.ecosystem.name != git && s.Spelled("9") != test.spelled {
			t.Errorf("%s: %q, want %q", test.purl, s.Spelled("9"), test.spelled)
		}
	}
}

func TestSeverity(t *testing.T) {
	for _, test := range []struct{ record, want string }{
		{`{}`, "unknown 0.0"},
		{`{"database_specific":7}`, "unknown 0.0"},
		{`{"database_specific":{"severity":["HIGH"]}}`, "unknown 0.0"},
		{`{"database_specific":{"severity":"MODERATE"}}`, "medium 0.0"},
		{`{"severity":[{"type":"CVSS_V3","score":"9.8"}],"database_specific":{"severity":"HIGH"}}`, "high 0.0"},
		{`{"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],"database_specific":{"severity":"LOW"}}`, "critical 9.8"},
		{`{"severity":[{"type":"CVSS_V3","score":"CVSS:3.0/AV:L/AC:H/PR:H/UI:R/S:U/C:N/I:N/A:L"}]}`, "low 1.8"},
		{`{"severity":[{"type":"CVSS_V2","score":"AV:N/AC:L/Au:N/C:P/I:P/A:P"}]}`, "high 7.5"},
		{`{"severity":[{"type":"CVSS_V4","score":"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N"}]}`, "none 0.0"},
		{`{"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N"}]}`, "unknown 0.0"},
		{`{"affected":[{"package":{"ecosystem":"npm","name":"elliptic"},"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}]}]}`, "high 7.5"},
		{`{"affected":[{"package":{"ecosystem":"npm","name":"other"},"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}]}]}`, "unknown 0.0"},
		{`{"affected":[{"package":{"ecosystem":"npm","name":"elliptic"},"database_specific":{"severity":"critical"}}]}`, "critical 0.0"},
	} {
		r, err := parseRecord([]byte(`{"id":"X-1",` + test.record[1:]))
		if test.record == `{}` {
			r, err = parseRecord([]byte(`{"id":"X-1"}`))
		}
		if err != nil {
			t.Fatal(err)
		}
		target, _ := targetOf(ellipticSubject())
		s := r.severity(target)
		if got := fmt.Sprintf("%s %.1f", s.Level, s.Score); got != test.want {
			t.Errorf("%s: %s, want %s", test.record, got, test.want)
		}
	}
}
