package lock

import (
	"fmt"
	"slices"
	"strings"
)

// Template is a text with words in braces, such as
// "https://example.com/tool-{version}-{arch}.tar.gz". It has been checked when
// it was parsed; the zero Template is that of a key which the lockfile lacks.
type Template struct {
	text  string
	words []word
}

// word is a {word} of a template: its name, and the bytes text[start:end] that
// it takes there, braces included. Filters change what it stands for.
type word struct {
	name       string
	filters    []filter
	start, end int
}

// templateError is a fault at byte offset of a template.
type templateError struct {
	offset int
	msg    string
}

func (e *templateError) Error() string { return e.msg }

// wordsAndURL are the names that may stand in braces in some template.
var wordsAndURL = []string{"version", "major", "minor", "patch", "os", "arch", "variant", "uname", "alias", "url"}

// words returns those that may in any.
func words() []string { return slices.Clip(wordsAndURL[:len(wordsAndURL)-1]) }

// parseTemplate reads a template whose words are all of known. It returns
// every fault.
func parseTemplate(text string, known []string) (Template, []*templateError) {
	t := Template{text: text}
	var faults []*templateError
	for i := 0; i < len(text); i++ {
		if text[i] != '{' && text[i] != '}' {
			continue
		}
		end := strings.IndexAny(text[i+1:], "{}") + i + 1
		if text[i] == '}' || end == i || text[end] == '{' {
			faults = append(faults, &templateError{offset: i, msg: fmt.Sprintf("lone %q: braces enclose a word, as in {version}", text[i])})
			continue
		}
		name, filters, fault := parseWord(text[i+1 : end])
		t.words = append(t.words, word{name: name, filters: filters, start: i, end: end + 1})
		if fault != "" {
			faults = append(faults, &templateError{offset: i, msg: fault})
		}
		if !slices.Contains(known, name) {
			faults = append(faults, &templateError{offset: i, msg: unknownWord(name, known)})
		}
		i = end
	}
	return t, faults
}

// unknownWord returns the message for a word that is not one of known.
func unknownWord(name string, known []string) string {
	if name == "url" {
		return "{url} can only stand in sums and signature"
	}
	if len(known) == 1 {
		return fmt.Sprintf("unknown word %q; {%s} is the one that stands here", "{"+name+"}", known[0])
	}
	return fmt.Sprintf("unknown word %q%s", "{"+name+"}", didYouMean(name, known, "{%s}"))
}

// String returns t as the lockfile has it.
func (t Template) String() string { return t.text }

// HasVersion reports whether t expands to something else for another version.
func (t Template) HasVersion() bool {
	return slices.ContainsFunc(t.words, func(w word) bool { return isVersionWord(w.name) })
}

// IsZero reports whether t is the zero Template.
func (t Template) IsZero() bool { return t.text == "" }

// unfiltered returns t without its filters.
func (t Template) unfiltered() Template {
	t.words = slices.Clone(t.words)
	for i := range t.words {
		t.words[i].filters = nil
	}
	return t
}

// expand replaces each word of t by what lookup returns for its name.
func (t Template) expand(lookup func(name string) (string, error)) (string, error) {
	if len(t.words) == 0 {
		return t.text, nil
	}
	var b strings.Builder
	b.Grow(2 * len(t.text))
	rest := 0
	for _, w := range t.words {
		s, err := lookup(w.name)
		for _, f := range w.filters {
			if err == nil {
				s, err = f.apply(s)
			}
		}
		if err != nil {
			return "", &templateError{offset: w.start, msg: err.Error()}
		}
		b.WriteString(t.text[rest:w.start])
		b.WriteString(s)
		rest = w.end
	}
	b.WriteString(t.text[rest:])
	return b.String(), nil
}

// Expand replaces the words of one of d's templates. It fails if one of them stands
// for nothing: a missing version, field of a version or alias, an unknown machine
// name, or a word of the platform where p is [Any]. For a platform that is locked, it
// does not fail.
func (d *Dep) Expand(t Template, p Platform) (string, error) {
	return t.expand(func(name string) (string, error) { return d.lookup(name, p) })
}

// lookup returns what a word stands for on p.
func (d *Dep) lookup(name string, p Platform) (string, error) {
	switch name {
	case "url":
		return d.Expand(d.URL, p)
	case "version", "major", "minor", "patch":
		return versionWord(d.Version, name)
	}
	if p == Any {
		return "", fmt.Errorf("{%s} differs between platforms, and the line any stands for all of them", name)
	}
	os, arch, variant := p.split()
	switch name {
	case "os":
		return os, nil
	case "arch":
		return arch, nil
	case "variant":
		return variant, nil
	case "alias":
		if alias, ok := d.Alias[p]; ok {
			return alias, nil
		}
		return "", fmt.Errorf("{alias}: alias has no entry for %s", p)
	case "uname":
		if m := p.Uname(); m != "" {
			return m, nil
		}
		return "", fmt.Errorf("{uname}: what uname -m says on %s is not known; use {alias}", p)
	}
	return "", fmt.Errorf("unknown word {%s}", name)
}

// versionWord returns version itself or the field of it that name names. Fields
// are the numbers between dots, behind an optional v, up to the first - or +.
func versionWord(version, name string) (string, error) {
	if version == "" {
		return "", fmt.Errorf("{%s} is used, but there is no version", name)
	}
	if name == "version" {
		return version, nil
	}
	core := strings.TrimPrefix(version, "v")
	if i := strings.IndexAny(core, "-+"); i >= 0 {
		core = core[:i]
	}
	fields := strings.Split(core, ".")
	i := slices.Index([]string{"major", "minor", "patch"}, name)
	if i >= len(fields) || fields[i] == "" || strings.Trim(fields[i], "0123456789") != "" {
		return "", fmt.Errorf("{%s}: version %q has no such number", name, version)
	}
	return fields[i], nil
}
