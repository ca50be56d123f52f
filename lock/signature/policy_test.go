package signature

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"depfetch/lock"
)

// fixtures is the folder of what gpg, minisign and ssh-keygen have made. TestRealTools
// makes it again, with -update.
const fixtures = "../../testdata/signature"

// today is when the signatures are verified.
var today = time.Date(2030, time.January, 1, 0, 0, 0, 0, time.UTC)

// folder is a folder of fixtures.
type folder string

func (f folder) read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(string(f), name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// policy reads a policy, written as the keys of a signature, from a lockfile.
func (f folder) policy(t *testing.T, table string) Policy {
	t.Helper()
	p, err := f.tryPolicy(t, table)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (f folder) tryPolicy(t *testing.T, table string) (Policy, error) {
	t.Helper()
	minisign := func(name string) string {
		lines := strings.Split(string(f.read(t, name)), "\n")
		return lines[1]
	}
	table = strings.NewReplacer(
		"MINISIGN", minisign("minisign.pub"), "OLDER", minisign("minisign.older.pub"),
		"SSH", strings.TrimSpace(string(f.read(t, "ssh.pub"))), "RSA", strings.TrimSpace(string(f.read(t, "ssh.rsa.pub"))),
		"SHORT", strings.TrimSpace(string(f.read(t, "ssh.short.pub"))),
		"FINGERPRINT", strings.TrimSpace(string(f.read(t, "gpg.fingerprint"))),
	).Replace(table)
	file, err := lock.Parse("test", []byte("version = 1\n[deps.a]\nurl = \"https://h/a\"\nsignature = { "+table+" }\n"))
	if err != nil {
		t.Fatal(err)
	}
	return New(file.Deps[0].Signatures[0], Given{File: func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(string(f), name)) }})
}

