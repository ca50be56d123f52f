package examples_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"

	"depfetch/lock"
)

// renovate is a custom manager of Renovate, with matchStringsStrategy recursive.
type renovate struct {
	CustomType           string
	ManagerFilePatterns  []string
	MatchStringsStrategy string
	MatchStrings         []string

	DepNameTemplate        string
	PackageNameTemplate    string
	DatasourceTemplate     string
	VersioningTemplate     string
	ExtractVersionTemplate string

	levels    []*regexp.Regexp
	templates map[string]*template.Template
}

// renovateDep is what Renovate calls a dependency.
type renovateDep struct {
	Name, Package, Datasource, Value, Type string

	versioning, extractVersion string
	replace                    string // the part of the file in which it raises Value
}

// readConfig decodes a file of Renovate's configuration.
func readConfig(t *testing.T, name string, v any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("renovate", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func readRenovate(t *testing.T) *renovate {
	t.Helper()
	var config struct{ CustomManagers []*renovate }
	readConfig(t, "depfetch.json", &config)
	if len(config.CustomManagers) != 1 {
		t.Fatalf("depfetch.json has %d custom managers; want 1", len(config.CustomManagers))
	}
	r := config.CustomManagers[0]
	if r.CustomType != "regex" || r.MatchStringsStrategy != "recursive" {
		t.Fatalf("this test plays a recursive regex manager, not %s %s", r.MatchStringsStrategy, r.CustomType)
	}
	for _, s := range r.MatchStrings {
		r.levels = append(r.levels, regexp.MustCompile(s))
	}
	r.templates = map[string]*template.Template{}
	for _, text := range []string{
		r.DepNameTemplate, r.PackageNameTemplate, r.DatasourceTemplate, r.VersioningTemplate, r.ExtractVersionTemplate,
	} {
		r.templates[text] = template.Must(template.New("").Funcs(template.FuncMap{"replace": replaceAll}).Parse(handlebars(t, text)))
	}
	return r
}

var (
	mustache  = regexp.MustCompile(`\{\{\{[^{}]+\}\}\}|\{\{[^{}]+\}\}`)
	mustaches = []struct{ from, to string }{
		{`^\{\{\{(\w+)\}\}\}$`, `{{.$1}}`},
		{`^\{\{#if (\w+)\}\}$`, `{{if .$1}}`},
		{`^\{\{#if \(equals (\w+) (\w+)\)\}\}$`, `{{if eq .$1 .$2}}`},
		{`^\{\{#if \(and (\w+) (\w+)\)\}\}$`, `{{if and .$1 .$2}}`},
		{`^\{\{\{replace '([^']*)' '([^']*)' (\w+)\}\}\}$`, "{{replace `$1` `$2` .$3}}"},
		{`^\{\{else\}\}$`, `{{else}}`},
		{`^\{\{/if\}\}$`, `{{end}}`},
	}
)

// replaceAll is Renovate's replace: a JavaScript replacement, in which $& is the match.
func replaceAll(find, replacement, s string) string {
	return regexp.MustCompile(find).ReplaceAllStringFunc(s, func(m string) string {
		return strings.ReplaceAll(replacement, "$&", m)
	})
}

// handlebars translates a Handlebars template, as far as depfetch.json goes.
func handlebars(t *testing.T, text string) string {
	t.Helper()
	return mustache.ReplaceAllStringFunc(text, func(m string) string {
		for _, r := range mustaches {
			if re := regexp.MustCompile(r.from); re.MatchString(m) {
				return re.ReplaceAllString(m, r.to)
			}
		}
		t.Fatalf("this test does not know %s of Handlebars", m)
		return ""
	})
}

// find returns the dependencies that Renovate sees in a file, in its order: every
// match of a regex is searched by the next one, with the groups of all before.
func (r *renovate) find(text string) []renovateDep {
	return r.search(0, text, map[string]string{})
}

func (r *renovate) search(level int, text string, groups map[string]string) (found []renovateDep) {
	if level == len(r.levels) {
		d := renovateDep{
			Name:           r.execute(r.DepNameTemplate, groups),
			Package:        r.execute(r.PackageNameTemplate, groups),
			Datasource:     r.execute(r.DatasourceTemplate, groups),
			versioning:     r.execute(r.VersioningTemplate, groups),
			extractVersion: r.execute(r.ExtractVersionTemplate, groups),
			Value:          groups["currentValue"],
			Type:           groups["depType"],
			replace:        text,
		}
		if d.Name == "" && d.Package == "" || d.Value == "" || d.Datasource == "" {
			return nil // Renovate discards it
		}
		return []renovateDep{d}
	}
	re := r.levels[level]
	for _, m := range re.FindAllStringSubmatch(text, -1) {
		all := map[string]string{}
		for k, v := range groups {
			all[k] = v
		}
		for i, name := range re.SubexpNames() {
			if name != "" {
				all[name] = m[i]
			}
		}
		found = append(found, r.search(level+1, m[0], all)...)
	}
	return found
}

func (r *renovate) execute(text string, groups map[string]string) string {
	var b strings.Builder
	if err := r.templates[text].Execute(&b, groups); err != nil {
		panic(err)
	}
	return b.String()
}

// bump raises dependency i to a version as Renovate does: it replaces the old one
// at the first place where the file, read again, has the new one.
func (r *renovate) bump(t *testing.T, text string, i int, version string) string {
	t.Helper()
	d := r.find(text)[i]
	replacement := strings.ReplaceAll(d.replace, d.Value, version)
	for at := 0; ; at++ {
		next := strings.Index(text[at:], d.replace)
		if next < 0 {
			t.Fatalf("%s cannot be raised to %s", d.Name, version)
		}
		at += next
		changed := text[:at] + replacement + text[at+len(d.replace):]
		if again := r.find(changed); len(again) > i && again[i].Name == d.Name && again[i].Value == version {
			return changed
		}
	}
}

var (
	tableHeader    = regexp.MustCompile(`^\[deps\.["']?([\w.+-]+?)["']?\]`)
	commentForm    = regexp.MustCompile(`^# renovate: datasource=(\S+) (?:depName=\S+ packageName|depName|packageName)=(\S+)`)
	renovateNumber = regexp.MustCompile(`^v?[0-9]`)
)

// wanted returns what Renovate should find in a lockfile, by what the lock
// package reads in it, and by the comments.
func wanted(t *testing.T, name, text string) []renovateDep {
	t.Helper()
	file, err := lock.Parse(name, []byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	comments := map[string][]string{}
	dep, above := "", ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if m := tableHeader.FindStringSubmatch(line); m != nil {
			dep = m[1]
		}
		if m := commentForm.FindStringSubmatch(above); m != nil && strings.HasPrefix(line, "version") {
			comments[dep] = m
		}
		above = line
	}
	var want []renovateDep
	for _, d := range file.Deps {
		w := renovateDep{Name: d.Name, Value: d.Version}
		switch m := comments[d.Name]; {
		case !renovateNumber.MatchString(d.Version):
			continue
		case m != nil:
			w.Datasource, w.Package = m[1], m[2]
		case d.Latest != nil && d.Latest.GitHub != "":
			w.Datasource, w.Package = "github-releases", d.Latest.GitHub
			if d.Latest.Tags {
				w.Datasource = "github-tags"
			}
		default:
			continue
		}
		if d.Latest != nil && d.Latest.Prerelease {
			w.Type = "prerelease"
		}
		want = append(want, w)
	}
	return want
}

// check compares what Renovate finds in a lockfile with what it should find.
func (r *renovate) check(t *testing.T, name, text string) []renovateDep {
	t.Helper()
	want, got := wanted(t, name, text), r.find(text)
	if len(got) != len(want) {
		t.Errorf("%s: found %+v\nwant %+v\n%s", name, got, want, text)
		return got
	}
	for i, g := range got {
		g.versioning, g.extractVersion, g.replace = "", "", ""
		if g != want[i] {
			t.Errorf("%s: found %+v; want %+v\n%s", name, g, want[i], text)
		}
	}
	return got
}

// TestRenovateLayouts puts the keys of a dependency in every order, and says in
// every way where its versions are, between two other dependencies.
func TestRenovateLayouts(t *testing.T) {
	r := readRenovate(t)
	version, address, path := `version = "1.2.3"`, `url = "https://example.com/{version}"`, `path = "/b"`
	comment := "# renovate: datasource=golang-version depName=go versioning=loose\n"
	forms := []struct{ latest, table string }{
		{latest: `latest = { github = "o/r" }`},
		{latest: `latest  =  {min-age="7d",github='o/r'} # the {new} ones`},
		{latest: `latest = { prefix = "#}", tags = true, prerelease = true, github = "o/r" }`},
		{latest: "latest = {\n  # github = \"old/one\",\n  tags = true,\n  github = \"o/r\", # prerelease = true\n}"},
		{latest: `latest.github = "o/r"`},
		{latest: "# latest = { github = \"old/one\" }\nlatest = { github = \"o/r\", tags = false }"},
		{latest: `latest = { url = "https://example.com/", regex = 'github = "[0-9{}]+"' }`},
		{latest: `latest = { line = "1.2", github = "o/r", prefix = "v" }`},
		{table: "[deps.NAME.latest]\nprefix = \"r\"\nline = '1'\ngithub = \"o/r\"\n"},
		{table: "[deps.NAME.latest]\n# github = \"old/one\"\n\ntags = true\ngithub = \"o/r\"\n"},
		{table: "[ deps . NAME . latest ] # where\ngithub = 'o/r'\nprerelease = true\n\n[deps.NAME.alias]\n\"linux/amd64\" = \"x\"\n"},
	}
	found := 0
	for _, form := range forms {
		keys := []string{version, address, path}
		if form.latest != "" {
			keys = append(keys, form.latest)
		}
		for _, keys := range permutations(keys) {
			for _, name := range []string{"b", "b-2", `"b.2+x"`} {
				for _, variant := range []func(string) string{
					func(s string) string { return s },
					func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
					func(s string) string { return strings.ReplaceAll(s, "version =", "  version\t= ") },
					func(s string) string { return strings.ReplaceAll(s, "\n", "\n\n  ") },
					func(s string) string { return strings.ReplaceAll(s, version, comment+version) },
					func(s string) string { return strings.ReplaceAll(s, version, "# not this: v1\n"+version+" # 1.2.3") },
				} {
					b := "[deps.NAME] # b\n" + strings.Join(keys, "\n") + "\n# 1.2.3\n" + form.table
					lockfile := "version = 1\n[deps.a]\nversion = \"1.2.3\"\nurl = \"https://example.com/a\"\n\n" +
						variant(strings.ReplaceAll(b, "NAME", name)) +
						"# the third\n[deps.c]\nversion = \"v1.2.3\"\nlatest = { github = \"c/c\" }\nurl = \"https://example.com/c\""
					found += len(r.check(t, "deps.lock.toml", lockfile))
					if t.Failed() {
						return
					}
				}
			}
		}
	}
	if found < 2000 {
		t.Errorf("only %d dependencies were there to find", found)
	}
}

func permutations(keys []string) (all [][]string) {
	if len(keys) < 2 {
		return [][]string{keys}
	}
	for i, key := range keys {
		for _, rest := range permutations(slices.Delete(slices.Clone(keys), i, i+1)) {
			all = append(all, append([]string{key}, rest...))
		}
	}
	return all
}

// TestRenovateFindsNothing has legal lockfiles that do not say, or not in a form
// that the regexes take, where versions are. Nothing wrong is found in them.
func TestRenovateFindsNothing(t *testing.T) {
	r := readRenovate(t)
	const url = "\nurl = \"https://example.com/x\"\n"
	for _, lockfile := range []string{
		"[deps.a]" + url + `version = "1"`,
		"[deps.a]" + url + "version = \"1\"\n# latest = { github = \"o/r\" }",
		"[deps.a]" + url + `latest = { github = "o/r" }`,
		"[deps.a]" + url + "version = \"stable\"\nlatest = { github = \"o/r\" }",
		"[deps.a]" + url + "version = \"jq-1.7\"\nlatest = { github = \"o/r\", prefix = \"jq-\" }",
		"[deps.a]" + url + "version = \"1\"\nlatest = { url = \"https://example.com/\", regex = \"1\" }",
		// A number, which may be of a name or of a version; and two lines.
		"[deps.a]" + url + "version = \"1.2\"\nlatest = { github = \"o/r\", prefix = \"v1\" }",
		"[deps.a]" + url + "version = \"1.2\"\nlatest = { github = \"o/r\", prefix = \"v1.\", line = \"1.2\" }",
		"# renovate: datasource=npm depName=a\n[deps.a]" + url + `version = "1"`,
		"[deps.a]" + url + "# renovate: datasource=npm depName=a\n\nversion = \"1\"",
		"[deps.a]" + url + "version = \"1\"\n# renovate: datasource=npm depName=b\n[deps.b]" + url + `version = "1"`,
		"#[deps.b]\n#version = \"1\"\n#latest = { github = \"o/r\" }\n[deps.a]" + url + `version = "1"`,
		// The tables of b do not stand together.
		"[deps.b]" + url + "[deps.a]" + url + "version = \"1\"\n[deps.b.latest]\ngithub = \"o/r\"",
		"[deps.b]" + url + "version = \"1\"\n[deps.a]" + url + "version = \"1\"\n[deps.b.latest]\ngithub = \"o/r\"",
		// No table of its own.
		"[deps]\na = { version = \"1\", url = \"https://example.com\", latest = { github = \"o/r\" } }",
		"deps.a.version = \"1\"\ndeps.a.url = \"https://example.com\"\ndeps.a.latest.github = \"o/r\"",
	} {
		lockfile = "version = 1\n" + lockfile
		if _, err := lock.Parse("deps.lock.toml", []byte(lockfile)); err != nil {
			t.Errorf("%v\n%s", err, lockfile)
		}
		if found := r.find(lockfile); len(found) > 0 {
			t.Errorf("found %+v in\n%s", found, lockfile)
		}
	}
}
