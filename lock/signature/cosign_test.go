package signature

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sigstore/sigstore-go/pkg/testing/ca"
	"github.com/sigstore/sigstore-go/pkg/tlog"
	"github.com/sigstore/sigstore-go/pkg/verify"

	"depfetch/lock"
)

// instance returns an instance of Sigstore.
func instance(t *testing.T) *ca.VirtualSigstore {
	t.Helper()
	i, err := ca.NewVirtualSigstore()
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// logged returns the log entry of an entity as Rekor's API writes it, but for what the
// log has signed.
func logged(t *testing.T, e verify.SignedEntity) map[string]any {
	t.Helper()
	entries, err := e.TlogEntries()
	if err != nil {
		t.Fatal(err)
	}
	entry := entries[0].TransparencyLogEntry()
	return map[string]any{
		"body": entry.GetCanonicalizedBody(), "integratedTime": entry.GetIntegratedTime(), "logIndex": entry.GetLogIndex(),
		"logID": fmt.Sprintf("%x", entry.GetLogId().GetKeyId()),
	}
}

// resign puts the signed timestamp of an instance into a log entry.
func resign(t *testing.T, by *ca.VirtualSigstore, entry map[string]any) {
	t.Helper()
	set, err := by.RekorSignPayload(tlog.RekorPayload{
		Body: base64.StdEncoding.EncodeToString(entry["body"].([]byte)), IntegratedTime: entry["integratedTime"].(int64),
		LogIndex: entry["logIndex"].(int64), LogID: entry["logID"].(string),
	})
	if err != nil {
		t.Fatal(err)
	}
	entry["verification"] = map[string]any{"signedEntryTimestamp": set}
}

// pair returns a signature of cosign and the answer of the log.
func pair(t *testing.T, by *ca.VirtualSigstore, e verify.SignedEntity) (Cosign, map[string]any) {
	t.Helper()
	sig, err := e.SignatureContent()
	if err != nil {
		t.Fatal(err)
	}
	content, err := e.VerificationContent()
	if err != nil {
		t.Fatal(err)
	}
	entry := logged(t, e)
	resign(t, by, entry)
	return Cosign{
		Signature:   []byte(base64.StdEncoding.EncodeToString(sig.Signature()) + "\n"),
		Certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: content.Certificate().Raw}),
		Log:         answer(t, entry),
	}, entry
}

