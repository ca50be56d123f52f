//go:build e2e

package update

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sigstore/sigstore-go/pkg/bundle"

	"depfetch/lock"
	"depfetch/lock/release"
	"depfetch/lock/signature"
)

// TestLockSigstore locks what npm's sigstore has signed, with the log and GitHub's API on
// loopback.
func TestLockSigstore(t *testing.T) {
	modules := os.Getenv("DEPFETCH_SIGSTORE_NPM")
	if modules == "" {
		t.Fatal("DEPFETCH_SIGSTORE_NPM is not set: it is the node_modules of make .tools/sigstore")
	}
	const tool = "the tool\n"
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "tool"), []byte(tool), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("node", "../../.ci/sigstore/sign.cjs", modules, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	roots, err := signature.ReadRoots([]byte(read("trusted_root.json")))
	if err != nil {
		t.Fatal(err)
	}
	b := &bundle.Bundle{}
	if err := b.UnmarshalJSON([]byte(read("good.sigstore.json"))); err != nil {
		t.Fatal(err)
	}
	content, err := b.VerificationContent()
	if err != nil {
		t.Fatal(err)
	}
	sig, err := b.SignatureContent()
	if err != nil {
		t.Fatal(err)
	}
	const (
		identity = `identity = "https://github.com/o/r/.github/workflows/release.yml@refs/tags/v{version}", issuer = "https://token.actions.githubusercontent.com"`
		pair     = `{ cosign = { sig = "{url}.sig", cert = "{url}.pem" }, ` + identity + ` }`
		github   = `{ github = "o/r", workflow = ".github/workflows/release.yml", ref = "refs/tags/v{version}" }`
		file     = `{ github = "o/r", workflow = ".github/workflows/release.yml", ref = "refs/tags/v{version}", attestation = "{url}.intoto.jsonl" }`
		by       = "sigstore https://github.com/o/r/.github/workflows/release.yml@refs/tags/v{version} https://token.actions.githubusercontent.com"
		byGitHub = "github o/r o/r/.github/workflows/release.yml refs/tags/v{version}"
	)
	for _, c := range []struct {
		name, signatures string
		change           map[string]string // what is served instead
		want             string            // who has signed, or in the error
	}{
		{"pair", pair, nil, by},
		{"github", github, nil, byGitHub},
		{"file", file, nil, byGitHub},
		{"all", "[" + pair + ", " + github + ", " + file + "]", nil, by + ", " + byGitHub + ", " + byGitHub},
		{"list", `{ github = "o/r", workflow = ".github/workflows/release.yml", of = "sums" }`, nil, "no attestation of sha256:" + hex256(hex256(tool)+"  tool-1.2.3\n")},
		{"other file", github, map[string]string{"/tool-1.2.3": "another tool\n"}, "no attestation of sha256:" + hex256("another tool\n")},
		{"other file, pair", pair, map[string]string{"/tool-1.2.3": "another tool\n"}, "does not match"},
		{"fork", github, map[string]string{"attestation": "fork"}, "another identity has signed"},
		{"another's entry", pair, map[string]string{"log": "older"}, "signature does not match"},
		{"no log", pair, map[string]string{"log": ""}, "/api/v1/log/entries/retrieve"},
		{"no certificate", pair, map[string]string{"/tool-1.2.3.pem": ""}, "this is no certificate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			served := map[string]string{
				"/tool-1.2.3": tool, "/SHA256SUMS": hex256(tool) + "  tool-1.2.3\n", "/tool-1.2.3.intoto.jsonl": read("fork.attestation.json") + "\n" + read("good.attestation.json"),
				"/tool-1.2.3.sig": base64.StdEncoding.EncodeToString(sig.Signature()), "log": "good", "attestation": "good",
				"/tool-1.2.3.pem": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: content.Certificate().Raw})),
			}
			for name, text := range c.change {
				served[name] = text
			}
			s, client := serve(t, nil)
			for name, text := range served {
				s.Script(name, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) })
			}
			s.Script("/api/v1/log/entries/retrieve", func(w http.ResponseWriter, r *http.Request) {
				var query struct{ Entries []any }
				if err := json.NewDecoder(r.Body).Decode(&query); err != nil || len(query.Entries) != 1 || served["log"] == "" {
					http.Error(w, "", http.StatusBadRequest)
					return
				}
				fmt.Fprint(w, read(served["log"]+".log.json"))
			})
			s.Script("/repos/o/r/attestations/sha256:"+hex256(tool)+"?per_page=100", func(w http.ResponseWriter, _ *http.Request) {
				fmt.Fprintf(w, `{"attestations": [{"bundle": %s, "repository_id": 1}]}`, read(served["attestation"]+".attestation.json"))
			})
			client.Roots = roots
			client.Release = &release.Client{API: s.URL, Log: s.URL, Transport: http.DefaultTransport}
			f := parse(t, "version = 1\n[deps.a]\nversion = \"1.2.3\"\nurl = \""+s.URL+"/tool-{version}\"\nsums = \""+s.URL+"/SHA256SUMS\"\nsignature = "+c.signatures+"\n")
			if strings.HasPrefix(c.name, "other file") {
				f.Deps[0].Sums = lock.Template{}
			}
			results, err := client.Lock(t.Context(), f, []Want{{Dep: f.Deps[0], Platforms: []lock.Platform{lock.Any}}})
			if err != nil {
				if strings.HasPrefix(c.want, "sigstore ") || strings.HasPrefix(c.want, "github ") || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%v, want %q", err, c.want)
				}
				return
			}
			if l := results[0].Changes[0].New; l.Trust != lock.Signed || l.By != c.want {
				t.Errorf("%v by %q, want %q", l.Trust, l.By, c.want)
			}
		})
	}
}
