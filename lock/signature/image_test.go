package signature

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"depfetch/fetch"
)

// payload returns what cosign signs of an image in its older form, to the byte.
func payload(reference string, digest fetch.Digest) []byte {
	return fmt.Appendf(nil, `{"critical":{"identity":{"docker-reference":"%s"},"image":{"docker-manifest-digest":"sha256:%s"},"type":"cosign container image signature"},"optional":null}`, reference, digest)
}

// statement returns what cosign signs of an image in a bundle, or another statement.
func statement(predicate string, digest fetch.Digest) []byte {
	return fmt.Appendf(nil, `{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"%s"}}],"predicateType":"%s","predicate":{}}`, digest, predicate)
}

// TestImagePayload verifies signatures in the older form of cosign.
func TestImagePayload(t *testing.T) {
	home, other := instance(t), instance(t)
	image := Image{Name: "ghcr.io/o/tool:1.2.3", Digest: sha256.Sum256([]byte("the index"))}
	older := sha256.Sum256([]byte("an older index"))
	good := payload("ghcr.io/o/tool", image.Digest)
	for _, c := range []struct {
		name             string
		payload          []byte
		identity, issuer string
		want             string
	}{
		{"good", good, workflow, actions, ""},
		{"with the tag", payload("ghcr.io/o/tool:1.2.3", image.Digest), workflow, actions, ""},
		{"with the digest", payload("ghcr.io/o/tool@sha256:"+image.Digest.String(), image.Digest), workflow, actions, ""},
		{"another digest in the reference", payload("ghcr.io/o/tool@sha256:"+fetch.Digest(older).String(), image.Digest), workflow, actions, "another image"},
		{"of an older image", payload("ghcr.io/o/tool", older), workflow, actions, "the signature is of another image\n  expected  ghcr.io/o/tool:1.2.3@sha256:"},
		{"for another tag", payload("ghcr.io/o/tool:1.2.2", image.Digest), workflow, actions, "another image"},
		{"for another repository", payload("ghcr.io/o/tools", image.Digest), workflow, actions, "found     ghcr.io/o/tools@sha256:"},
		{"for the repository by case", payload("ghcr.io/O/tool", image.Digest), workflow, actions, "another image"},
		{"for nothing", payload("", image.Digest), workflow, actions, "another image"},
		{"another text", []byte(strings.Replace(string(good), "cosign container image signature", "atomic container signature", 1)), workflow, actions, "this is no signature"},
		{"a file", []byte("ghcr.io/o/tool"), workflow, actions, "this is no signature"},
		{"another identity", good, "https://github.com/evil/r/.github/workflows/release.yml@refs/tags/v1.2.3", actions, "another identity"},
		{"by prefix", good, workflow + "4", actions, "another identity"},
		{"by suffix", good, "https://evil.example/" + workflow, actions, "another identity"},
		{"by case", good, strings.Replace(workflow, "/o/r/", "/O/r/", 1), actions, "another identity"},
		{"another issuer", good, workflow, "https://accounts.example.com", "another identity"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, err := home.Sign(c.identity, c.issuer, c.payload)
			if err != nil {
				t.Fatal(err)
			}
			sig := ImageSignature{Payload: c.payload}
			var entry map[string]any
			sig.Cosign, entry = pair(t, home, e)
			sig.Log = rekorBundle(t, entry)
			signer := &Signer{Identity: workflow, Issuer: actions, By: "sigstore it", Roots: &Roots{public: home, unlogged: true}}
			r, err := signer.VerifyImage(image, sig)
			checkResult(t, r, err, "sigstore it", c.want)
			if c.want != "" {
				return
			}
			tampered := sig
			tampered.Payload = bytes.Replace(sig.Payload, []byte("null"), []byte("{}"), 1)
			r, err = signer.VerifyImage(image, tampered)
			checkResult(t, r, err, "", "the signature does not hold")
			unlogged := sig
			unlogged.Log = nil
			r, err = signer.VerifyImage(image, unlogged)
			checkResult(t, r, err, "", "not enough verified log entries")
			signer.Roots = &Roots{public: other, unlogged: true}
			r, err = signer.VerifyImage(image, sig)
			checkResult(t, r, err, "", "the signature does not hold")
			signer = &Signer{Repository: "o/r", Workflow: "o/r/.github/workflows/release.yml", Roots: &Roots{public: home, unlogged: true}}
			r, err = signer.VerifyImage(image, sig)
			checkResult(t, r, err, "", "this is no attestation")
		})
	}
}

