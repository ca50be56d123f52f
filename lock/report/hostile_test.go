package report

import (
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"depfetch/lock"
	"depfetch/lock/advisory"
	"depfetch/lock/dockerfile"
	"depfetch/lock/pin"
	"depfetch/lock/release"
	"depfetch/lock/update"
)

// hostile returns an input in which every text from elsewhere is text.
func hostile(text string) Input {
	err := errors.New(text)
	dep := &lock.Dep{Name: text, Version: text, URL: lock.Template{}, Locked: []lock.Line{{Platform: lock.Any, URL: "https://example.com/" + text, By: text}}}
	file := &lock.File{
		Name: text, Deps: []*lock.Dep{dep}, Images: []lock.Image{{Name: "example.com/a:" + text, By: text}},
		URLs: []lock.Pin{{URL: "https://example.com/" + text, Unpinned: text}, {URL: "https://example.com/2" + text}},
	}
	subject := advisory.Subject{Name: text, Version: text, PURL: text}
	day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	in := Input{
		Title: text, Unread: []Unread{{text, err}},
		Asked: Asked{At: day, Outdated: true, Vulnerabilities: true, Images: true, Digests: map[string]v1.Hash{text: {Hex: text}}, Failed: map[string]error{"a:" + text: err}},
		Locks: []Lock{{
			File: file, Faults: []error{err}, NewestErr: err, AdvisoriesErr: err,
			Newest: []update.Newest{{Dep: dep, Err: err}, {Dep: dep, Result: release.Result{Release: release.Release{Version: text}, Newer: true, Held: []release.Release{{Version: text}}}}},
			Advisories: &advisory.Report{
				Unasked: []advisory.Unasked{{Subject: subject, Why: text}},
				Findings: []advisory.Finding{{Subject: subject, ID: text, Aliases: []string{text}, Summary: text, Fixed: text,
					Ignored: &lock.Ignore{ID: text, Reason: text, Until: day}}},
			},
		}},
	}
	for _, image := range []string{text, "a:" + text} {
		in.References = append(in.References,
			Reference{Reference: pin.Reference{File: text, Line: 1, Text: image, Image: image, Digest: v1.Hash{Algorithm: "sha256", Hex: strings.Repeat("1", 64)}, Known: true}},
			Reference{Reference: pin.Reference{File: text, Line: 2, Text: image, Image: image, Why: text}})
	}
	lines := "FROM scratch\nRUN curl -fsSLO 'https://example.com/" + text + "'\nRUN wget https://example.com/${" + text + "}\nADD https://example.com/" + text + " /a\n"
	if f, err := dockerfile.Parse(text, []byte(lines)); err == nil {
		in.Dockerfiles = []Dockerfile{{File: f, Lock: file}}
	}
	return in
}

// elements returns the elements of a page in their order, each with its attributes'
// names, and what its scripts and styles are.
func elements(t testing.TB, page string) (all []string, code string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		switch n.Type {
		case html.ElementNode:
			name := n.Data
			for _, a := range n.Attr {
				name += " " + a.Key
				if a.Key == "href" {
					if !strings.HasPrefix(a.Val, "https://osv.dev/vulnerability/") {
						t.Errorf("a link leads to %q", a.Val)
					}
				}
			}
			all = append(all, name)
		case html.TextNode:
			if p := n.Parent.Data; p == "script" || p == "style" {
				code += n.Data
			}
		case html.CommentNode:
			t.Errorf("a comment: %q", n.Data)
		}
	}
	return all, code
}

// checkHostile fails if a text makes another page than a harmless one, but for the text.
func checkHostile(t testing.TB, allowed map[string]bool, text string) {
	t.Helper()
	page := render(t, hostile(text))
	all, code := elements(t, page)
	if code != pageStyle+pageScript {
		t.Errorf("the style and the script are not those of the page alone for %q", text)
	}
	for _, name := range all {
		if !allowed[name] {
			t.Errorf("an element <%s> comes of %q", name, text)
		}
	}
	for _, r := range page {
		if r < ' ' && r != '\n' || r == 0x7f || r >= 0x200b && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			t.Errorf("the page of %q has the character %U", text, r)
		}
	}
}

// harmless returns the elements that pages of harmless texts have.
func harmless(t testing.TB) map[string]bool {
	allowed := make(map[string]bool)
	for _, in := range []Input{hostile("a"), fixture(t, false), fixture(t, true), {}} {
		all, _ := elements(t, render(t, in))
		for _, name := range all {
			allowed[name] = true
		}
	}
	return allowed
}

var hostileTexts = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, `</style><script>alert(1)</script>`,
	`</title></table></main>`, `javascript:alert(1)`, `<!--`, `-->`, `]]>`, `{{.Script}}`, `&lt;b&gt;`, "a\u202eb", "a\x00\x1b[31mb", "\xff\xfe", "a\nb",
	`<a href=//example.com>`, `<base href=https://example.com>`, `<meta http-equiv=refresh content=0>`, "`${alert(1)}`", `../../../evil`, `?q=1#x`,
}

// TestHostile holds that texts from elsewhere are text on the page, whatever they hold.
func TestHostile(t *testing.T) {
	allowed := harmless(t)
	for _, text := range hostileTexts {
		checkHostile(t, allowed, text)
	}
}

// TestSecrets holds that logins and values of queries are not on the page.
func TestSecrets(t *testing.T) {
	const text = `FROM debian:12
RUN curl -fsSLO 'https://user:hush1@example.com/a?sig=hush2'
RUN curl -fsSLO "https://user:hush3@example.com/${UNSET}?sig=hush4"
ADD https://hush5@example.com/b?sig=hush6 /b
ADD https://user:hush7@example.com/c.git#main /c
RUN git clone https://user:hush8@example.com/d.git
RUN pip install git+https://user:hush9@example.com/e.git
RUN curl -fsSL https://user:hush10@example.com/x.sh | sh && curl -kO http://user:hush11@example.com/latest/y?z=hush12
`
	page := render(t, input(t, text, "version = 1\n[urls]\n\"https://example.com/a?sig=hush13\" = { sha256 = \""+strings.Repeat("1", 64)+"\" }\n"))
	if i := strings.Index(page, "hush"); i >= 0 {
		t.Errorf("the page has a secret: %s", page[max(0, i-200):i+20])
	}
	for _, shown := range []string{"https://REDACTED@example.com/a?sig=REDACTED", "https://REDACTED@example.com/c.git", "https://REDACTED@example.com/d.git"} {
		if !strings.Contains(page, shown) {
			t.Errorf("the page does not show %s", shown)
		}
	}
}

// FuzzHostile is TestHostile for texts that nobody has thought of.
func FuzzHostile(f *testing.F) {
	for _, text := range hostileTexts {
		f.Add(text)
	}
	allowed := harmless(f)
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) < 1000 {
			checkHostile(t, allowed, text)
		}
	})
}
