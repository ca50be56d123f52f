package signature

import (
	"bytes"
	"crypto/sha512"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sigstore/sigstore-go/pkg/verify"
)

// envelope returns an attestation as slsa-github-generator writes it, with its certificate
// and without a log entry.
func envelope(t *testing.T, e verify.SignedEntity) []byte {
	t.Helper()
	sig, err := e.SignatureContent()
	if err != nil {
		t.Fatal(err)
	}
	content, err := e.VerificationContent()
	if err != nil {
		t.Fatal(err)
	}
	raw := sig.EnvelopeContent().RawEnvelope()
	text, err := json.Marshal(map[string]any{
		"payloadType": raw.PayloadType, "payload": raw.Payload,
		"signatures": []any{map[string]any{
			"sig": raw.Signatures[0].Sig, "cert": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: content.Certificate().Raw})),
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// provenanceOf returns provenance of files, by their names.
func provenanceOf(t *testing.T, files ...string) []byte {
	t.Helper()
	var subjects []any
	for _, f := range files {
		subjects = append(subjects, map[string]any{"name": f, "digest": map[string]string{"sha256": TextSubject(f, []byte(f)).Digest.String()}})
	}
	text, err := json.Marshal(map[string]any{
		"_type": "https://in-toto.io/Statement/v1", "predicateType": "https://slsa.dev/provenance/v1", "predicate": map[string]any{}, "subject": subjects,
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestEnvelope verifies statements about several files, and holds that one which the log
// does not have says so.
func TestEnvelope(t *testing.T) {
	home := instance(t)
	attest := func(identity string, files ...string) verify.SignedEntity {
		e, err := home.Attest(identity, actions, provenanceOf(t, files...))
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	entry := func(e verify.SignedEntity) map[string]any {
		entry := logged(t, e)
		resign(t, home, entry)
		return entry
	}
	several := attest(workflow, "one", "tool")
	other := attest(workflow, "one")
	for _, c := range []struct {
		name, text string
		log        []byte
		want       string // in the error, or nothing
	}{
		{"second subject", string(envelope(t, several)), answer(t, entry(several)), ""},
		{"another file", string(envelope(t, other)), answer(t, entry(other)), "the signature does not hold"},
		{"another identity, not in the log", string(envelope(t, attest(workflow+"4", "tool"))), answer(t), "another identity has signed"},
		{"not in the log", string(envelope(t, several)), answer(t), "the log has no entry by which this attestation can be verified"},
		{"entry of another", string(envelope(t, several)), answer(t, entry(other)), "the signature does not hold"},
		{"two, with an entry each", string(envelope(t, other)) + "\n" + string(envelope(t, several)), answer(t, entry(other), entry(several)), ""},
	} {
		a := &attestations{&Signer{Identity: workflow, Issuer: actions, Roots: &Roots{public: home, unlogged: true}}}
		r, err := a.verify(TextSubject("tool", []byte("tool")), Material{Signature: []byte(c.text), Log: c.log}, time.Now())
		t.Run(c.name, func(t *testing.T) { checkResult(t, r, err, "sigstore "+workflow+" "+actions, c.want) })
		if bad, ok := errors.AsType[*Error](err); ok && bad.Unlogged != strings.HasPrefix(c.name, "not in") {
			t.Errorf("%s: %v", c.name, fmt.Sprintf("%+v", bad))
		}
	}
}

// TestAttestationBytes holds that the bytes of a file are not read for statements without
// a sha256: of several, all but the first would see an empty file.
func TestAttestationBytes(t *testing.T) {
	home := instance(t)
	var all []byte
	var entries []map[string]any
	for _, text := range []string{"x", ""} {
		sum := sha512.Sum512([]byte(text))
		other := bytes.Replace(provenanceOf(t, text), []byte(`"sha256":"`+TextSubject("", []byte(text)).Digest.String()), fmt.Appendf(nil, `"sha512":"%x`, sum), 1)
		e, err := home.Attest(workflow, actions, other)
		if err != nil {
			t.Fatal(err)
		}
		entry := logged(t, e)
		resign(t, home, entry)
		all, entries = append(all, envelope(t, e)...), append(entries, entry)
	}
	a := &attestations{&Signer{Identity: workflow, Issuer: actions, Roots: &Roots{public: home, unlogged: true}}}
	r, err := a.verify(TextSubject("tool", []byte("tool")), Material{Signature: all, Log: answer(t, entries...)}, time.Now())
	checkResult(t, r, err, "", "another digest")
}
