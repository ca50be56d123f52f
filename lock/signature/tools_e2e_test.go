//go:build e2e

package signature

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what the real tools make into testdata")

// tools runs gpg, minisign and ssh-keygen in a folder.
type tools struct {
	t    *testing.T
	dir  string
	home string // of gpg
}

// run runs a command without input, and returns what it prints.
func (r tools) run(name string, args ...string) string {
	r.t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), "GNUPGHOME="+r.home, "LC_ALL=C", "TZ=UTC")
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
	return string(out)
}

func (r tools) gpg(args ...string) string {
	r.t.Helper()
	return r.run("gpg", append([]string{"--batch", "--yes", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""}, args...)...)
}

func (r tools) write(name, text string) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

// TestRealTools holds that what gpg, minisign and ssh-keygen sign today is verified as
// the fixtures are. With -update, it makes the fixtures.
func TestRealTools(t *testing.T) {
	home, err := os.MkdirTemp("", "gpg") // short, for the socket of its agent
	if err != nil {
		t.Fatal(err)
	}
	r := tools{t: t, dir: t.TempDir(), home: home}
	t.Cleanup(func() {
		r.run("gpgconf", "--kill", "all")
		os.RemoveAll(home)
	})
	r.write("tool-1.2.2", "the tool, version 1.2.2\n")
	r.write("tool-1.2.3", "the tool, version 1.2.3\n")
	r.write("page", "<!DOCTYPE html>\n<html><body>Not found</body></html>\n")
	r.write("empty", "")
	for list, name := range map[string]string{"SHA256SUMS": "tool-1.2.3", "SHA256SUMS.older": "tool-1.2.2"} {
		r.write(list, fmt.Sprintf("%x  %s\n", sha256.Sum256([]byte("the tool, version "+strings.TrimPrefix(name, "tool-")+"\n")), name))
	}
	r.minisign()
	r.ssh()
	r.openPGP()
	if *update {
		if err := os.RemoveAll(fixtures); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(fixtures, os.DirFS(r.dir)); err != nil {
			t.Fatal(err)
		}
	}
	testVerify(t, folder(r.dir))
	testVerifyText(t, folder(r.dir))
}

func (r tools) minisign() {
	keys := r.t.TempDir()
	for _, name := range []string{"minisign", "minisign.older"} {
		r.run("minisign", "-G", "-W", "-p", name+".pub", "-s", filepath.Join(keys, name))
	}
	sign := func(key, file, signature string, args ...string) {
		r.t.Helper()
		r.run("minisign", append([]string{"-S", "-s", filepath.Join(keys, key), "-m", file, "-x", signature}, args...)...)
	}
	sign("minisign", "tool-1.2.3", "tool-1.2.3.minisig")
	sign("minisign", "tool-1.2.3", "tool-1.2.3.unhashed.minisig", "-l")
	sign("minisign", "tool-1.2.3", "tool-1.2.3.uncommented.minisig", "-t", "release")
	sign("minisign.older", "tool-1.2.3", "tool-1.2.3.other.minisig")
	sign("minisign", "tool-1.2.2", "tool-1.2.2.minisig")
	sign("minisign", "SHA256SUMS", "SHA256SUMS.minisig", "-t", "release")
	sign("minisign", "SHA256SUMS.older", "SHA256SUMS.older.minisig", "-t", "release")
}

func (r tools) ssh() {
	keys := r.t.TempDir()
	for name, args := range map[string][]string{
		"ssh": {"-t", "ed25519"}, "ssh.rsa": {"-t", "rsa", "-b", "2048"}, "ssh.short": {"-t", "rsa", "-b", "1024"},
	} {
		key := filepath.Join(keys, name)
		r.run("ssh-keygen", append(args, "-q", "-N", "", "-C", "release", "-f", key)...)
		public, err := os.ReadFile(key + ".pub")
		if err != nil {
			r.t.Fatal(err)
		}
		r.write(name+".pub", string(public))
	}
	sign := func(key, namespace, file, signature string) {
		r.t.Helper()
		r.run("ssh-keygen", "-q", "-Y", "sign", "-f", filepath.Join(keys, key), "-n", namespace, file)
		if err := os.Rename(filepath.Join(r.dir, file+".sig"), filepath.Join(r.dir, signature)); err != nil {
			r.t.Fatal(err)
		}
	}
	sign("ssh", "file", "tool-1.2.3", "tool-1.2.3.sshsig")
	sign("ssh", "git", "tool-1.2.3", "tool-1.2.3.git.sshsig")
	sign("ssh.rsa", "file", "tool-1.2.3", "tool-1.2.3.rsa.sshsig")
	sign("ssh", "file", "tool-1.2.2", "tool-1.2.2.sshsig")
}