// TestImageStatement verifies statements in bundles, as cosign 3 and attestations have
// them.
func TestImageStatement(t *testing.T) {
	home := instance(t)
	image := Image{Name: "ghcr.io/o/tool:1.2.3", Digest: sha256.Sum256([]byte("the index"))}
	older := sha256.Sum256([]byte("an older index"))
	signer := (&Signer{Identity: workflow, Issuer: actions, Roots: &Roots{public: home, unlogged: true}}).forImages()
	for _, c := range []struct {
		name, identity string
		statement      []byte
		want           string
	}{
		{"good", workflow, statement(CosignSign, image.Digest), ""},
		{"provenance", workflow, statement(Provenance+"v1", image.Digest), ""},
		{"other predicate", workflow, statement("https://in-toto.io/attestation/vulns", image.Digest), "something else is stated"},
		{"of an older image", workflow, statement(CosignSign, older), "the signature does not hold"},
		{"another identity", workflow + "4", statement(CosignSign, image.Digest), "another identity"},
	} {
		e, err := home.Attest(c.identity, actions, c.statement)
		if err != nil {
			t.Fatal(err)
		}
		r, err := signer.verifyEntity(image.subject(), e)
		t.Run(c.name, func(t *testing.T) { checkResult(t, r, err, "sigstore "+workflow+" "+actions, c.want) })
	}
	e, err := home.Attest(workflow, actions, statement(CosignSign, image.Digest))
	if err != nil {
		t.Fatal(err)
	}
	github := (&Signer{Repository: "o/r", Workflow: "o/r/.github/workflows/release.yml", Roots: &Roots{public: home, unlogged: true}}).forImages()
	if r, err := github.verifyEntity(image.subject(), e); err == nil {
		t.Errorf("a signature is taken for provenance: %+v", r)
	}
}

// bundleOf returns a bundle of Sigstore in which a key has signed, without a log.
func bundleOf(t *testing.T, content map[string]any) []byte {
	t.Helper()
	content["mediaType"] = "application/vnd.dev.sigstore.bundle.v0.3+json"
	content["verificationMaterial"] = map[string]any{"publicKey": map[string]any{"hint": ""}}
	text, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// sign returns a signature by a key, in base64.
func sign(t *testing.T, key crypto.Signer, message []byte) string {
	t.Helper()
	hash := crypto.Hash(0)
	if _, ed := key.(ed25519.PrivateKey); !ed {
		sum := sha256.Sum256(message)
		message, hash = sum[:], crypto.SHA256
	}
	sig, err := key.Sign(rand.Reader, message, hash)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(sig)
}

// TestImageKey verifies what a key has signed.
func TestImageKey(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	image := Image{Name: "docker.io/library/tool:latest", Digest: sha256.Sum256([]byte("the index"))}
	text := payload("index.docker.io/library/tool", image.Digest)
	envelope := func(key crypto.Signer, statement []byte) []byte {
		const kind = "application/vnd.in-toto+json"
		signed := fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(kind), kind, len(statement), statement)
		return bundleOf(t, map[string]any{"dsseEnvelope": map[string]any{
			"payloadType": kind, "payload": base64.StdEncoding.EncodeToString(statement), "signatures": []any{map[string]any{"sig": sign(t, key, signed)}},
		}})
	}
	message := func(key crypto.Signer, message []byte, algorithm string, digest []byte) []byte {
		return bundleOf(t, map[string]any{"messageSignature": map[string]any{
			"messageDigest": map[string]any{"algorithm": algorithm, "digest": base64.StdEncoding.EncodeToString(digest)}, "signature": sign(t, key, message),
		}})
	}
	empty := sha256.Sum256(nil)
	for _, c := range []struct {
		name string
		key  crypto.Signer // that the lockfile has
		sig  ImageSignature
		want string
	}{
		{"payload", key, ImageSignature{Payload: text, Cosign: Cosign{Signature: []byte(sign(t, key, text))}}, ""},
		{"payload, ed25519", edwards, ImageSignature{Payload: text, Cosign: Cosign{Signature: []byte(sign(t, edwards, text))}}, ""},
		{"payload by another key", key, ImageSignature{Payload: text, Cosign: Cosign{Signature: []byte(sign(t, other, text))}}, "the signature does not hold"},
		{"no signature", key, ImageSignature{Payload: text}, "this is no signature"},
		{"statement", key, ImageSignature{Bundle: envelope(key, statement(CosignSign, image.Digest))}, ""},
		{"statement, ed25519", edwards, ImageSignature{Bundle: envelope(edwards, statement(CosignSign, image.Digest))}, ""},
		{"statement by another key", key, ImageSignature{Bundle: envelope(other, statement(CosignSign, image.Digest))}, "the signature does not hold"},
		{"statement of another image", key, ImageSignature{Bundle: envelope(key, statement(CosignSign, empty))}, "the signature does not hold"},
		{"another statement", key, ImageSignature{Bundle: envelope(key, statement("https://example.com/sbom", image.Digest))}, "something else is stated"},
		{"statement of no sha256", key, ImageSignature{Bundle: envelope(key, bytes.Replace(statement(CosignSign, empty), []byte("sha256"), []byte("sha512"), 1))}, "not of a sha256"},
		{"the index itself", key, ImageSignature{Bundle: message(key, []byte("the index"), "SHA2_256", image.Digest[:])}, ""},
		{"an empty file", edwards, ImageSignature{Bundle: message(edwards, nil, "SHA2_256", empty[:])}, "not of a sha256"},
		{"no bundle", key, ImageSignature{Bundle: []byte("<html>")}, "this is no signature"},
	} {
		der, err := x509.MarshalPKIXPublicKey(c.key.Public())
		if err != nil {
			t.Fatal(err)
		}
		signer := &Signer{Key: der, By: "sigstore it"}
		r, err := signer.VerifyImage(image, c.sig)
		t.Run(c.name, func(t *testing.T) { checkResult(t, r, err, "sigstore it", c.want) })
	}
}
