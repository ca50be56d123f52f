package console

import (
	"net"
	"strings"
	"testing"

	"depfetch/fetch"
	"depfetch/fetch/source"
)

// TestUnresolved: a host that cannot be resolved wants a rule or a proxy, most often.
func TestUnresolved(t *testing.T) {
	var text strings.Builder
	c := &Console{Program: "depfetch", Stderr: &text}
	c.HintTransfer(&fetch.TransferError{Artifact: &fetch.Artifact{}, Attempts: []fetch.Attempt{{
		Source: fetch.SourceOrigin, URL: "https://dl.example/f",
		Err: &source.Error{URL: "https://dl.example/f", Err: &net.DNSError{Name: "dl.example", IsNotFound: true}},
	}}})
	if want := "hint: no rule of DEPFETCH_REWRITE holds for dl.example, and no proxy is set"; !strings.Contains(text.String(), want) {
		t.Errorf("%q, want %q", text.String(), want)
	}
}
