package fetch

import "strings"

// pageTags are what a web page begins with, by the WHATWG's MIME sniffing standard.
// net/http knows them too, beside the signatures of all media types.
var pageTags = []string{
	"<!doctype html", "<html", "<head", "<script", "<iframe", "<h1", "<div", "<font", "<table",
	"<a", "<style", "<title", "<b", "<body", "<br", "<p", "<!--",
}

// webPage reports whether a file that begins with head is a web page.
func webPage(head []byte) bool {
	text := strings.ToLower(strings.TrimLeft(string(head), "\t\n\f\r "))
	for _, tag := range pageTags {
		rest, found := strings.CutPrefix(text, tag)
		if found && rest != "" && (rest[0] == ' ' || rest[0] == '>') {
			return true
		}
	}
	return false
}
