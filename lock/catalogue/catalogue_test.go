package catalogue

import (
	"errors"
	"os"
	"strings"
	"testing"
)

func names(entries []*Entry) string {
	var all []string
	for _, e := range entries {
		all = append(all, e.FullName())
	}
	return strings.Join(all, " ")
}

// TestParse holds that registries are read in every layout of YAML, and that what is
// none is refused.
func TestParse(t *testing.T) {
	data, err := os.ReadFile("testdata/registry.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const two = "a/a b/b"
	cases := map[string]struct{ text, want string }{
		"usual":       {"packages:\n  - repo_owner: a\n    repo_name: a\n\n  # b\n  - repo_owner: b\n    repo_name: b\n", two},
		"not indent":  {"---\npackages:\n- repo_owner: a\n  repo_name: a\n- repo_owner: b\n  repo_name: b\n", two},
		"crlf":        {"packages:\r\n  - repo_owner: a\r\n    repo_name: a\r\n  - {repo_owner: b, repo_name: b}\r\n", two},
		"flow":        {`{"packages": [{"name": "a/a"}, {"name": "b/b"}]}`, two},
		"key before":  {"aliases: []\npackages:\n  - name: a/a\n  - name: b/b\n", two},
		"key behind":  {"packages:\n  - name: a/a\n  - name: b/b\naliases: []\n", two},
		"long text":   {"packages:\n  - name: a/a\n    description: |\n      - name: c\n  - name: b/b\n", two},
		"escapes":     {"packages:\n  - name: \"\\x61/a\"\n  - name: b/b\n", two},
		"lone hyphen": {"packages:\n  -\n    name: a/a\n  -\n    name: b/b\n", two},
		"anchor":      {"packages:\n  - &a\n    name: a/a\n    asset: x\n  - <<: *a\n    name: b/b\n", two},
		"empty":       {"packages: []\n", ""},
		"no list":     {"packages: 1\n", "error"},
		"no name":     {"packages:\n  - asset: x\n", "error"},
		"null":        {"packages:\n  -\n", "error"},
		"page":        {"<!DOCTYPE html>\n<html></html>\n", "error"},
		"bad":         {"packages:\n  - name: [\n", "error"},
	}
	for name, c := range cases {
		r, err := Parse("x", []byte(c.text))
		got := "error"
		if err == nil {
			var entries []*Entry
			if entries, err = r.Entries(); err == nil {
				got = names(entries)
			}
		}
		if got != c.want {
			t.Errorf("%s: got %s, %v; want %s", name, got, err, c.want)
		}
	}
	if _, err := Parse("x", make([]byte, MaxSize+1)); err == nil {
		t.Error("a registry may be of any size")
	}
	if !IsRegistry(data) || IsRegistry([]byte("<html>")) {
		t.Error("a registry is not told from a page")
	}
}

// TestLookup holds what names stand for, and that none stands for two entries.
func TestLookup(t *testing.T) {
	own, err := Parse("own", []byte("packages:\n  - name: corp/helm\n    repo_owner: corp\n    repo_name: fork\n    files:\n      - name: jaq\n"))
	if err != nil {
		t.Fatal(err)
	}
	public := testRegistry(t)
	cases := []struct {
		registries []*Registry
		name, want string
	}{
		{[]*Registry{public}, "kubectl", "release.example/kubectl"},
		{[]*Registry{public}, "release.example/kubectl", "release.example/kubectl"},
		{[]*Registry{public}, "kubernetes/kubectl", "release.example/kubectl"},
		{[]*Registry{public}, "uvx", "uv/uv"},
		{[]*Registry{public}, "env", "sources/env"},
		{[]*Registry{public}, "env2", "env2 is the name of several tools\nenv/manager\nother/manager"},
		{[]*Registry{public}, "bat", "sharp/bat"},
		{[]*Registry{public}, "helm/helm", "helm/helm"},
		{[]*Registry{public}, "helm", "helm is the name of several tools\nhelm/helm  The package manager\nother/helm  Steers ships"},
		{[]*Registry{own, public}, "helm", "corp/helm"},
		{[]*Registry{public, own}, "jaq", "01x/jaq"},
		{[]*Registry{own, public}, "jaq", "corp/helm"},
		{[]*Registry{own, public}, "uv", "uv/uv"},
		{[]*Registry{public}, "hel", "hel is in no catalogue; like it are helm/helm, other/helm"},
		{[]*Registry{public}, "kubctl", "kubctl is in no catalogue; did you mean release.example/kubectl?"},
		{[]*Registry{own, public}, "hlem", "hlem is in no catalogue; like it are corp/helm, helm/helm, other/helm"},
		{[]*Registry{public}, "nothing/of-this", "nothing/of-this is in no catalogue"},
		{nil, "helm", "helm is in no catalogue"},
	}
	for _, c := range cases {
		e, err := Lookup(c.registries, c.name)
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = e.FullName()
		}
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
	if _, err := Lookup([]*Registry{public}, "helm"); !errors.As(err, new(*AmbiguousError)) {
		t.Errorf("got %T", err)
	}
	broken, err := Parse("broken", []byte("packages:\n  - name: [helm\n  - name: b\n"))
	if err == nil {
		_, err = Lookup([]*Registry{broken}, "helm")
	}
	if err == nil || !strings.Contains(err.Error(), "broken:1: this is no registry") {
		t.Errorf("of a registry that cannot be read: %v", err)
	}
}

// TestSearch holds in which order and by what entries are found.
func TestSearch(t *testing.T) {
	r := testRegistry(t)
	for words, want := range map[string]string{
		"helm":           "helm/helm other/helm",
		"HELM":           "helm/helm other/helm",
		"charts":         "helm/helm",
		"steers":         "release.example/kubectl other/helm",
		`"clusters"`:     "release.example/kubectl",
		"steers ships":   "other/helm",
		"uvx":            "uv/uv",
		"github_release": "",
	} {
		entries, err := r.Search(strings.Fields(words)...)
		if got := names(entries); err != nil || got != want {
			t.Errorf("%s: got %s, %v; want %s", words, got, err, want)
		}
	}
}

// TestPlatforms holds for which platforms the newest versions of an entry are.
func TestPlatforms(t *testing.T) {
	r := testRegistry(t)
	for name, want := range map[string]int{"jq": 6, "nowhere": 4, "bat": 6, "example.com/go/tool": 0, "keys": 0} {
		e, err := Lookup([]*Registry{r}, name)
		if err != nil {
			t.Fatal(err)
		}
		if got := e.Platforms(); len(got) != want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

// FuzzParse holds that no registry ends the program, however its entries are used.
func FuzzParse(f *testing.F) {
	data, err := os.ReadFile("testdata/registry.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range split(string(data)) {
		f.Add(text, "v1.2.3")
	}
	f.Fuzz(func(t *testing.T, text, tag string) {
		r, err := Parse("x", []byte(text))
		if err != nil {
			return
		}
		entries, err := r.Entries()
		if err != nil {
			return
		}
		for _, e := range entries {
			e.Platforms()
			e.Accepts(tag)
			e.Map(Want{Tag: tag, Platforms: both})
			e.Map(Want{Tag: e.Tags(tag)[0], Platforms: append(both, "windows/arm64"), Libc: "musl"})
		}
	})
}