// answer returns what a log answers, with some entries.
func answer(t *testing.T, entries ...map[string]any) []byte {
	t.Helper()
	all := []any{}
	for i, e := range entries {
		all = append(all, map[string]any{fmt.Sprintf("24296fb24b8ad77a%d", i): e})
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestCosign verifies signatures of the older cosign that an identity has made.
func TestCosign(t *testing.T) {
	home, other := instance(t), instance(t)
	tool, older := []byte("the tool"), []byte("the older tool")
	sign := func(by *ca.VirtualSigstore, identity, issuer string, data []byte) (Cosign, map[string]any) {
		e, err := by.Sign(identity, issuer, data)
		if err != nil {
			t.Fatal(err)
		}
		return pair(t, by, e)
	}
	good, entry := sign(home, workflow, actions, tool)
	again, anotherEntry := sign(home, workflow, actions, tool)
	replayed, olderEntry := sign(home, workflow, actions, older)
	with := func(c Cosign, change func(*Cosign)) Cosign { change(&c); return c }
	changed := func(key string, value any) map[string]any {
		e := make(map[string]any)
		for k, v := range entry {
			e[k] = v
		}
		e[key] = value
		return e
	}
	late := changed("integratedTime", time.Now().Add(30*time.Minute).Unix())
	resign(t, home, late)
	foreign := changed("logIndex", int64(7))
	resign(t, other, foreign)
	identity := func(identity, issuer string) Cosign { c, _ := sign(home, identity, issuer, tool); return c }
	instead, _ := sign(other, workflow, actions, tool)
	for _, c := range []struct {
		name   string
		cosign Cosign
		file   []byte
		want   string // in the error, or nothing
	}{
		{"good", good, tool, ""},
		{"base64 certificate", with(good, func(c *Cosign) { c.Certificate = []byte(base64.StdEncoding.EncodeToString(c.Certificate)) }), tool, ""},
		{"binary signature", with(good, func(c *Cosign) {
			c.Signature, _ = base64.StdEncoding.DecodeString(strings.TrimSpace(string(c.Signature)))
		}), tool, ""},
		{"entry of cosign", with(good, func(c *Cosign) { c.Log = rekorBundle(t, entry) }), tool, ""},
		{"tampered file", good, []byte("the tool!"), "does not match"},
		{"other file", good, older, "does not match"},
		{"older version", replayed, tool, "does not match"},
		{"tampered signature", with(good, func(c *Cosign) { c.Signature = bytes.Replace(c.Signature, []byte("M"), []byte("N"), 1) }), tool, "found"},
		{"signature of the older", with(good, func(c *Cosign) { c.Signature = replayed.Signature }), tool, "signature does not match"},
		{"certificate of another signature", with(good, func(c *Cosign) { c.Certificate = again.Certificate }), tool, "certificate does not match"},
		{"entry of another signature", with(good, func(c *Cosign) { c.Log = answer(t, anotherEntry) }), tool, "signature does not match"},
		{"entry of another file", with(good, func(c *Cosign) { c.Log = answer(t, olderEntry) }), tool, "signature does not match"},
		{"no entry", with(good, func(c *Cosign) { c.Log = nil }), tool, "not enough verified log entries"},
		{"empty answer", with(good, func(c *Cosign) { c.Log = answer(t) }), tool, "not enough verified log entries"},
		{"another log", with(good, func(c *Cosign) { c.Log = answer(t, foreign) }), tool, "not enough verified log entries"},
		{"time that the log has not signed", with(good, func(c *Cosign) { c.Log = answer(t, changed("integratedTime", time.Now().Unix()+1)) }), tool, "not enough verified log entries"},
		{"expired", with(good, func(c *Cosign) { c.Log = answer(t, late) }), tool, "integrated time outside certificate validity"},
		{"no timestamp", with(good, func(c *Cosign) { c.Log = answer(t, changed("verification", map[string]any{})) }), tool, "it has no signed timestamp"},
		{"page", with(good, func(c *Cosign) { c.Log = []byte("<html>") }), tool, "no answer of a log"},
		{"no certificate", with(good, func(c *Cosign) { c.Certificate = nil }), tool, "found     a key, and no certificate"},
		{"two certificates", with(good, func(c *Cosign) { c.Certificate = append(c.Certificate, c.Certificate...) }), tool, "this is no certificate"},
		{"no signature", with(good, func(c *Cosign) { c.Signature = []byte("<html>") }), tool, "this is no signature"},
		{"another instance", instead, tool, "not enough verified log entries"},
		{"another identity", identity("https://github.com/evil/r/.github/workflows/release.yml@refs/tags/v1.2.3", actions), tool, "another identity has signed"},
		{"by prefix", identity(workflow+"4", actions), tool, "another identity has signed"},
		{"by suffix", identity("https://evil.example/"+workflow, actions), tool, "another identity has signed"},
		{"by case", identity(strings.ToUpper(workflow), actions), tool, "another identity has signed"},
		{"another issuer", identity(workflow, "https://accounts.example.com"), tool, "another identity has signed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &Signer{Identity: workflow, Issuer: actions, Roots: &Roots{public: home, unlogged: true}}
			r, err := s.VerifyCosign(TextSubject("tool", c.file), c.cosign)
			checkResult(t, r, err, "sigstore "+workflow+" "+actions, c.want)
		})
	}
	query, err := good.Query(TextSubject("tool", tool))
	if err != nil || !strings.Contains(string(query), fmt.Sprintf(`"value":"%x"`, sha256.Sum256(tool))) ||
		!strings.Contains(string(query), `"content":"`+strings.TrimSpace(string(good.Signature))+`"`) ||
		!strings.Contains(string(query), base64.StdEncoding.EncodeToString(good.Certificate)) {
		t.Errorf("%s, %v", query, err)
	}
}

// checkResult compares what came of a verification with who should have signed, or with
// what the error should hold.
func checkResult(t *testing.T, r Result, err error, by, want string) {
	t.Helper()
	if want == "" {
		if err != nil || r.By != by {
			t.Errorf("%+v, %v", r, err)
		}
		return
	}
	if bad, ok := errors.AsType[*Error](err); !ok || !strings.Contains(bad.Error(), want) || r != (Result{}) {
		t.Errorf("%+v, %v, want %q", r, err, want)
	}
}

// rekorBundle returns a log entry as cosign writes it into files and annotations.
func rekorBundle(t *testing.T, entry map[string]any) []byte {
	t.Helper()
	text, err := json.Marshal(map[string]any{
		"SignedEntryTimestamp": entry["verification"].(map[string]any)["signedEntryTimestamp"],
		"Payload":              map[string]any{"body": entry["body"], "integratedTime": entry["integratedTime"], "logIndex": entry["logIndex"], "logID": entry["logID"]},
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestCosignBundle verifies the files of the older cosign --bundle by the policy of a
// lockfile.
func TestCosignBundle(t *testing.T) {
	home := instance(t)
	tool := []byte("the tool")
	e, err := home.Sign(workflow, actions, tool)
	if err != nil {
		t.Fatal(err)
	}
	c, entry := pair(t, home, e)
	file := func(log []byte) []byte {
		text, err := json.Marshal(map[string]any{"base64Signature": strings.TrimSpace(string(c.Signature)), "cert": base64.StdEncoding.EncodeToString(c.Certificate), "rekorBundle": json.RawMessage(log)})
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	policy := lockfilePolicy(t, `cosign.bundle = "https://h/s", identity = "https://github.com/o/r/.github/workflows/release.yml@refs/tags/v{version}", issuer = "`+actions+`"`,
		Given{Identity: workflow, Roots: &Roots{public: home, unlogged: true}})
	by := "sigstore https://github.com/o/r/.github/workflows/release.yml@refs/tags/v{version} " + actions
	for _, c := range []struct{ name, text, file, want string }{
		{"good", string(file(rekorBundle(t, entry))), "the tool", ""},
		{"no entry", string(file([]byte("null"))), "the tool", "not enough verified log entries"},
		{"other file", string(file(rekorBundle(t, entry))), "a tool", "does not match"},
		{"a bundle of Sigstore", `{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json"}`, "the tool", "this is no signature"},
		{"a page", "<html>", "the tool", "this is no signature"},
	} {
		m := Material{Signature: []byte(c.text)}
		if query, err := policy.Query(TextSubject("tool", []byte(c.file)), m); query != nil || err != nil {
			t.Errorf("%s, %v", query, err)
		}
		r, err := policy.Verify(TextSubject("tool", []byte(c.file)), m, today)
		t.Run(c.name, func(t *testing.T) { checkResult(t, r, err, by, c.want) })
	}
}

// lockfilePolicy returns the policy of a signature that is written as in a lockfile.
func lockfilePolicy(t *testing.T, table string, g Given) Policy {
	t.Helper()
	file, err := lock.Parse("test", []byte("version = 1\n[deps.a]\nversion = \"1.2.3\"\nurl = \"https://h/a-{version}\"\nsignature = { "+table+" }\n"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(file.Deps[0].Signatures[0], g)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// public returns a public key as text.
func public(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// TestCosignKey verifies what keys have signed, without a log.
func TestCosignKey(t *testing.T) {
	tool := []byte("the tool")
	sum := sha256.Sum256(tool)
	signers := make(map[string]crypto.Signer)
	for name, curve := range map[string]elliptic.Curve{"p256": elliptic.P256(), "p384": elliptic.P384()} {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		signers[name] = key
	}
	long, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	signers["rsa"] = long
	if _, signers["ed25519"], err = ed25519.GenerateKey(rand.Reader); err != nil {
		t.Fatal(err)
	}
	another, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range signers {
		message, hash := sum[:], crypto.Hash(crypto.SHA256)
		if name == "ed25519" {
			message, hash = tool, 0
		}
		sig, err := key.Sign(rand.Reader, message, hash)
		if err != nil {
			t.Fatal(err)
		}
		text := []byte(base64.StdEncoding.EncodeToString(sig))
		files := func(string) ([]byte, error) { return []byte(public(t, key.Public())), nil }
		policy := lockfilePolicy(t, `cosign.sig = "https://h/s", key = "cosign.pub"`, Given{File: files})
		wrong := lockfilePolicy(t, `cosign.sig = "https://h/s", key = "cosign.pub"`, Given{File: func(string) ([]byte, error) { return []byte(public(t, &another.PublicKey)), nil }})
		der, _ := x509.MarshalPKIXPublicKey(key.Public())
		tampered := slices.Clone(text)
		tampered[len(tampered)/2] ^= 1
		for _, c := range []struct {
			name   string
			policy Policy
			sig    []byte
			file   string
			want   string
		}{
			{"good", policy, text, "the tool", ""},
			{"other key", wrong, text, "the tool", "the signature does not hold"},
			{"other file", policy, text, "a tool", "the signature does not hold"},
			{"tampered", policy, tampered, "the tool", "found"},
			{"page", policy, []byte("<!DOCTYPE html>"), "the tool", "this is no signature"},
			{"empty", policy, nil, "the tool", "this is no signature"},
		} {
			t.Run(name+" "+c.name, func(t *testing.T) {
				r, err := c.policy.Verify(TextSubject("tool", []byte(c.file)), Material{Signature: c.sig}, today)
				checkResult(t, r, err, lock.KeySigner(der), c.want)
			})
		}
	}
	// A log entry that is there must hold, also where none is needed.
	sig, err := signers["p256"].Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	home := instance(t)
	e, err := home.Sign(workflow, actions, tool)
	if err != nil {
		t.Fatal(err)
	}
	keyless, entry := pair(t, home, e)
	der, _ := x509.MarshalPKIXPublicKey(signers["p256"].Public())
	s := &Signer{Key: der, Roots: &Roots{public: home}}
	r, err := s.VerifyCosign(TextSubject("tool", tool), Cosign{Signature: sig, Log: answer(t, entry)})
	checkResult(t, r, err, "", "transparency log signature does not match")
	r, err = s.VerifyCosign(TextSubject("tool", tool), keyless)
	checkResult(t, r, err, "", "somebody else has signed")
	// An entry of the key itself.
	body, err := json.Marshal(map[string]any{"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": map[string]any{
		"data":      map[string]any{"hash": map[string]any{"algorithm": "sha256", "value": fmt.Sprintf("%x", sum)}},
		"signature": map[string]any{"content": sig, "publicKey": map[string]any{"content": []byte(public(t, signers["p256"].Public()))}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	entry["body"] = body
	resign(t, home, entry)
	r, err = s.VerifyCosign(TextSubject("tool", tool), Cosign{Signature: sig, Log: answer(t, entry)})
	checkResult(t, r, err, lock.KeySigner(der), "")
	r, err = s.VerifyCosign(TextSubject("tool", []byte("a tool")), Cosign{Signature: sig, Log: answer(t, entry)})
	checkResult(t, r, err, "", "does not match")
}

// TestSigstoreKeys holds that keys with which nothing should be verified are refused.
func TestSigstoreKeys(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0")
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	weak, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		public(t, &short.PublicKey): "an RSA key has at least 2048 bits, this one 1024",
		public(t, &weak.PublicKey):  "at least 256 bits, this one 224",
		"":                          "want one public key",
		public(t, &good.PublicKey) + public(t, &good.PublicKey):        "want one public key",
		"-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n": "asn1",
	} {
		_, err := New(lock.Signature{Kind: "sigstore", Key: "cosign.pub"}, Given{File: func(string) ([]byte, error) { return []byte(text), nil }})
		if bad, ok := errors.AsType[*KeyError](err); !ok || !strings.Contains(bad.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// FuzzSigstore reads texts that nobody has signed in Sigstore's and cosign's forms.
func FuzzSigstore(f *testing.F) {
	t := &testing.T{}
	roots := &Roots{}
	if embedded, err := embeddedRoots(); err == nil {
		roots = embedded
	}
	signer := &Signer{Identity: workflow, Issuer: actions, Roots: roots}
	hub := &Signer{Repository: "o/r", Workflow: "o/r/.github/workflows/release.yml", Roots: roots}
	bundle, err := os.ReadFile("../../testdata/sigstore/provenance.sigstore.json")
	if err != nil {
		f.Fatal(err)
	}
	home := instance(t)
	e, err := home.Sign(workflow, actions, []byte("the tool"))
	if err != nil {
		f.Fatal(err)
	}
	c, entry := pair(t, home, e)
	for _, seed := range [][3][]byte{{bundle}, {c.Signature, c.Certificate, c.Log}, {c.Signature, c.Certificate, rekorBundle(t, entry)}} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Add([]byte(`{"base64Signature":"MEUC","cert":"","rekorBundle":null}`), []byte(nil), []byte(nil))
	f.Add([]byte(`{"payloadType":"application/vnd.in-toto+json","payload":"e30=","signatures":[{"sig":"MEUC","cert":"`+strings.ReplaceAll(string(c.Certificate), "\n", `\n`)+`"}]}`), []byte(nil), c.Log)
	f.Fuzz(func(t *testing.T, sig, certificate, log []byte) {
		s := TextSubject("a", []byte("nobody signs this"))
		m := Material{Signature: sig, Certificate: certificate, Log: log}
		for _, p := range []Policy{{verifier: &bundles{signer}}, {verifier: &cosign{Signer: signer}}, {verifier: &cosign{Signer: signer, bundle: true}}, {verifier: &attestations{hub}}} {
			p.Query(s, m)
			if r, err := p.Verify(s, m, today); err == nil {
				t.Errorf("accepted, as signed by %s", r.By)
			}
		}
	})
}
