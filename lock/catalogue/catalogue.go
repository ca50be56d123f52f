// Package catalogue turns the name of a tool into a dependency of a lockfile. Its
// catalogues are registries in aqua's format (YAML), each pinned by its sha256.
//
// It guarantees that what [Entry.Map] returns expands, by the lockfile's own rules, to
// the addresses that the registry gives: for every wanted platform, at the wanted
// version and at its neighbours as far as the registry describes them alike. This is
// checked for each mapping, by expanding it and by evaluating the registry anew. A
// registry changes nothing else: it runs nothing, and what it names is downloaded and
// locked as if a person had written it.
//
// It refuses, with an error that says why: versions of which upstream publishes no file,
// platforms that the registry does not list, what is built from source, archives that
// package unpack does not read, expressions and functions of templates that it does not
// know, entries with keys that it does not know, and templates that cannot be written in
// a lockfile. Checksums by md5 and sha1 are left out.
//
// The package reads and writes nothing but for [Store.Load], which verifies what it
// returns.
package catalogue

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"iter"
	"maps"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"depfetch/fetch/spelling"
)

// MaxSize is how large a registry may be, in bytes.
const MaxSize = 64 << 20

// Registry is one registry: entries by name. It is safe for concurrent use.
type Registry struct {
	Name   string // as errors and listings call it
	chunks []*chunk
	whole  *chunk // for entries that cannot be read without the others
}

// chunk is the text of some entries, which is decoded when one of them may be wanted:
// of thousands, a lookup decodes a few.
type chunk struct {
	text    string
	of      string // the registry
	line    int    // of the entry; 0 if the text is all of the registry
	once    sync.Once
	entries []*Entry
	err     error
}

// Parse reads a registry in aqua's format.
func Parse(name string, data []byte) (*Registry, error) {
	if len(data) > MaxSize {
		return nil, fmt.Errorf("%s: a registry is at most %d MiB", name, MaxSize>>20)
	}
	r := &Registry{Name: name, whole: &chunk{text: string(data), of: name}}
	for line, text := range split(r.whole.text) {
		r.chunks = append(r.chunks, &chunk{text: text, of: name, line: line})
	}
	if len(r.chunks) > 0 {
		return r, nil
	}
	// In another layout than the usual one, all is decoded at once.
	if _, err := r.whole.load(); err != nil {
		return nil, err
	}
	r.chunks = []*chunk{r.whole}
	return r, nil
}

// split gives the entries of a registry as documents of their own, by their lines, if it is laid out
// as registries are: "packages:" and below it a list, an item for each entry. Whatever
// stands below an item is indented by more than its hyphen.
func split(text string) iter.Seq2[int, string] {
	none := func(func(int, string) bool) {}
	const head = "packages:\n"
	text = strings.ReplaceAll(text, "\r\n", "\n")
	at := 0
	if !strings.HasPrefix(text, head) {
		at = strings.Index(text, "\n"+head) + 1
		if at == 0 {
			return none
		}
	}
	for line := range strings.Lines(text[:at]) {
		if line = strings.TrimSpace(line); line != "" && line != "---" && line[0] != '#' {
			return none
		}
	}
	body := text[at+len(head):]
	hyphen := strings.IndexByte(body, '-')
	if hyphen < 0 || strings.Trim(body[:hyphen], " ") != "" {
		return none
	}
	mark := body[:hyphen] + "- "
	var starts []int
	pos := 0
	for line := range strings.Lines(body) {
		indent := len(line) - len(strings.TrimLeft(line, " "))
		rest := line[indent:]
		switch {
		case strings.HasPrefix(line, mark):
			starts = append(starts, pos)
		case strings.TrimSpace(rest) != "" && rest[0] != '#' && indent <= hyphen:
			return none // something else than a list of entries, or behind it
		case strings.HasPrefix(rest, "\t"):
			return none
		}
		pos += len(line)
	}
	return func(yield func(int, string) bool) {
		line := strings.Count(text[:at], "\n") + 2
		for i, start := range starts {
			end := len(body)
			if i+1 < len(starts) {
				end = starts[i+1]
			}
			if !yield(line, head+body[start:end]) {
				return
			}
			line += strings.Count(body[start:end], "\n")
		}
	}
}

// decode reads the entries of a document. One with keys that are not known is an entry
// whose fault is found when it is mapped.
func decode(text string) ([]*Entry, error) {
	var strict, lenient struct {
		Packages []*Entry  `yaml:"packages"`
		Aliases  yaml.Node `yaml:"aliases"`
	}
	d := yaml.NewDecoder(strings.NewReader(text))
	d.KnownFields(true)
	err := d.Decode(&strict)
	if err == nil {
		return strict.Packages, checkEntries(strict.Packages)
	}
	if yaml.Unmarshal([]byte(text), &lenient) != nil || checkEntries(lenient.Packages) != nil {
		return nil, fmt.Errorf("this is no registry: %w", err)
	}
	for _, e := range lenient.Packages {
		e.fault = fault(err)
	}
	return lenient.Packages, nil
}

