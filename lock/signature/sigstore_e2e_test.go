//go:build e2e

package signature

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sigstore/sigstore-go/pkg/bundle"
)

// signedByNPM has npm's sigstore sign a file as workflows of GitHub, with an instance of
// Sigstore on loopback, and returns the folder of what came of it.
func signedByNPM(t *testing.T) folder {
	t.Helper()
	modules := os.Getenv("DEPFETCH_SIGSTORE_NPM")
	if modules == "" {
		t.Fatal("DEPFETCH_SIGSTORE_NPM is not set: it is the node_modules of make .tools/sigstore")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "tool"), []byte("the tool\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	script, err := filepath.Abs("../../.ci/sigstore/sign.cjs")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("node", script, modules, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return folder(dir)
}

// TestRealSigstore verifies what npm's sigstore has signed: in bundles, in cosign's files,
// and as attestations.
func TestRealSigstore(t *testing.T) {
	f := signedByNPM(t)
	roots, err := ReadRoots(f.read(t, "trusted_root.json"))
	if err != nil {
		t.Fatal(err)
	}
	const identity = `identity = "https://github.com/o/r/.github/workflows/release.yml@refs/tags/v{version}", issuer = "https://token.actions.githubusercontent.com"`
	const own = `github = "o/r", workflow = ".github/workflows/release.yml"`
	given := Given{Identity: workflow, Ref: "refs/tags/v1.2.3", Roots: roots}
	bundled := lockfilePolicy(t, `sigstore = "https://h/s", `+identity, given)
	files := lockfilePolicy(t, `cosign = { sig = "https://h/s", cert = "https://h/c" }, `+identity, given)
	attestation := lockfilePolicy(t, own+`, ref = "refs/tags/v{version}"`, given)
	anyRef := lockfilePolicy(t, own, Given{Roots: roots})
	pinned := lockfilePolicy(t, `github = "o/r", workflow = ".github/workflows/release.yml@refs/tags/v1.2.3"`, Given{Roots: roots})
	reusable := lockfilePolicy(t, `github = "o/r", workflow = "builder/b/.github/workflows/build.yml@refs/tags/v2.0.0", ref = "refs/tags/v{version}"`, given)
	public := lockfilePolicy(t, `sigstore = "https://h/s", `+identity, Given{Identity: workflow})
	const (
		another = "another identity has signed"
		by      = "sigstore https://github.com/o/r/.github/workflows/release.yml@refs/tags/v{version} " + actions
		github  = "github o/r o/r/.github/workflows/release.yml"
		tool    = "the tool\n"
	)
	good := string(f.read(t, "good.attestation.json"))
	fork, older := string(f.read(t, "fork.attestation.json")), string(f.read(t, "older.attestation.json"))
	for _, c := range []struct {
		name   string
		policy Policy
		m      Material
		file   string
		by     string
		want   string
	}{
		{"bundle", bundled, Material{Signature: f.read(t, "good.sigstore.json")}, tool, by, ""},
		{"bundle, tampered file", bundled, Material{Signature: f.read(t, "good.sigstore.json")}, "the tool!\n", by, "does not match"},
		{"bundle, by prefix", bundled, Material{Signature: f.read(t, "prefix.sigstore.json")}, tool, by, another},
		{"bundle, by suffix", bundled, Material{Signature: f.read(t, "suffix.sigstore.json")}, tool, by, another},
		{"bundle, by case", bundled, Material{Signature: f.read(t, "case.sigstore.json")}, tool, by, another},
		{"bundle, older version", bundled, Material{Signature: f.read(t, "older.sigstore.json")}, tool, by, another},
		{"bundle, other issuer", bundled, Material{Signature: f.read(t, "issuer.sigstore.json")}, tool, by, another},
		{"bundle, no log entry", bundled, Material{Signature: unlog(t, f.read(t, "good.sigstore.json"))}, tool, by, "not enough verified log entries"},
		{"bundle, other instance", public, Material{Signature: f.read(t, "good.sigstore.json")}, tool, by, "not enough verified log entries"},
		{"bundle of an attestation", bundled, Material{Signature: f.read(t, "good.attestation.json")}, tool, by, ""},

		{"files", files, f.files(t, "good", "good"), tool, by, ""},
		{"files, tampered file", files, f.files(t, "good", "good"), "the tool!\n", by, "does not match"},
		{"files, another's entry", files, f.files(t, "good", "older"), tool, by, "signature does not match"},
		{"files, by prefix", files, f.files(t, "prefix", "prefix"), tool, by, another},
		{"files, by case", files, f.files(t, "case", "case"), tool, by, another},

		{"attestation", attestation, Material{Signature: []byte(good)}, tool, github + " refs/tags/v{version}", ""},
		{"attestation, tampered file", attestation, Material{Signature: []byte(good)}, "the tool!\n", "", "digest does not match"},
		{"attestation, second of three", attestation, Material{Signature: []byte(fork + "\n" + good + "\n" + older)}, tool, github + " refs/tags/v{version}", ""},
		{"attestation, none of two", attestation, Material{Signature: []byte(fork + older)}, tool, "", "none of 2 attestations holds"},
		{"attestation, of a fork", attestation, Material{Signature: []byte(fork)}, tool, "", "for evil/r at refs/tags/v1.2.3"},
		{"attestation, of a fork at any ref", anyRef, Material{Signature: []byte(fork)}, tool, "", another},
		{"attestation, older version", attestation, Material{Signature: []byte(older)}, tool, "", another},
		{"attestation, at any ref", anyRef, Material{Signature: []byte(older)}, tool, github, ""},
		{"attestation, pinned workflow", pinned, Material{Signature: []byte(good)}, tool, github + "@refs/tags/v1.2.3", ""},
		{"attestation, older workflow", pinned, Material{Signature: []byte(older)}, tool, "", another},
		{"attestation, other workflow", anyRef, Material{Signature: f.read(t, "workflow.attestation.json")}, tool, "", another},
		{"attestation, reusable workflow", reusable, Material{Signature: f.read(t, "reusable.attestation.json")}, tool, "github o/r builder/b/.github/workflows/build.yml@refs/tags/v2.0.0 refs/tags/v{version}", ""},
		{"attestation, reusable instead of own", anyRef, Material{Signature: f.read(t, "reusable.attestation.json")}, tool, "", another},
		{"attestation, other issuer", anyRef, Material{Signature: f.read(t, "issuer.attestation.json")}, tool, "", another},
		{"attestation, by case", anyRef, Material{Signature: f.read(t, "case.attestation.json")}, tool, "", another},
		{"attestation, by suffix", anyRef, Material{Signature: f.read(t, "suffix.attestation.json")}, tool, "", another},
		{"attestation, a signature", anyRef, Material{Signature: f.read(t, "good.sigstore.json")}, tool, "", "this is no attestation"},
		{"attestation, no log entry", anyRef, Material{Signature: unlog(t, []byte(good))}, tool, "", "not enough verified log entries"},
		{"attestation, tampered", anyRef, Material{Signature: []byte(strings.Replace(good, `"payload":"eyJ`, `"payload":"eyI`, 1))}, tool, "", "found"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := c.policy.Verify(TextSubject("tool", []byte(c.file)), c.m, today)
			checkResult(t, r, err, c.by, c.want)
		})
	}
}

// files returns the signature and the certificate of a bundle, and what the log has
// answered to another.
func (f folder) files(t *testing.T, name, log string) Material {
	t.Helper()
	b := &bundle.Bundle{}
	if err := b.UnmarshalJSON(f.read(t, name+".sigstore.json")); err != nil {
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
	return Material{
		Signature:   []byte(base64.StdEncoding.EncodeToString(sig.Signature())),
		Certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: content.Certificate().Raw}),
		Log:         f.read(t, log+".log.json"),
	}
}

// unlog takes the log entries out of a bundle.
func unlog(t *testing.T, text []byte) []byte {
	t.Helper()
	var b map[string]any
	if err := json.Unmarshal(text, &b); err != nil {
		t.Fatal(err)
	}
	b["verificationMaterial"].(map[string]any)["tlogEntries"] = []any{}
	text, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