// cases are signatures, each of a policy: of which file, and what comes of it: who has
// signed, or what the error contains.
var cases = []struct{ name, table, signature, file, want string }{
	{"minisign", `minisign = "https://h/s", key = "MINISIGN"`, "tool-1.2.3.minisig", "tool-1.2.3", "minisign RW"},
	{"minisign unhashed", `minisign = "https://h/s", key = "MINISIGN"`, "tool-1.2.3.unhashed.minisig", "tool-1.2.3", "minisign RW"},
	{"minisign, no file in the comment", `minisign = "https://h/s", key = "MINISIGN"`, "tool-1.2.3.uncommented.minisig", "tool-1.2.3", "minisign RW"},
	{"minisign, other key", `minisign = "https://h/s", key = "MINISIGN"`, "tool-1.2.3.other.minisig", "tool-1.2.3", "another key has signed"},
	{"minisign, older file", `minisign = "https://h/s", key = "MINISIGN"`, "tool-1.2.2.minisig", "tool-1.2.3", "not one of these bytes"},
	{"minisign, renamed", `minisign = "https://h/s", key = "MINISIGN"`, "tool-1.2.2.minisig", "tool-1.2.3=tool-1.2.2", "the signature is of another file"},
	{"minisign, tampered file", `minisign = "https://h/s", key = "MINISIGN"`, "tool-1.2.3.minisig", "tool-1.2.3!", "not one of these bytes"},
	{"minisign, tampered unhashed file", `minisign = "https://h/s", key = "MINISIGN"`, "tool-1.2.3.unhashed.minisig", "tool-1.2.3!", "not one of these bytes"},
	{"minisign, tampered comment", `minisign = "https://h/s", key = "MINISIGN"`, "tool-1.2.2.minisig:tool-1.2.2\t=tool-1.2.3\t", "tool-1.2.3=tool-1.2.2", "not one of these bytes"},
	{"minisign, a page", `minisign = "https://h/s", key = "MINISIGN"`, "page", "tool-1.2.3", "this is no signature"},
	{"minisign, an OpenPGP signature", `minisign = "https://h/s", key = "MINISIGN"`, "tool-1.2.3.asc", "tool-1.2.3", "this is no signature"},

	{"ssh", `ssh = "https://h/s", key = "SSH"`, "tool-1.2.3.sshsig", "tool-1.2.3", "ssh SHA256:"},
	{"ssh, rsa", `ssh = "https://h/s", key = "RSA"`, "tool-1.2.3.rsa.sshsig", "tool-1.2.3", "ssh SHA256:"},
	{"ssh, other key", `ssh = "https://h/s", key = "SSH"`, "tool-1.2.3.rsa.sshsig", "tool-1.2.3", "another key has signed"},
	{"ssh, other namespace", `ssh = "https://h/s", key = "SSH"`, "tool-1.2.3.git.sshsig", "tool-1.2.3", `namespace "git"`},
	{"ssh, namespace", `ssh = "https://h/s", key = "SSH", namespace = "git"`, "tool-1.2.3.git.sshsig", "tool-1.2.3", "ssh SHA256:"},
	{"ssh, older file", `ssh = "https://h/s", key = "SSH"`, "tool-1.2.2.sshsig", "tool-1.2.3", "not one of these bytes"},
	{"ssh, tampered file", `ssh = "https://h/s", key = "SSH"`, "tool-1.2.3.sshsig", "tool-1.2.3!", "not one of these bytes"},
	{"ssh, a page", `ssh = "https://h/s", key = "SSH"`, "page", "tool-1.2.3", "this is no signature"},

	{"gpg", `gpg = "https://h/s", key = "gpg.asc"`, "tool-1.2.3.asc", "tool-1.2.3", "gpg FINGERPRINT"},
	{"gpg, binary", `gpg = "https://h/s", key = "gpg.gpg"`, "tool-1.2.3.sig", "tool-1.2.3", "gpg FINGERPRINT"},
	{"gpg, many keys", `gpg = "https://h/s", key = "gpg.all.asc"`, "tool-1.2.3.asc", "tool-1.2.3", "gpg FINGERPRINT"},
	{"gpg, one of many keys", `gpg = "https://h/s", key = "gpg.all.asc", fingerprint = "FINGERPRINT"`, "tool-1.2.3.asc", "tool-1.2.3", "gpg FINGERPRINT"},
	{"gpg, another one of many keys", `gpg = "https://h/s", key = "gpg.all.asc", fingerprint = "FINGERPRINT"`, "tool-1.2.3.other.asc", "tool-1.2.3", "another key has signed"},
	{"gpg, two signatures", `gpg = "https://h/s", key = "gpg.asc"`, "tool-1.2.3.both.asc", "tool-1.2.3", "gpg FINGERPRINT"},
	{"gpg, subkey", `gpg = "https://h/s", key = "gpg.subkey.asc"`, "tool-1.2.3.subkey.asc", "tool-1.2.3", "gpg "},
	{"gpg, other key", `gpg = "https://h/s", key = "gpg.asc"`, "tool-1.2.3.other.asc", "tool-1.2.3", "another key has signed"},
	{"gpg, older file", `gpg = "https://h/s", key = "gpg.asc"`, "tool-1.2.2.asc", "tool-1.2.3", "not one of these bytes"},
	{"gpg, tampered file", `gpg = "https://h/s", key = "gpg.asc"`, "tool-1.2.3.asc", "tool-1.2.3!", "not one of these bytes"},
	{"gpg, sha1", `gpg = "https://h/s", key = "gpg.asc"`, "tool-1.2.3.sha1.asc", "tool-1.2.3", "found     SHA-1"},
	{"gpg, expired key", `gpg = "https://h/s", key = "gpg.expired.asc"`, "tool-1.2.3.expired.asc", "tool-1.2.3", "the key has expired"},
	{"gpg, revoked key", `gpg = "https://h/s", key = "gpg.revoked.asc"`, "tool-1.2.3.revoked.asc", "tool-1.2.3", "the key is revoked"},
	{"gpg, expired signature", `gpg = "https://h/s", key = "gpg.asc"`, "tool-1.2.3.short.asc", "tool-1.2.3", "the signature has expired"},
	{"gpg, a page", `gpg = "https://h/s", key = "gpg.asc"`, "page", "tool-1.2.3", "this is no signature"},
	{"gpg, a key", `gpg = "https://h/s", key = "gpg.asc"`, "gpg.asc", "tool-1.2.3", "this is no signature"},
	{"gpg, empty", `gpg = "https://h/s", key = "gpg.asc"`, "empty", "tool-1.2.3", "this is no signature"},
}

// TestVerify verifies what real tools have signed.
func TestVerify(t *testing.T) { testVerify(t, fixtures) }