func checkEntries(entries []*Entry) error {
	for _, e := range entries {
		if e == nil || e.FullName() == "" {
			return errors.New("an entry has no name")
		}
	}
	return nil
}

// fault shortens the decoder's error, whose lines count from the entry.
func fault(err error) string {
	msg := err.Error()
	if e, ok := errors.AsType[*yaml.TypeError](err); ok && len(e.Errors) > 0 {
		msg = e.Errors[0]
	}
	if _, what, ok := strings.Cut(msg, ": "); ok && strings.HasPrefix(msg, "line ") {
		msg = what
	}
	msg, _, _ = strings.Cut(msg, " in type ")
	return msg
}

// load returns the entries of c.
func (c *chunk) load() ([]*Entry, error) {
	c.once.Do(func() {
		if c.entries, c.err = decode(c.text); c.err != nil {
			c.err = c.placed(c.err)
			return
		}
		var lines struct {
			Packages []yaml.Node `yaml:"packages"`
		}
		if c.line == 0 {
			yaml.Unmarshal([]byte(c.text), &lines) // it is valid
		}
		for i, e := range c.entries {
			switch e.at = c.of; {
			case c.line > 0:
				e.at += ":" + strconv.Itoa(c.line)
			case i < len(lines.Packages):
				e.at += ":" + strconv.Itoa(lines.Packages[i].Line)
			}
		}
	})
	return c.entries, c.err
}

// faultForm matches the decoder's errors that name a line.
var faultForm = regexp.MustCompile(`^(?s:.*?)line ([0-9]+): (.*)`)

// placed gives an error of the decoder its place.
func (c *chunk) placed(err error) error {
	if m := faultForm.FindStringSubmatch(err.Error()); m != nil {
		return fmt.Errorf("%s:%s: this is no registry: %s", c.of, m[1], m[2])
	}
	return fmt.Errorf("%s: %w", c.of, err)
}

// Entries returns all entries, in the order of the registry.
func (r *Registry) Entries() ([]*Entry, error) {
	return r.where(func(string) bool { return true })
}

// where returns the entries of the chunks whose text may hold what is wanted.
func (r *Registry) where(may func(text string) bool) ([]*Entry, error) {
	var wanted []*chunk
	for _, c := range r.chunks {
		if may(c.text) {
			wanted = append(wanted, c)
		}
	}
	var g sync.WaitGroup
	n := min(len(wanted), runtime.GOMAXPROCS(0))
	for worker := range n {
		g.Go(func() {
			for i := worker; i < len(wanted); i += n {
				wanted[i].load()
			}
		})
	}
	g.Wait()
	var all []*Entry
	for _, c := range wanted {
		entries, err := c.load()
		if err != nil { // it may refer to another entry
			entries, err = r.whole.load()
			return slices.Clone(entries), err
		}
		all = append(all, entries...)
	}
	return all, nil
}

// holding returns a filter of texts that may hold all of some words: they do, or may do
// so by an escape.
func holding(words ...string) func(string) bool {
	return func(text string) bool {
		return escapes(text) || !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) && !strings.ContainsAny(w, "\"'\\ \t\n") })
	}
}

// escapes reports whether a text in YAML has an escape that stands for a letter, a digit
// or punctuation, or is broken within a word. Those of the regular expressions of
// registries are none.
func escapes(text string) bool {
	for at := strings.IndexByte(text, '\\'); at >= 0 && at+1 < len(text); {
		if strings.IndexByte("xuU/\n\r", text[at+1]) >= 0 {
			return true
		}
		next := strings.IndexByte(text[at+1:], '\\')
		if next < 0 {
			return false
		}
		at += 1 + next
	}
	return false
}

// Lookup finds what a name stands for: the full name of an entry or one of its other
// names, else a tool that is called as its command is, such as terraform for
// hashicorp/terraform and not for another that has a command of that name, else a
// command, else the last part of a name. What is built from source counts only where
// there is no download. Of several registries, the first that knows the name decides.
// The error is an [*UnknownError] or an [*AmbiguousError].
func Lookup(registries []*Registry, name string) (*Entry, error) {
	var near []string
	for _, r := range registries {
		entries, err := r.where(holding(lastElement(name)))
		if err != nil {
			return nil, err
		}
		found := best(entries, name)
		switch {
		case len(found) == 1:
			return found[0], nil
		case len(found) > 1 && !slices.ContainsFunc(found, func(e *Entry) bool { return e.FullName() != found[0].FullName() }):
			return nil, found[1].bad("there is another entry of this name at %s", found[0].at)
		case len(found) > 1:
			return nil, &AmbiguousError{Name: name, Entries: found}
		}
		for _, e := range entries {
			near = append(near, e.FullName())
		}
	}
	near = nearest(near, name)
	if len(near) == 0 && !strings.Contains(name, "/") { // else it may be a repository's name
		var err error
		if near, err = misspelt(registries, name); err != nil {
			return nil, err
		}
	}
	return nil, &UnknownError{Name: name, Near: near}
}

