package sums

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
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
	s = strings.TrimSpace(s)
	if a, encoded, ok := strings.Cut(s, "-"); ok && (a == "sha256" || a == "sha512" || a == "sha384") {
		raw, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return nil
		}
		s = a + ":" + hex.EncodeToString(raw)
	}
	a, digest := labelled(s)
	if !isDigest(digest) {
		return nil
	}
	p.add(sum{algorithm: a, hex: digest})
	if p.list.empty() {
		return nil
	}
	return p.list
}

// parseJSON reads a JSON document with exactly one digest, unless it is an error
// message of an API.
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
	for _, l := range found {
		return l, len(found) == 1
	}
	return nil, false
}