func testVerify(t *testing.T, f folder) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			name, change, changed := strings.Cut(c.signature, ":")
			text := f.read(t, name)
			if changed {
				from, to, _ := strings.Cut(change, "=")
				text = bytes.Replace(text, []byte(from), []byte(to), 1)
			}
			name, of, _ := strings.Cut(strings.TrimSuffix(c.file, "!"), "=")
			if of == "" {
				of = name
			}
			data := f.read(t, of)
			if strings.HasSuffix(c.file, "!") {
				data = append(data, '!')
			}
			r, err := f.policy(t, c.table).Verify(Subject{Name: name, Bytes: bytes.NewReader(data)}, Material{Signature: text}, today)
			want := strings.ReplaceAll(c.want, "FINGERPRINT", strings.TrimSpace(string(f.read(t, "gpg.fingerprint"))))
			if err == nil {
				if r.By == "" || !strings.HasPrefix(r.By, want) {
					t.Fatalf("signed by %q, want %q", r.By, want)
				}
				return
			}
			if bad, ok := errors.AsType[*Error](err); !ok || bad.Expected == "" || bad.Found == "" || !strings.Contains(err.Error(), want) || r != (Result{}) {
				t.Fatalf("%v, want %q", err, want)
			}
		})
	}
}

// TestConcurrent holds that a policy may be used by several at once.
func TestConcurrent(t *testing.T) {
	f := folder(fixtures)
	data := f.read(t, "tool-1.2.3")
	for _, c := range []struct{ table, signature string }{
		{`minisign = "https://h/s", key = "MINISIGN"`, "tool-1.2.3.minisig"},
		{`ssh = "https://h/s", key = "SSH"`, "tool-1.2.3.sshsig"},
		{`gpg = "https://h/s", key = "gpg.subkey.asc"`, "tool-1.2.3.subkey.asc"},
		{`gpg = "https://h/s", key = "gpg.revoked.asc"`, "tool-1.2.3.revoked.asc"},
	} {
		p, text := f.policy(t, c.table), f.read(t, c.signature)
		results := make([]Result, 4)
		var all sync.WaitGroup
		for i := range results {
			all.Go(func() {
				results[i], _ = p.Verify(Subject{Name: "tool-1.2.3", Bytes: bytes.NewReader(data)}, Material{Signature: text}, today)
			})
		}
		all.Wait()
		for _, r := range results[1:] {
			if r != results[0] {
				t.Errorf("%s: %v and %v", c.signature, r, results[0])
			}
		}
	}
}

// TestVerifyDamaged changes every byte of good signatures: what is accepted then has
// still been signed by the same key, and nothing panics.
func TestVerifyDamaged(t *testing.T) {
	f := folder(fixtures)
	data := f.read(t, "tool-1.2.3")
	for _, c := range []struct{ table, signature string }{
		{`minisign = "https://h/s", key = "MINISIGN"`, "tool-1.2.3.minisig"},
		{`ssh = "https://h/s", key = "SSH"`, "tool-1.2.3.sshsig"},
		{`gpg = "https://h/s", key = "gpg.asc"`, "tool-1.2.3.sig"},
	} {
		p := f.policy(t, c.table)
		good := f.read(t, c.signature)
		refused := 0
		for i := range good {
			text := bytes.Clone(good)
			text[i] ^= 1
			r, err := p.Verify(Subject{Name: "tool-1.2.3", Bytes: bytes.NewReader(data)}, Material{Signature: text}, today)
			if err != nil {
				refused++
			} else if r.By == "" {
				t.Errorf("%s, byte %d: nobody has signed, and that is no error", c.signature, i)
			}
			// The other file is never accepted.
			if _, err := p.Verify(Subject{Name: "tool-1.2.3", Bytes: strings.NewReader("x")}, Material{Signature: text}, today); err == nil {
				t.Errorf("%s, byte %d: other bytes are accepted", c.signature, i)
			}
		}
		if refused < len(good)/2 {
			t.Errorf("%s: of %d changes, %d are refused", c.signature, len(good), refused)
		}
	}
}

// TestVerifyText verifies lists that hold their signature: only what is signed comes back.
func TestVerifyText(t *testing.T) { testVerifyText(t, fixtures) }

