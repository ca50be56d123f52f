package signature

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/testing/ca"
	"github.com/sigstore/sigstore-go/pkg/testing/data"
	"github.com/sigstore/sigstore-go/pkg/tlog"
	"github.com/sigstore/sigstore-go/pkg/verify"
)

const (
	workflow = "https://github.com/o/r/.github/workflows/release.yml@refs/tags/v1.2.3"
	actions  = "https://token.actions.githubusercontent.com"
)

// unlogged is a signed entity without its log entries.
type unlogged struct{ verify.SignedEntity }

func (unlogged) TlogEntries() ([]*tlog.Entry, error) { return nil, nil }
func (unlogged) HasInclusionPromise() bool           { return false }
func (unlogged) HasInclusionProof() bool             { return false }

// TestSigstore verifies what an instance of Sigstore in the test has signed.
func TestSigstore(t *testing.T) {
	instance, err := ca.NewVirtualSigstore()
	if err != nil {
		t.Fatal(err)
	}
	other, err := ca.NewVirtualSigstore()
	if err != nil {
		t.Fatal(err)
	}
	tool := []byte("the tool")
	signed := func(by *ca.VirtualSigstore, identity, issuer string) verify.SignedEntity {
		e, err := by.Sign(identity, issuer, tool)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	attested := func(predicate string, about []byte) verify.SignedEntity {
		statement, err := json.Marshal(map[string]any{
			"_type": "https://in-toto.io/Statement/v1", "predicateType": predicate, "predicate": map[string]any{},
			"subject": []any{map[string]any{"name": "tool", "digest": map[string]string{"sha256": fmt.Sprintf("%x", sha256.Sum256(about))}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		e, err := instance.Attest(workflow, actions, statement)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	good := signed(instance, workflow, actions)
	for _, c := range []struct {
		name   string
		entity verify.SignedEntity
		file   string
		want   string // in the error, or nothing
	}{
		{"good", good, "the tool", ""},
		{"provenance", attested("https://slsa.dev/provenance/v1", tool), "the tool", ""},
		{"provenance of another file", attested("https://slsa.dev/provenance/v1", []byte("x")), "the tool", "failed to verify signature"},
		{"another statement", attested("https://in-toto.io/attestation/vulns", tool), "the tool", "https://in-toto.io/attestation/vulns"},
		{"another file", good, "another tool", "failed to verify signature"},
		{"no log entry", unlogged{good}, "the tool", "not enough verified log entries"},
		{"another instance", signed(other, workflow, actions), "the tool", "log inclusion"},
		{"another identity", signed(instance, "https://github.com/evil/r/.github/workflows/release.yml@refs/tags/v1.2.3", actions), "the tool", "another identity"},
		{"by prefix", signed(instance, workflow+"4", actions), "the tool", "another identity"},
		{"by suffix", signed(instance, "https://evil.example/"+workflow, actions), "the tool", "another identity"},
		{"by case", signed(instance, strings.Replace(workflow, "/o/r/", "/O/R/", 1), actions), "the tool", "another identity"},
		{"another tag", signed(instance, strings.Replace(workflow, "v1.2.3", "v1.2.2", 1), actions), "the tool", "another identity"},
		{"another issuer", signed(instance, workflow, "https://accounts.example.com"), "the tool", "another identity"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := &Signer{Identity: workflow, Issuer: actions, By: "sigstore it", Roots: &Roots{public: instance, unlogged: true}}
			r, err := k.verifyEntity(TextSubject("tool", []byte(c.file)), c.entity)
			if c.want == "" {
				if err != nil || r.By != "sigstore it" || time.Since(r.At) > time.Hour {
					t.Errorf("%+v, %v", r, err)
				}
				return
			}
			if bad, ok := errors.AsType[*Error](err); !ok || !strings.Contains(bad.Error(), c.want) || r != (Result{}) {
				t.Errorf("%+v, %v, want %q", r, err, c.want)
			}
		})
	}
}

// TestSigstorePublic verifies a bundle of the public instance by the embedded root.
func TestSigstorePublic(t *testing.T) {
	const digest = "46d4e2f74c4877316640000a6fdf8a8b59f1e0847667973e9859f774dd31b8f1e0937813b777fb66a2ac67d50540fe34640966eee9fc2ccca387082b4c85cd3c"
	text, err := os.ReadFile("../../testdata/sigstore/provenance.sigstore.json") // of npm's sigstore 2.0.0
	if err != nil {
		t.Fatal(err)
	}
	b := &bundle.Bundle{}
	if err := b.UnmarshalJSON(text); err != nil {
		t.Fatal(err)
	}
	sum, err := hex.DecodeString(digest)
	if err != nil {
		t.Fatal(err)
	}
	roots, err := embeddedRoots()
	if err != nil {
		t.Fatal(err)
	}
	k := &Signer{Identity: "https://github.com/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main", Issuer: actions}
	v, options, err := k.verifier(b, content{&x509.Certificate{}})
	if err != nil {
		t.Fatal(err)
	}
	// The subject is named by its sha512, and the bytes are not here.
	r, err := v.Verify(b, verify.NewPolicy(verify.WithArtifactDigest("sha512", sum), options...))
	if err != nil || k.matches(r.Signature.Certificate) != nil || k.checkStatement(r) != nil {
		t.Fatalf("%+v, %v", r, err)
	}
	for _, g := range []struct {
		signer Signer
		ok     bool
	}{
		{Signer{Repository: "sigstore/sigstore-js", Workflow: "sigstore/sigstore-js/.github/workflows/release.yml"}, true},
		{Signer{Repository: "sigstore/sigstore-js", Workflow: "sigstore/sigstore-js/.github/workflows/release.yml", Ref: "refs/heads/main"}, true},
		{Signer{Repository: "sigstore/sigstore-js", Workflow: "sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main"}, true},
		{Signer{Repository: "sigstore/sigstore-js", Workflow: "sigstore/sigstore-js/.github/workflows/release.yml", Ref: "refs/heads/mai"}, false},
		{Signer{Repository: "sigstore/sigstore-js", Workflow: "sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main2"}, false},
		{Signer{Repository: "sigstore/sigstore-js", Workflow: "sigstore/sigstore-js/.github/workflows/release.y"}, false},
		{Signer{Repository: "sigstore/sigstore-js", Workflow: "sigstore/sigstore-js/.github/workflows/Release.yml"}, false},
		{Signer{Repository: "sigstore/sigstore", Workflow: "sigstore/sigstore-js/.github/workflows/release.yml"}, false},
		{Signer{Repository: "Sigstore/sigstore-js", Workflow: "sigstore/sigstore-js/.github/workflows/release.yml"}, false},
	} {
		if err := g.signer.matches(r.Signature.Certificate); (err == nil) != g.ok {
			t.Errorf("%+v: %v", g.signer, err)
		}
		if built := builtFrom(r.Statement); built != "https://github.com/sigstore/sigstore-js" {
			t.Errorf("built from %s", built)
		}
	}
	sum[0] ^= 1
	if r, err := v.Verify(b, verify.NewPolicy(verify.WithArtifactDigest("sha512", sum), options...)); err == nil {
		t.Errorf("another file is accepted: %+v", r)
	}
	// By the bytes, and not by their digest.
	if _, err := k.VerifyBundle(TextSubject("sigstore", []byte("x")), text); err == nil || !strings.Contains(err.Error(), "the signature does not hold") {
		t.Errorf("%v", err)
	}
	for _, text := range []string{"", "{}", "<html>", `{"mediaType": "application/vnd.dev.sigstore.bundle+json;version=0.1"}`} {
		if _, err := k.VerifyBundle(TextSubject("sigstore", []byte("x")), []byte(text)); err == nil || !strings.Contains(err.Error(), "this is no signature") {
			t.Errorf("%s: %v", text, err)
		}
	}
	broken := errors.New("broken")
	if _, err := k.VerifyBundle(Subject{Name: "sigstore", Bytes: brokenReader{broken}}, text); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	other := &Signer{Identity: "https://github.com/evil/r/.github/workflows/release.yml@refs/heads/main", Issuer: actions, Roots: roots}
	if _, err := other.VerifyBundle(TextSubject("sigstore", []byte("x")), text); err == nil || !strings.Contains(err.Error(), "another identity has signed") {
		t.Errorf("%v", err)
	}
}

// TestRoots holds that the embedded root of the public instance has all that sigstore-go
// comes with, and that GitHub's has authorities and timestamps.
func TestRoots(t *testing.T) {
	roots, err := embeddedRoots()
	if err != nil {
		t.Fatal(err)
	}
	theirs := data.TrustedRoot(t, "public-good.json")
	for id, log := range theirs.RekorLogs() {
		if ours := roots.public.RekorLogs()[id]; ours == nil || !reflect.DeepEqual(ours.PublicKey, log.PublicKey) {
			t.Errorf("log %s is another, or missing", log.BaseURL)
		}
	}
	for id, log := range theirs.CTLogs() {
		if ours := roots.public.CTLogs()[id]; ours == nil || !reflect.DeepEqual(ours.PublicKey, log.PublicKey) {
			t.Errorf("log %s is another, or missing", log.BaseURL)
		}
	}
	for _, authority := range theirs.FulcioCertificateAuthorities() {
		their := authority.(*root.FulcioCertificateAuthority)
		if !slices.ContainsFunc(roots.public.FulcioCertificateAuthorities(), func(a root.CertificateAuthority) bool {
			return a.(*root.FulcioCertificateAuthority).Root.Equal(their.Root)
		}) {
			t.Errorf("%s is missing", their.Root.Subject)
		}
	}
	var logs []string
	for _, log := range roots.public.RekorLogs() {
		logs = append(logs, log.BaseURL)
	}
	slices.Sort(logs)
	if !slices.Equal(logs, []string{"https://log2025-1.rekor.sigstore.dev", "https://rekor.sigstore.dev"}) || len(roots.public.TimestampingAuthorities()) != 1 {
		t.Errorf("the public instance has the logs %s", logs)
	}
	if a, b := len(roots.github.FulcioCertificateAuthorities()), len(roots.github.TimestampingAuthorities()); a != 6 || b != 6 || len(roots.github.RekorLogs()) != 0 {
		t.Errorf("GitHub has %d authorities, %d timestamps", a, b)
	}
	for _, authority := range roots.github.FulcioCertificateAuthorities() {
		if a := authority.(*root.FulcioCertificateAuthority); a.Root.Subject.Organization[0] != "GitHub, Inc." {
			t.Errorf("%s", a.Root.Subject)
		}
	}
}
