package signature

import (
	"bytes"
	"strings"
	"testing"
	"time"

	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"depfetch/lock"
)

// TestTextMode holds that a signature of OpenPGP which says nothing of line ends counts
// for a list, and for no file.
func TestTextMode(t *testing.T) {
	e, err := openpgp.NewEntity("release", "", "release@example.com", nil)
	if err != nil {
		t.Fatal(err)
	}
	var key, text, exact bytes.Buffer
	if err := e.Serialize(&key); err != nil {
		t.Fatal(err)
	}
	const signed = "0123  tool\n4567  other\n"
	for w, params := range map[*bytes.Buffer]*openpgp.SignParams{&text: {TextSig: true}, &exact: {}} {
		if err := openpgp.DetachSignWithParams(w, []*openpgp.Entity{e}, strings.NewReader(signed), params); err != nil {
			t.Fatal(err)
		}
	}
	windows := strings.ReplaceAll(signed, "\n", "\r\n")
	for _, c := range []struct {
		name      string
		list      bool
		signature []byte
		file      string
		want      string
	}{
		{"bytes of a file", false, exact.Bytes(), signed, ""},
		{"text of a file", false, text.Bytes(), signed, "whatever line ends"},
		{"text of a file with other line ends", false, text.Bytes(), windows, "whatever line ends"},
		{"text of a list", true, text.Bytes(), signed, ""},
		{"text of a list with other line ends", true, text.Bytes(), windows, ""},
		{"text of another list", true, text.Bytes(), signed + "89ab  more\n", "not one of these bytes"},
		{"bytes of a list with other line ends", true, exact.Bytes(), windows, "not one of these bytes"},
	} {
		p, err := New(lock.Signature{Kind: "gpg", Key: "a", OfSums: c.list}, Given{File: func(string) ([]byte, error) { return key.Bytes(), nil }})
		if err != nil {
			t.Fatal(err)
		}
		r, err := p.Verify(TextSubject("tool", []byte(c.file)), Material{Signature: c.signature}, time.Now().Add(time.Minute))
		t.Run(c.name, func(t *testing.T) { checkResult(t, r, err, signer(e), c.want) })
	}
}