func (r tools) openPGP() {
	sign := func(key, signature, file string, args ...string) {
		r.t.Helper()
		r.gpg(append(args, "--local-user", key, "--output", signature, "--detach-sign", file)...)
	}
	for _, name := range []string{"good", "other", "revoked"} {
		r.gpg("--quick-generate-key", name+"@example.com", "ed25519", "sign", "never")
	}
	r.gpg("--faked-system-time", "20200101T000000", "--quick-generate-key", "expired@example.com", "ed25519", "sign", "1y")
	r.gpg("--quick-generate-key", "subkey@example.com", "ed25519", "cert", "never")
	fingerprints := make(map[string]string)
	for _, name := range []string{"good", "revoked", "subkey"} {
		for _, line := range strings.Split(r.gpg("--with-colons", "--list-keys", name+"@example.com"), "\n") {
			if fields := strings.Split(line, ":"); fields[0] == "fpr" && fingerprints[name] == "" {
				fingerprints[name] = fields[9]
			}
		}
	}
	r.gpg("--quick-add-key", fingerprints["subkey"], "ed25519", "sign", "never")
	r.write("gpg.fingerprint", fingerprints["good"]+"\n")

	sign("good@example.com", "tool-1.2.3.asc", "tool-1.2.3", "--armor")
	sign("good@example.com", "tool-1.2.3.sig", "tool-1.2.3")
	sign("good@example.com", "tool-1.2.2.asc", "tool-1.2.2", "--armor")
	sign("good@example.com", "tool-1.2.3.sha1.asc", "tool-1.2.3", "--armor", "--digest-algo", "SHA1", "--allow-weak-digest-algos")
	sign("good@example.com", "tool-1.2.3.short.asc", "tool-1.2.3", "--armor", "--default-sig-expire", "1d", "--no-ask-sig-expire")
	sign("other@example.com", "tool-1.2.3.other.asc", "tool-1.2.3", "--armor")
	sign("other@example.com", "tool-1.2.3.both.asc", "tool-1.2.3", "--armor", "--local-user", "good@example.com")
	sign("subkey@example.com", "tool-1.2.3.subkey.asc", "tool-1.2.3", "--armor")
	sign("revoked@example.com", "tool-1.2.3.revoked.asc", "tool-1.2.3", "--armor")
	sign("expired@example.com", "tool-1.2.3.expired.asc", "tool-1.2.3", "--armor", "--faked-system-time", "20200601T000000")
	sign("good@example.com", "SHA256SUMS.sig", "SHA256SUMS")
	for signature, key := range map[string]string{"SHA256SUMS.asc": "good", "SHA256SUMS.other.asc": "other"} {
		r.gpg("--local-user", key+"@example.com", "--output", signature, "--clear-sign", "SHA256SUMS")
	}

	// gpg puts a colon before the certificate, so that it is not imported by mistake.
	certificate := filepath.Join(r.home, "openpgp-revocs.d", fingerprints["revoked"]+".rev")
	text, err := os.ReadFile(certificate)
	if err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(certificate, []byte(strings.Replace(string(text), ":-----BEGIN", "-----BEGIN", 1)), 0o600); err != nil {
		r.t.Fatal(err)
	}
	r.gpg("--import", certificate)
	export := func(file string, args ...string) {
		r.t.Helper()
		r.gpg(append([]string{"--output", file}, args...)...)
	}
	export("gpg.asc", "--armor", "--export", "good@example.com")
	export("gpg.gpg", "--export", "good@example.com")
	export("gpg.other.asc", "--armor", "--export", "other@example.com")
	export("gpg.subkey.asc", "--armor", "--export", "subkey@example.com")
	export("gpg.expired.asc", "--armor", "--export", "expired@example.com")
	export("gpg.revoked.asc", "--armor", "--export", "revoked@example.com")
	var all strings.Builder
	for _, name := range []string{"gpg.other.asc", "gpg.asc", "gpg.subkey.asc"} {
		text, err := os.ReadFile(filepath.Join(r.dir, name))
		if err != nil {
			r.t.Fatal(err)
		}
		all.WriteString("A key of the project:\n\n" + string(text) + "\n")
	}
	r.write("gpg.all.asc", all.String())
}