// best returns the entries that a name stands for: by their own names, as that of a tool
// which is called as its command is, as that of a command, or as the last part of their
// names. Of several, those that are downloads count.
func best(entries []*Entry, name string) []*Entry {
	last := func(e *Entry) bool {
		return slices.ContainsFunc(e.names(), func(n string) bool { return lastElement(n) == name })
	}
	command := func(e *Entry) bool { return slices.Contains(e.Commands(), name) }
	for _, fits := range []func(*Entry) bool{
		func(e *Entry) bool { return slices.Contains(e.names(), name) },
		func(e *Entry) bool { return last(e) && command(e) },
		command,
		last,
	} {
		var found, downloads []*Entry
		for _, e := range entries {
			if fits(e) {
				found = append(found, e)
				if e.downloads() {
					downloads = append(downloads, e)
				}
			}
		}
		switch {
		case len(downloads) > 0:
			return downloads
		case len(found) > 0:
			return found
		}
	}
	return nil
}

// maxNear is how many names an UnknownError offers.
const maxNear = 5

// nearest returns the names that are most like a name: the shortest that hold it.
func nearest(names []string, name string) []string {
	names = slices.DeleteFunc(names, func(n string) bool {
		return !strings.Contains(strings.ToLower(n), strings.ToLower(lastElement(name)))
	})
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(len(a), len(b)) })
	return names[:min(len(names), maxNear)]
}

// misspelt returns the full names of the entries that a name was likely meant for. It reads
// whole registries, which takes a second.
func misspelt(registries []*Registry, name string) ([]string, error) {
	called := make(map[string][]string) // full names, by their last part or a command
	for _, r := range registries {
		entries, err := r.where(func(string) bool { return true })
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			for _, word := range append(e.Commands(), lastElement(e.FullName())) {
				if !slices.Contains(called[word], e.FullName()) {
					called[word] = append(called[word], e.FullName())
				}
			}
		}
	}
	near := called[spelling.Nearest(lastElement(name), slices.Sorted(maps.Keys(called)))]
	return near[:min(len(near), maxNear)], nil
}

// Search returns the entries whose names, commands, description or search words hold
// every one of the words, whatever their case: first those whose own name is the first
// word, then those whose names hold it.
func (r *Registry) Search(words ...string) ([]*Entry, error) {
	for i := range words {
		words[i] = strings.ToLower(words[i])
	}
	may := holding(words...)
	entries, err := r.where(func(text string) bool { return may(strings.ToLower(text)) })
	if err != nil {
		return nil, err
	}
	entries = slices.DeleteFunc(entries, func(e *Entry) bool {
		text := strings.ToLower(strings.Join(slices.Concat(e.names(), e.Commands(), e.SearchWords, []string{e.Description}), "\n"))
		return slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) })
	})
	rank := func(e *Entry) int {
		names := strings.ToLower(strings.Join(append(e.Commands(), e.names()...), "\n"))
		switch {
		case len(words) == 0:
			return 0
		case slices.Contains(e.Commands(), words[0]) || slices.ContainsFunc(e.names(), func(n string) bool { return lastElement(n) == words[0] }):
			return 0
		case strings.Contains(names, words[0]):
			return 1
		}
		return 2
	}
	slices.SortStableFunc(entries, func(a, b *Entry) int { return cmp.Compare(rank(a), rank(b)) })
	return entries, nil
}

// lastElement returns what stands behind the last slash of a name.
func lastElement(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// IsRegistry reports whether data looks like a registry at all: a web page does not.
func IsRegistry(data []byte) bool {
	return bytes.HasPrefix(data, []byte("packages:")) || bytes.Contains(data, []byte("\npackages:"))
}

// Names returns the names that begin with a prefix and that Lookup may know, each with
// a tab and what it is behind it, as shells show completions: commands, and full names
// once the prefix has a slash.
func (r *Registry) Names(prefix string) ([]string, error) {
	begin := lastElement(prefix)
	entries, err := r.where(func(text string) bool {
		for rest, found := text, true; found; {
			var before string
			if before, rest, found = strings.Cut(rest, begin); found && (before == "" || strings.IndexByte(" \n/\"'[{,:", before[len(before)-1]) >= 0) {
				return true
			}
		}
		return escapes(text)
	})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		of := e.Commands()
		if strings.Contains(prefix, "/") {
			of = e.names()
		}
		for _, n := range of {
			if strings.HasPrefix(n, prefix) {
				names = append(names, n+"\t"+strings.TrimSpace(e.Description))
			}
		}
	}
	return names, nil
}
