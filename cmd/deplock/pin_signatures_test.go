package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// sign puts a signature of cosign beside an image, for a repository that it names.
func (r images) sign(t *testing.T, repository, digest, named string, key *ecdsa.PrivateKey) {
	t.Helper()
	text := fmt.Appendf(nil, `{"critical":{"identity":{"docker-reference":"%s"},"image":{"docker-manifest-digest":"%s"},"type":"cosign container image signature"},"optional":null}`, named, digest)
	sum := sha256.Sum256(text)
	sig, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	image, err := mutate.Append(mutate.MediaType(empty.Image, types.OCIManifestSchema1), mutate.Addendum{
		Layer:       static.NewLayer(text, "application/vnd.dev.cosign.simplesigning.v1+json"),
		Annotations: map[string]string{"dev.cosignproject.cosign/signature": base64.StdEncoding.EncodeToString(sig)},
	})
	if err != nil {
		t.Fatal(err)
	}
	tag, err := name.NewTag(r.host + "/" + repository + ":" + strings.Replace(digest, ":", "-", 1) + ".sig")
	if err == nil {
		err = remote.Write(tag, image, remote.WithAuth(r.auth))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestPinSignatures verifies images of a registry with a login before anything is written.
func TestPinSignatures(t *testing.T) {
	r := memory(t, "secret")
	config(t, r.login("secret"))
	testPinSignatures(t, r)
}

// testPinSignatures does so with the images of a registry.
func testPinSignatures(t *testing.T, r images) {
	index, single := r.push(t, "tools/go:1.26", true), r.push(t, "debian:12", false)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(der)
	by := "sigstore SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
	t.Chdir(t.TempDir())
	fill := strings.NewReplacer("HOST", r.host, "INDEX", index, "SINGLE", single, "BY", by)
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(fill.Replace(text)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	holds := func(name, want string) {
		t.Helper()
		if got, err := os.ReadFile(name); err != nil || string(got) != fill.Replace(want) {
			t.Errorf("%s holds\n%s\nwant\n%s%v", name, got, fill.Replace(want), err)
		}
	}
	run := func(code int, stdout, stderr string, args ...string) {
		t.Helper()
		got, out, errs := deplock(t, args...)
		if got != code || !strings.Contains(out, fill.Replace(stdout)) || !strings.Contains(errs, fill.Replace(stderr)) {
			t.Errorf("deplock %s: exit %d, want %d\n%s%s", strings.Join(args, " "), got, code, out, errs)
		}
	}
	const (
		dockerfile = "FROM HOST/tools/go:1.26 AS build\nFROM HOST/debian:12\n"
		rule       = "version = 1\n[policy]\nimages = [{ match = \"HOST/tools/*\", key = \"cosign.pub\" }]\n"
		table      = "\n# What Dockerfiles start from. deplock pin --to-lockfile keeps it, sorted.\n[images]\n\"HOST/debian:12\" = { digest = \"SINGLE\" }\n"
		signed     = "\"HOST/tools/go:1.26\" = { digest = \"INDEX\", by = \"BY\" }\n"
	)
	write("Dockerfile", dockerfile)
	write("deps.lock.toml", rule)

	// Neither a missing key nor a missing signature lets anything be written.
	run(2, "", "deplock: error: Dockerfile:1:6: key of sigstore \"cosign.pub\": ", "pin")
	// Not with write: the letters of a key may be one of its words.
	if err := os.WriteFile("cosign.pub", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o644); err != nil {
		t.Fatal(err)
	}
	none := "deplock: error: Dockerfile:1:6: HOST/tools/go:1.26: INDEX has no signature, and policy.images demands one by BY\ndeplock: hint: nothing has been written; "
	run(5, "0 images signed as policy.images demands, 1 without a rule\n", none, "pin")
	run(5, "", none, "pin", "--to-lockfile")
	r.sign(t, "tools/go", index, "example.com/go", key)
	other := "HOST/tools/go:1.26: no signature of INDEX is one that policy.images demands: the signature is of another image\n    expected  HOST/tools/go:1.26@INDEX\n    found     example.com/go@INDEX\n" +
		"deplock: hint: nothing has been written; if it is a copy, signed_as in the rule says which repository was signed\n"
	run(5, "", other, "pin")
	run(5, "", other, "pin", "--to-lockfile")
	holds("Dockerfile", dockerfile)
	holds("deps.lock.toml", rule)

	r.sign(t, "tools/go", index, r.host+"/tools/go", key)
	run(0, "HOST/tools/go:1.26 → INDEX, signed by BY\ndeps.lock.toml: HOST/debian:12 → SINGLE\n1 image signed as policy.images demands, 1 without a rule\n", "", "pin", "--to-lockfile")
	holds("deps.lock.toml", rule+table+signed)
	run(0, "nothing to pin\n", "", "pin", "--to-lockfile")
	run(0, "2 images, 0 without a line, 0 moved on\n", "", "pin", "--to-lockfile", "--check")
	run(0, "0 dependencies, 0 locked lines, 2 images, all in order\n", "", "check")
	run(0, "Dockerfile:1: HOST/tools/go:1.26 → INDEX, signed by BY\n", "", "pin")
	const pinned = "FROM HOST/tools/go:1.26@INDEX AS build\nFROM HOST/debian:12@SINGLE\n"
	holds("Dockerfile", pinned)
	run(0, "nothing to pin\n1 image signed as policy.images demands, 1 without a rule\n", "", "pin", "--update")

	// A tag that moves to what nobody has signed, with the signature of what was there.
	moved := r.push(t, "tools/go:1.26", true)
	run(0, "has moved on: pinned INDEX, now "+moved, "", "pin", "--check", "--update")
	run(5, "", moved+" has no signature", "pin", "--update")
	write("Dockerfile", dockerfile)
	run(0, "has moved on: pinned INDEX, now "+moved, "", "pin", "--to-lockfile", "--check", "--update")
	run(5, "", moved+" has no signature", "pin", "--to-lockfile", "--update")
	holds("deps.lock.toml", rule+table+signed)

	// What the policy demands no more goes, and what it demands now is verified.
	write("deps.lock.toml", "version = 1\n"+table+signed)
	run(5, "", "signed by BY, and no rule of policy.images asks for that", "check")
	run(0, "deps.lock.toml: HOST/tools/go:1.26 stays INDEX\n", "", "pin", "--to-lockfile")
	holds("deps.lock.toml", "version = 1\n"+table+strings.Replace(signed, ", by = \"BY\"", "", 1))
	write("deps.lock.toml", rule+table+strings.Replace(signed, ", by = \"BY\"", "", 1))
	run(5, "", "policy.images demands a signature by sigstore with a key of cosign.pub, and by does not say who has signed", "pin", "--to-lockfile", "--check")
	run(0, "signed by BY\n", "", "pin", "--to-lockfile")
	holds("deps.lock.toml", rule+table+signed)
}
