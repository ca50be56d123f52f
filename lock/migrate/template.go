package migrate

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"

	"depfetch/lock"
)

// template is an address as the lockfile writes it.
type template struct {
	url     string
	version string
	alias   map[lock.Platform]string

	words []string // what words stand for, on any platform
}

// glob returns a name in an archive with what changes between versions and
// platforms as *.
func (t template) glob(name string) string {
	for _, w := range t.words {
		name = strings.ReplaceAll(name, w, "*")
	}
	return name
}

// named matches the names of variables that hold a version.
var named = regexp.MustCompile(`(?i)(version|_ver|^ver|tag|release|revision|_rev|commit|^v$|_v$)`)

// templateOf returns a template that expands to the address of each platform.
func templateOf(urls map[lock.Platform]string, vars map[string]string) (t template, why string) {
	platforms := slices.Sorted(maps.Keys(urls))
	// The version, if the address has it from a variable.
	candidates := slices.Sorted(maps.Keys(vars))
	slices.SortStableFunc(candidates, func(a, b string) int { return cmp.Compare(len(vars[b]), len(vars[a])) })
	for _, name := range candidates {
		v := vars[name]
		if !named.MatchString(name) || len(v) < 3 || len(v) > 128 || !strings.ContainsAny(v, "0123456789") || strings.ContainsAny(v, " {}/:") {
			continue
		}
		if slices.ContainsFunc(platforms, func(p lock.Platform) bool { return !strings.Contains(urls[p], v) }) {
			continue
		}
		t.version = v
		t.words = append(t.words, v)
		break
	}
	short := make(map[lock.Platform]string)
	for p, u := range urls {
		if short[p] = u; t.version != "" {
			scheme := strings.Index(u, "://") + 3
			short[p] = u[:scheme] + strings.ReplaceAll(u[scheme:], t.version, "{version}")
		}
	}
	first := short[platforms[0]]
	if !slices.ContainsFunc(platforms, func(p lock.Platform) bool { return short[p] != first }) {
		t.url = first
		return t, ""
	}
	for _, words := range [][]string{{"{arch}"}, {"{uname}"}, {"{uname}", "{arch}"}, {"{arch}", "{variant}"}} {
		if url, ok := withWords(short, platforms, words); ok {
			t.url = url
			for _, p := range platforms {
				for _, w := range words {
					if text := expand(w, p); len(text) > 2 {
						t.words = append(t.words, text)
					}
				}
			}
			return t, ""
		}
	}
	t.url, t.alias = withAlias(short, platforms)
	for _, a := range t.alias {
		if len(a) > 2 {
			t.words = append(t.words, a)
		}
	}
	if !strings.Contains(t.url, "{alias}") || strings.Index(t.url, "{alias}") < strings.Index(t.url, "://")+3 {
		return t, "its addresses on the platforms have nothing in common"
	}
	return t, ""
}

// expand returns what a word of a template stands for on a platform, or "". The
// lockfile's own rules say what that is.
func expand(word string, p lock.Platform) string {
	const head = "https://h/"
	f, err := lock.Parse("", []byte("version = 1\n[deps.x]\nurl = \""+head+word+"\"\n"))
	if err != nil {
		return ""
	}
	text, err := f.Deps[0].Expand(f.Deps[0].URL, p)
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(text, head)
}

// withWords puts words for what they stand for on the first platform, if that makes
// a template for all.
func withWords(urls map[lock.Platform]string, platforms []lock.Platform, words []string) (string, bool) {
	url := urls[platforms[0]]
	for _, w := range words {
		text := expand(w, platforms[0])
		if text == "" {
			return "", false
		}
		url = strings.ReplaceAll(url, text, w)
	}
	for _, p := range platforms {
		got := url
		for _, w := range words {
			got = strings.ReplaceAll(got, w, expand(w, p))
		}
		if got != urls[p] {
			return "", false
		}
	}
	return url, true
}

// withAlias puts {alias} for the part in which the addresses differ.
func withAlias(urls map[lock.Platform]string, platforms []lock.Platform) (string, map[lock.Platform]string) {
	first := urls[platforms[0]]
	head, tail := len(first), len(first)
	for _, p := range platforms[1:] {
		u := urls[p]
		n := 0
		for n < head && n < len(u) && u[n] == first[n] {
			n++
		}
		head = min(head, n)
		n = 0
		for n < tail && n < len(u) && u[len(u)-1-n] == first[len(first)-1-n] {
			n++
		}
		tail = min(tail, n)
	}
	for _, p := range platforms {
		tail = min(tail, len(urls[p])-head)
	}
	// Whole words, not the letters that they happen to share.
	for head > 0 && isWord(first[head-1]) {
		head--
	}
	for tail > 0 && isWord(first[len(first)-tail]) {
		tail--
	}
	// A word in braces is not cut.
	if i := strings.LastIndexByte(first[:head], '{'); i >= 0 && !strings.Contains(first[i:head], "}") {
		head = i
	}
	alias := make(map[lock.Platform]string)
	for _, p := range platforms {
		u := urls[p]
		if strings.ContainsAny(u[head:len(u)-tail], "{}") {
			return "", nil
		}
		alias[p] = u[head : len(u)-tail]
	}
	return first[:head] + "{alias}" + first[len(first)-tail:], alias
}

func isWord(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
}