func testVerifyText(t *testing.T, f folder) {
	p := f.policy(t, `gpg = "https://h/s", key = "gpg.asc"`)
	good := f.read(t, "SHA256SUMS.asc")
	around := between("0000  added\n", good, "0000  added\n")
	for _, text := range [][]byte{good, around} {
		signed, r, err := p.VerifyText(text, today)
		if err != nil || !strings.HasPrefix(r.By, "gpg ") {
			t.Fatalf("%v, %v", r, err)
		}
		if strings.Contains(string(signed), "added") || !strings.Contains(string(signed), "tool-1.2.3") {
			t.Errorf("signed is %q", signed)
		}
	}
	for name, c := range map[string]struct {
		text []byte
		want string
	}{
		"changed":   {bytes.Replace(good, []byte("tool-1.2.3"), []byte("tool-1.2.4"), 1), "not one of these bytes"},
		"unsigned":  {f.read(t, "SHA256SUMS"), "this is no signature"},
		"cut":       {good[:len(good)/2], "this is no signature"},
		"twice":     {between("", good, string(good)), "this is no signature"},
		"other key": {f.read(t, "SHA256SUMS.other.asc"), "another key has signed"},
	} {
		if signed, _, err := p.VerifyText(c.text, today); err == nil || !strings.Contains(err.Error(), c.want) || signed != nil {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func between(before string, text []byte, after string) []byte {
	return append(append([]byte(before), text...), after...)
}

// TestKeys holds that keys with which nothing should be verified are refused.
func TestKeys(t *testing.T) {
	f := folder(fixtures)
	for _, c := range []struct{ table, want string }{
		{`ssh = "https://h/s", key = "SHORT"`, "an RSA key has at least 2048 bits, this one 1024"},
		{`gpg = "https://h/s", key = "none.asc"`, "no such file"},
		{`gpg = "https://h/s", key = "empty"`, "holds no public key"},
		{`gpg = "https://h/s", key = "page"`, "holds no public key"},
		{`gpg = "https://h/s", key = "tool-1.2.3.asc"`, `a block of the type "PGP SIGNATURE"`},
		{`gpg = "https://h/s", key = "gpg.other.asc", fingerprint = "FINGERPRINT"`, ", and not gpg "},
	} {
		_, err := f.tryPolicy(t, c.table)
		if bad, ok := errors.AsType[*KeyError](err); !ok || bad.Key == "" || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.table, err, c.want)
		}
	}
}

// TestPrivateKey holds that a private key is not taken for what belongs into a repository.
func TestPrivateKey(t *testing.T) {
	e, err := openpgp.NewEntity("release", "", "release@example.com", nil)
	if err != nil {
		t.Fatal(err)
	}
	var private bytes.Buffer
	if err := e.SerializePrivate(&private, nil); err != nil {
		t.Fatal(err)
	}
	_, err = New(lock.Signature{Kind: "gpg", Key: "a"}, Given{File: func(string) ([]byte, error) { return private.Bytes(), nil }})
	if err == nil || !strings.Contains(err.Error(), "holds a private key") {
		t.Errorf("%v", err)
	}
}

// TestUnreadable holds that a file which cannot be read is no bad signature.
func TestUnreadable(t *testing.T) {
	f := folder(fixtures)
	broken := errors.New("broken")
	for _, c := range []struct{ table, signature string }{
		{`minisign = "https://h/s", key = "MINISIGN"`, "tool-1.2.3.minisig"},
		{`minisign = "https://h/s", key = "MINISIGN"`, "tool-1.2.3.unhashed.minisig"},
		{`ssh = "https://h/s", key = "SSH"`, "tool-1.2.3.sshsig"},
		{`gpg = "https://h/s", key = "gpg.asc"`, "tool-1.2.3.asc"},
	} {
		_, err := f.policy(t, c.table).Verify(Subject{Name: "tool-1.2.3", Bytes: brokenReader{broken}}, Material{Signature: f.read(t, c.signature)}, today)
		if !errors.Is(err, broken) {
			t.Errorf("%s: %v", c.signature, err)
		}
	}
}

// brokenReader is a reader that fails.
type brokenReader struct{ err error }

func (r brokenReader) Read([]byte) (int, error) { return 0, r.err }

// FuzzVerify verifies texts that nobody has signed.
func FuzzVerify(f *testing.F) {
	dir := folder(fixtures)
	t := &testing.T{}
	policies := []Policy{
		dir.policy(t, `minisign = "https://h/s", key = "MINISIGN"`), dir.policy(t, `ssh = "https://h/s", key = "SSH"`), dir.policy(t, `gpg = "https://h/s", key = "gpg.asc"`),
	}
	for _, name := range []string{"tool-1.2.3.minisig", "tool-1.2.3.sshsig", "tool-1.2.3.asc", "tool-1.2.3.sig", "SHA256SUMS.asc", "page"} {
		f.Add(dir.read(t, name))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, p := range policies {
			if r, err := p.Verify(Subject{Name: "a", Bytes: strings.NewReader("nobody signs this")}, Material{Signature: text}, today); err == nil {
				t.Errorf("accepted, as signed by %s", r.By)
			}
		}
	})
}
