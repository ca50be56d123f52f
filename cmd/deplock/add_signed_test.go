package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"depfetch/fetch/fetchtest"
)

// TestSignerQuestion holds that on a terminal it is asked whether somebody relies on who a
// signature says has made it, and that the file is locked either way.
func TestSignerQuestion(t *testing.T) {
	s := fetchtest.New(t)
	for name, file := range map[string]string{"/tool-1.2.3": "tool-1.2.3", "/tool-1.2.3.sig": "tool-1.2.3.sshsig"} {
		data, err := os.ReadFile(filepath.Join("../../testdata/signature", file))
		if err != nil {
			t.Fatal(err)
		}
		s.Script(name, fetchtest.Body(string(data)))
	}
	for answer, want := range map[string]string{"\n": "signed", "y\n": "signed", "n\n": "tofu", "": "tofu"} {
		name := filepath.Join(t.TempDir(), "deps.lock.toml")
		if err := os.WriteFile(name, []byte("version = 1\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		var stdout, stderr bytes.Buffer
		env := map[string]string{"HOME": t.TempDir(), "GITHUB_API_URL": s.URL + "/api"}
		code := program{
			name: "deplock", args: []string{"add", "a", s.URL + "/tool-{version}", "--version", "1.2.3", "-f", name, "--allow-http", "--path", "/a"},
			getenv: func(key string) string { return env[key] }, stdin: strings.NewReader(answer), stdout: &stdout, stderr: &stderr,
			columns: func() int { return 80 },
		}.run(t.Context())
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(stderr.String(), "deplock: upstream's own signature of a ("+s.URL+"/tool-1.2.3.sig) says that it is by ssh-ed25519 ") ||
			!strings.Contains(stderr.String(), "and nothing else vouches for that (trust on first use); is that who is to sign it from now on? [Y/n] ") {
			t.Errorf("%q: nothing is asked: %s", answer, &stderr)
		}
		signed := strings.Contains(string(text), `signature = { ssh = "{url}.sig", key = "ssh-ed25519 `)
		if code != 0 || signed != (want == "signed") || !strings.Contains(string(text), `trust = "`+want+`"`) {
			t.Errorf("%q: code %d\n%s\n%s", answer, code, text, &stderr)
		}
	}
}
