package sums

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// ParsePointer returns the digest that a JSON pointer (RFC 6901) names in a JSON
// document, as a list that gives it for every file. The digest is hexadecimal, with or
// without a label, or in base64 after its algorithm, as in "sha512-…". Its error is a
// [*NotAListError].
func ParsePointer(data []byte, pointer string) (*List, error) {
	var document any
	if err := json.Unmarshal([]byte(decode(data)), &document); err != nil {
		return nil, &NotAListError{Reason: "is no JSON document"}
	}
	pointer, err := url.PathUnescape(pointer) // of a fragment
	if err != nil {
		return nil, &NotAListError{Reason: "is asked for what is no JSON pointer"}
	}
	at := document
	for _, token := range strings.Split(pointer, "/")[1:] {
		token = strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
		switch v := at.(type) {
		case map[string]any:
			at = v[token]
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(v) {
				at = nil
				break
			}
			at = v[i]
		default:
			at = nil
		}
	}
	text, _ := at.(string)
	if l := one(text); l != nil {
		return l, nil
	}
	return nil, &NotAListError{Reason: fmt.Sprintf("has no sha256, sha512 or sha384 at %q", pointer)}
}

// one returns a list of the single digest s, or nil if s is not one.
func one(s string) *List {
	p := newParser()
	if d, ok := digestOf(s); ok {
		p.add(d)
	}
	if p.list.empty() {
		return nil
	}
	return p.list
}

// digestOf reads a string of JSON as a digest.
func digestOf(s string) (sum, bool) {
	s = strings.TrimSpace(s)
	if a, encoded, ok := strings.Cut(s, "-"); ok && (a == "sha256" || a == "sha512" || a == "sha384") {
		raw, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return sum{}, false
		}
		s = a + ":" + hex.EncodeToString(raw)
	}
	a, digest := labelled(s)
	return sum{algorithm: a, hex: digest}, isDigest(digest)
}

// parseJSON reads a JSON document with exactly one digest, or with digests of files that
// it names, unless it is an error message of an API.
func parseJSON(text string) (*List, bool) {
	var document any
	if json.Unmarshal([]byte(text), &document) != nil {
		return nil, false
	}
	if top, ok := document.(map[string]any); ok {
		for _, key := range []string{"message", "error", "errors"} {
			if _, ok := top[key]; ok {
				return nil, false
			}
		}
	}
	found := make(map[string]*List)
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for _, kid := range v {
				walk(kid)
			}
		case []any:
			for _, kid := range v {
				walk(kid)
			}
		case string:
			if l := one(v); l != nil {
				found[v] = l
			}
		}
	}
	walk(document)
	if len(found) != 1 {
		p := newParser()
		p.named(document)
		return p.list, !p.list.empty()
	}
	for _, l := range found {
		return l, true
	}
	return nil, false
}

// nameKeys are the keys of objects that name files, by name or address.
var nameKeys = []string{"filename", "file_name", "fileName", "file", "name", "path", "url", "browser_download_url"}

// named adds the digests that objects of a document give for the files that they name.
func (p *parser) named(v any) {
	switch v := v.(type) {
	case []any:
		for _, kid := range v {
			p.named(kid)
		}
	case map[string]any:
		names := namesOf(v)
		if len(names) > 0 {
			byKind := make(map[algorithm][]sum)
			for _, d := range digestsOf(v) {
				if !slices.Contains(byKind[d.algorithm], d) {
					byKind[d.algorithm] = append(byKind[d.algorithm], d)
				}
			}
			for _, all := range byKind {
				for _, name := range names {
					if len(all) == 1 { // else it is not known which one is the file's
						p.add(sum{algorithm: all[0].algorithm, hex: all[0].hex, name: name})
					}
				}
			}
		}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if text, ok := v[key].(string); ok && len(names) == 0 {
				if d, ok := digestOf(text); ok { // the key is the name
					p.add(sum{algorithm: d.algorithm, hex: d.hex, name: key})
				}
			}
			p.named(v[key])
		}
	}
}

// namesOf returns the names of the file that an object is about.
func namesOf(object map[string]any) []string {
	var names []string
	for _, key := range nameKeys {
		if name, ok := object[key].(string); ok && name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// digestsOf returns the distinct digests in an object, and in those in it that name no
// file, whose keys do not say that they are of another algorithm.
func digestsOf(object map[string]any) []sum {
	var all []sum
	for _, key := range slices.Sorted(maps.Keys(object)) {
		switch v := object[key].(type) {
		case string:
			d, ok := digestOf(v)
			if d.algorithm == "" {
				d.algorithm = bySize[len(d.hex)]
			}
			d.hex = strings.ToLower(d.hex)
			if ok && !otherAlgorithm.MatchString(key) && !slices.Contains(all, d) {
				all = append(all, d)
			}
		case map[string]any:
			if len(namesOf(v)) == 0 {
				all = append(all, digestsOf(v)...)
			}
		}
	}
	return all
}

// otherAlgorithm matches keys of digests that are as long as those that count.
var otherAlgorithm = regexp.MustCompile(`(?i)sha-?_?3|blake|b[23]sum|keccak|sm3|ripemd|sha-?512[/_-]256`)
