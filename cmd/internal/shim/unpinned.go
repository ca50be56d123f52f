package shim

import (
	"strconv"
	"strings"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/exit"
	"depfetch/fetch/cmdline"
	"depfetch/fetch/source"
)

// Unpinned returns the error for an address that is not pinned, with a hint how to pin
// it: by deplock sync if synced is set, which is for lockfiles that sync or record
// maintains, otherwise as a dependency. taken reports whether a name is in use.
func Unpinned(a cmdline.Address, synced bool, taken func(name string) bool) error {
	shown := source.Redact(a.URL)
	hint, option := "to pin it: deplock add "+NameFor(a.URL, taken)+" '"+strings.ReplaceAll(shown, "'", "%27")+"'", " --allow-http"
	if synced {
		hint, option = "to pin it: deplock sync, with the --build-arg options of this build", " and --allow-http"
	}
	if a.Scheme == "http" {
		hint += option
	}
	if synced {
		hint += "; where no Dockerfile names the URL: deplock record -- COMMAND"
	} else if shown != a.URL {
		hint += ", with the values of the query"
	}
	return &console.Error{Err: cmdline.Bad(shown, " is not pinned"), Hint: hint, Code: exit.Refused}
}

// NameFor makes a name for a dependency from an address: the last element of its
// path without the suffixes of archives, or else the host.
func NameFor(address string, taken func(name string) bool) string {
	_, rest, _ := strings.Cut(address, "://")
	host, _, _ := strings.Cut(rest, "/")
	name := clean(cmdline.Base(address))
	for _, ending := range strings.Fields(".gz .tgz .xz .txz .bz2 .tbz2 .zst .zip .tar") {
		name = strings.TrimSuffix(name, ending)
	}
	if name == "" {
		name = clean(host)
	}
	unique := name
	for n := 2; unique == "" || taken(unique); n++ {
		unique = name + "-" + strconv.Itoa(n)
		if name == "" {
			unique = "file" + unique
		}
	}
	return unique
}

// clean replaces the characters that the name of a dependency may not have by dashes,
// and cuts what is longer than 100 bytes.
func clean(s string) string {
	s = strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("._+-", c) {
			return c
		}
		return '-'
	}, s)
	s = strings.TrimLeft(s, "._+-")
	return s[:min(len(s), 100)]
}
