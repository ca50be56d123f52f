package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // of the page's parts
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"depfetch/fetch/printable"
)

//go:embed page.tmpl
var pageTemplate string

//go:embed page.css
var pageStyle string

//go:embed page.js
var pageScript string

// HTML writes the page. version is that of the program that writes it.
func (r *Report) HTML(w io.Writer, version string) error {
	funcs := template.FuncMap{"join": func(words []string) string { return strings.Join(words, ", ") }}
	t, err := template.New("page").Funcs(funcs).Parse(pageTemplate)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, page{r, version}); err != nil {
		return err
	}
	// What changes the direction of text or is invisible is shown, wherever it comes from.
	var out bytes.Buffer
	for line := range strings.Lines(b.String()) {
		text, feed := strings.CutSuffix(line, "\n")
		out.WriteString(printable.String(text))
		if feed {
			out.WriteByte('\n')
		}
	}
	_, err = out.WriteTo(w)
	return err
}

// page is what the template sees.
type page struct {
	*Report
	Version string
}

// Style and Script are the page's own, and their hashes all that the page lets a browser
// obey.
func (page) Style() template.CSS { return template.CSS(pageStyle) }
func (page) Script() template.JS { return template.JS(pageScript) }

func (page) StyleHash() string  { return hashSource(pageStyle) }
func (page) ScriptHash() string { return hashSource(pageScript) }

// hashSource returns what a content security policy calls a text.
func hashSource(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// Lead says what was read.
func (p page) Lead() string {
	if p.Files == 0 && len(p.Lockfiles) == 0 {
		return "No Dockerfile and no lockfile was found, so there is nothing to show. What else downloads is not looked at."
	}
	what := plural(p.Files, "Dockerfile", "Dockerfiles") + " and " + plural(len(p.Lockfiles), "lockfile", "lockfiles")
	if len(p.Platforms) > 0 {
		what += " were read, for " + strings.Join(p.Platforms, ", ")
	} else {
		what += " were read"
	}
	return what + "."
}

// DownloadsText says how the downloads are held.
func (p page) DownloadsText() string {
	text := plural(len(p.Downloads), "download", "downloads") + ", by the place that asks for it"
	if n := p.Open(); n > 0 {
		return fmt.Sprintf("%s; %d would take bytes that were not meant.", text, n)
	}
	return text + "."
}

// ImagesText says how the images are held.
func (p page) ImagesText() string {
	text := plural(len(p.Images), "image", "images")
	if !p.Asked.Images {
		text += "; whether tags have moved was not asked"
	} else {
		text += "; asked " + p.Date()
	}
	return text + "."
}

// Text says how much a lockfile pins.
func (l Lockfile) Text() string { return plural(len(l.Items), "line", "lines") + "." }

// Text says which file could not be read, and why.
func (u Unread) Text() string {
	if why := u.Err.Error(); strings.Contains(why, u.Name) {
		return why
	}
	return u.Name + ": " + u.Err.Error()
}

// Date is the day on which anything was asked.
func (p page) Date() string { return p.Asked.At.UTC().Format(time.DateOnly) }

// Rows reports whether there is a table whose rows can be left out.
func (p page) Rows() bool { return len(p.Downloads)+len(p.Images) > 0 }

// tile is a number at the top of the page.
type tile struct{ Label, Number, Text string }

// Tiles are the numbers at the top of the page.
func (p page) Tiles() []tile {
	if p.Files == 0 && len(p.Lockfiles) == 0 {
		return nil
	}
	levels := make(map[string]int)
	for _, r := range p.Rules {
		for _, f := range r.Findings {
			levels[f.Level]++
		}
	}
	asked := func(yes bool, silent []string, n int, text string) (string, string) {
		switch {
		case !yes:
			return "–", "not asked"
		case len(silent) > 0:
			return "?", "could not be asked"
		}
		return fmt.Sprint(n), text
	}
	behind, counting := 0, 0
	for _, b := range p.Behind {
		if b.Latest != "" {
			behind++
		}
	}
	for _, v := range p.Known {
		if v.Class != "aside" {
			counting++
		}
	}
	tiles := []tile{
		{"Downloads", fmt.Sprint(len(p.Downloads)), fmt.Sprintf("%d unchecked or unpinned", p.Open())},
		{"Images", fmt.Sprint(len(p.Images)), fmt.Sprintf("%d to look at", p.OpenImages())},
		{"Findings", fmt.Sprint(p.findings()), fmt.Sprintf("%s, %s, %s", plural(levels["error"], "error", "errors"),
			plural(levels["warning"], "warning", "warnings"), plural(levels["note"], "note", "notes"))},
	}
	number, text := asked(p.Asked.Vulnerabilities, p.Silent.Advisories, counting, "known")
	tiles = append(tiles, tile{"Vulnerabilities", number, text})
	number, text = asked(p.Asked.Outdated, p.Silent.Newest, behind, "of the dependencies")
	return append(tiles, tile{"Behind", number, text})
}

// bar is a part of the bar at the top.
type bar struct {
	Count
	X, Width int
}

// Bars are the parts of the bar at the top, in thousandths of it.
func (p page) Bars() (all []bar) {
	sum := 0
	for _, c := range p.Counts() {
		x := sum * 1000 / len(p.Downloads)
		sum += c.N
		all = append(all, bar{c, x, sum*1000/len(p.Downloads) - x})
	}
	return all
}

// missing is something that was not looked at, and the command that does.
type missing struct{ What, Command string }

// NotLooked says what was not looked at.
func (p page) NotLooked() []missing {
	var all []missing
	if !p.Asked.Images {
		all = append(all, missing{"whether the tags of images have moved on", "deplock report --html --images"})
	}
	if !p.Asked.Vulnerabilities {
		all = append(all, missing{"known vulnerabilities of what is pinned", "deplock report --html --vulnerabilities"})
	}
	if !p.Asked.Outdated {
		all = append(all, missing{"newer versions of what is pinned", "deplock report --html --outdated"})
	}
	return append(all,
		missing{"whether upstream still serves the bytes that are pinned", "deplock audit"},
		missing{"what package managers install from places of their own: apt, apk, dnf, pip, npm, go with a go.mod and others", ""},
		missing{"what a program that a build starts downloads by itself, and ONBUILD, which downloads in another build", ""},
		missing{"what is in the images, and what scripts outside of Dockerfiles download", ""},
	)
}

// word is a word of the page that is explained.
type word struct{ Label, Class, Text string }

// Words are the words of the page that are explained.
func (page) Words() []word {
	var all []word
	for _, s := range states {
		all = append([]word{{s.String(), s.class(), s.meaning()}}, all...)
	}
	return all
}

// meaning explains a state.
func (s State) meaning() string {
	return [...]string{
		"Nothing compares what arrives with anything. Whoever holds the server, or its name, decides what is built. deplock sync locks it where it can.",
		"The build goes on when the check fails, or uses the file before it.",
		"depfetch is there and has no line for the address, so that this step fails. deplock sync adds the line.",
		"A line of the lockfile leaves the address to the program of the image, for the reason that it gives. Its bytes may be others tomorrow.",
		"The answer is read by a script, or other downloads are checked with it. It is no file of the image by itself.",
		"The Dockerfile itself compares what arrives, with what the note says. No lockfile is needed for it.",
		"The lockfile pins the bytes that the server sent on the day of locking (tofu). Other bytes fail the build.",
		"Pinned, and upstream publishes the same digest.",
		"Pinned, and a signature of the file, or of the list that names its digest, was verified when it was locked.",
	}[s]
}
