package console

import (
	"net"
	"strings"
	"testing"

	"depfetch/fetch"
	"depfetch/fetch/source"
)

// TestUnresolved: a host that cannot be resolved is misspelt, or the network is missing, or
// in a company a rule or a proxy.
func TestUnresolved(t *testing.T) {
	var text strings.Builder
	c := &Console{Program: "depfetch", Stderr: &text}
	c.HintTransfer(&fetch.TransferError{Artifact: &fetch.Artifact{}, Attempts: []fetch.Attempt{{
		Source: fetch.SourceOrigin, URL: "https://dl.example/f",
		Err: &source.Error{URL: "https://dl.example/f", Err: &net.DNSError{Name: "dl.example", IsNotFound: true}},
	}}})
	if want := "hint: dl.example is not known here: look at its name and at the network; where a company has a proxy, name it in https_proxy, or give DEPFETCH_REWRITE a rule"; !strings.Contains(text.String(), want) {
		t.Errorf("%q, want %q", text.String(), want)
	}
}
