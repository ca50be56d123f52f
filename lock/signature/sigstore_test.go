package signature

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
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
			k := &sigstore{trusted: instance, identity: workflow, issuer: actions, by: "sigstore it", unlogged: true}
			r, err := k.verifyEntity(c.entity, "tool", verify.WithArtifact(strings.NewReader(c.file)))
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
	trusted, err := publicRoot()
	if err != nil {
		t.Fatal(err)
	}
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
	k := &sigstore{trusted: trusted, identity: "https://github.com/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main", issuer: actions, by: "sigstore it"}
	r, err := k.verifyEntity(b, "sigstore", verify.WithArtifactDigest("sha512", sum))
	if err != nil || r.At.Year() != 2023 {
		t.Fatalf("%+v, %v", r, err)
	}
	sum[0] ^= 1
	if r, err := k.verifyEntity(b, "sigstore", verify.WithArtifactDigest("sha512", sum)); err == nil {
		t.Errorf("another file is accepted: %+v", r)
	}
	// By the bytes, and not by their digest.
	if _, err := k.verify(Subject{Name: "sigstore", Bytes: strings.NewReader("x")}, text, today); err == nil || !strings.Contains(err.Error(), "the bundle does not hold") {
		t.Errorf("%v", err)
	}
	for _, text := range []string{"", "{}", "<html>", `{"mediaType": "application/vnd.dev.sigstore.bundle+json;version=0.1"}`} {
		if _, err := k.verify(Subject{Name: "sigstore", Bytes: strings.NewReader("x")}, []byte(text), today); err == nil || !strings.Contains(err.Error(), "this is no signature") {
			t.Errorf("%s: %v", text, err)
		}
	}
	broken := errors.New("broken")
	if _, err := k.verify(Subject{Name: "sigstore", Bytes: brokenReader{broken}}, text, today); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

// TestPublicRoot holds that the embedded root is the one that sigstore-go comes with.
func TestPublicRoot(t *testing.T) {
	theirs, err := json.Marshal(data.TrustedRoot(t, "public-good.json"))
	if err != nil {
		t.Fatal(err)
	}
	ours, err := root.NewTrustedRootFromJSON(publicGood)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := json.Marshal(ours); err != nil || !bytes.Equal(text, theirs) {
		t.Errorf("it differs: %v", err)
	}
}
