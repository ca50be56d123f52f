package fetch

import (
	"net/http"
	"strings"
	"testing"
)

// TestWebPage compares with net/http, which implements the same standard.
func TestWebPage(t *testing.T) {
	tests := []string{
		"", "<", "<!DOCTYPE html>", "<!DOCTYPE html SYSTEM", "<!doctype HTML", "<!DOCTYPE htm>", "<!DOCTYPEhtml>",
		"\ufeff<html>", "\r\n\t\f <HtMl lang=en>", "\v<html>", "<html", "<html/>", "<html\n>", "x<html>",
		"<!-- x -->", "<!--x", "<!-->", "<?xml version=\"1.0\"?>", "%PDF-1.7", "\x1f\x8b\x08", "\x7fELF", "#!/bin/sh\n", "{}",
	}
	for _, tag := range []string{"head", "script", "iframe", "h1", "h2", "div", "font", "table", "a", "abbr", "style", "title", "b", "body", "br", "p", "pre"} {
		tests = append(tests, "<"+tag+">", "<"+strings.ToUpper(tag)+" x", "<"+tag+"x>", "</"+tag+">")
	}
	for _, head := range tests {
		want := strings.HasPrefix(http.DetectContentType([]byte(head)), "text/html")
		if got := webPage([]byte(head)); got != want {
			t.Errorf("webPage(%q) = %v, want %v", head, got, want)
		}
	}
}
