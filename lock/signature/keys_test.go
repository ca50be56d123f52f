package signature

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"depfetch/lock"
)

// TestKeyFiles holds what is said of the keys of files: how many there are, when they
// expire, and why they count for nothing.
func TestKeyFiles(t *testing.T) {
	hex := regexp.MustCompile(`^gpg [0-9A-F]{40}$`)
	for name, want := range map[string]string{
		"gpg.asc":         "never <nil>",
		"gpg.gpg":         "never <nil>",
		"gpg.all.asc":     "never <nil>; never <nil>; never <nil>",
		"gpg.expired.asc": "2020-12-31 it has expired",
		"gpg.revoked.asc": "never its owner has revoked it",
		"gpg.subkey.asc":  "never <nil>",
		"ssh.pub":         `key of gpg "ssh.pub": the file holds no public key of OpenPGP`,
		"none.asc":        `key of gpg "none.asc": open ../../testdata/signature/none.asc: no such file or directory`,
	} {
		read := func(path string) ([]byte, error) { return os.ReadFile(filepath.Join(fixtures, path)) }
		keys, err := Keys(lock.Signature{Kind: "gpg", Key: name}, today, read)
		var got []string
		for _, k := range keys {
			if !hex.MatchString(k.Signer) {
				t.Errorf("%s: signer %q", name, k.Signer)
			}
			got = append(got, keyText(k))
		}
		if err != nil {
			got = []string{err.Error()}
		}
		if text := strings.Join(got, "; "); text != want {
			t.Errorf("%s: got %s, want %s", name, text, want)
		}
	}
}

func keyText(k Key) string {
	expires := "never"
	if !k.Expires.IsZero() {
		expires = k.Expires.Format(time.DateOnly)
	}
	return fmt.Sprintf("%s %v", expires, k.Fault)
}

// TestSubkeyExpiry holds that a key of which only subkeys sign expires with the last of
// them, and not later than the primary key.
func TestSubkeyExpiry(t *testing.T) {
	born := time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	const day = 24 * 60 * 60
	for _, c := range []struct {
		primary, subkey uint32 // in days; zero is for ever
		at              int    // in days
		want            string
	}{
		{0, 0, 1, "never <nil>"},
		{0, 30, 1, "2026-01-31 <nil>"},
		{10, 30, 1, "2026-01-11 <nil>"},
		{10, 0, 1, "2026-01-11 <nil>"},
		{0, 30, 40, "2026-01-31 none of its keys can sign: they have expired, are revoked or weak, or are for something else"},
		{10, 0, 40, "2026-01-11 it has expired"},
	} {
		config := func(days uint32) *packet.Config {
			return &packet.Config{Time: func() time.Time { return born }, KeyLifetimeSecs: days * day}
		}
		e, err := openpgp.NewEntity("release", "", "release@example.com", config(c.primary))
		if err != nil {
			t.Fatal(err)
		}
		if err := e.AddSigningSubkey(config(c.subkey)); err != nil {
			t.Fatal(err)
		}
		for _, id := range e.Identities { // what certifies and does not sign
			id.SelfCertifications[0].Packet.FlagSign = false
		}
		var resigned, public bytes.Buffer
		if err := e.SerializePrivate(&resigned, config(c.primary)); err != nil {
			t.Fatal(err)
		}
		if err := e.Serialize(&public); err != nil {
			t.Fatal(err)
		}
		keys, err := Keys(lock.Signature{Kind: "gpg", Key: "a"}, born.AddDate(0, 0, c.at), func(string) ([]byte, error) { return public.Bytes(), nil })
		if err != nil || len(keys) != 1 || keyText(keys[0]) != c.want {
			t.Errorf("%+v: %v, %v", c, keys, err)
		}
	}
}
