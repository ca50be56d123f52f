package pin

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"depfetch/lock"
	"depfetch/lock/signature"
)

// signing is a registry with an image, and a key that signs.
type signing struct {
	t      *testing.T
	repo   name.Repository
	digest v1.Hash // of the image, an index
	key    crypto.Signer
	public string // PEM
	broken atomic.Bool
	read   func() // if not nil, called for each blob that is read
}

// signed starts a registry, with the API of referrers or without.
func signed(t *testing.T, referrers bool) *signing {
	t.Helper()
	s := &signing{t: t}
	handler := registry.New(registry.Logger(log.New(io.Discard, "", 0)), registry.WithReferrersSupport(referrers))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.broken.Load() && strings.Contains(r.URL.Path, "/blobs/") {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		if s.read != nil && r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/") {
			s.read()
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	var err error
	if s.repo, err = name.NewRepository(strings.TrimPrefix(server.URL, "http://") + "/o/tool"); err != nil {
		t.Fatal(err)
	}
	index, err := random.Index(64, 1, 2)
	if err == nil {
		err = remote.WriteIndex(s.repo.Tag("1"), index)
	}
	if err == nil {
		s.digest, err = index.Digest()
	}
	if err != nil {
		t.Fatal(err)
	}
	s.key, s.public = newKey(t)
	return s
}

func newKey(t *testing.T) (crypto.Signer, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return key, string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func (s *signing) sign(message []byte) string {
	s.t.Helper()
	sum := sha256.Sum256(message)
	sig, err := s.key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		s.t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(sig)
}

// payload is what cosign signs in its older form.
func payload(reference string, digest v1.Hash) []byte {
	return fmt.Appendf(nil, `{"critical":{"identity":{"docker-reference":"%s"},"image":{"docker-manifest-digest":"%s"},"type":"cosign container image signature"},"optional":null}`, reference, digest)
}

// cosign puts signatures of payloads behind the tag of an image's signatures.
func (s *signing) cosign(of v1.Hash, payloads ...[]byte) {
	s.t.Helper()
	var layers []mutate.Addendum
	for _, p := range payloads {
		layers = append(layers, mutate.Addendum{
			Layer: static.NewLayer(p, "application/vnd.dev.cosign.simplesigning.v1+json"), Annotations: map[string]string{"dev.cosignproject.cosign/signature": s.sign(p)},
		})
	}
	image, err := mutate.Append(mutate.MediaType(empty.Image, types.OCIManifestSchema1), layers...)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := remote.Write(s.repo.Tag("sha256-"+of.Hex+".sig"), image); err != nil {
		s.t.Fatal(err)
	}
}

// bundle puts a bundle with a statement about a digest beside the image, as cosign 3 does.
func (s *signing) bundle(of v1.Hash) {
	s.t.Helper()
	const kind, media = "application/vnd.in-toto+json", "application/vnd.dev.sigstore.bundle.v0.3+json"
	statement := fmt.Appendf(nil, `{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"%s"}}],"predicateType":"%s","predicate":{}}`, of.Hex, signature.CosignSign)
	text, err := json.Marshal(map[string]any{
		"mediaType": media, "verificationMaterial": map[string]any{"publicKey": map[string]any{"hint": ""}},
		"dsseEnvelope": map[string]any{"payloadType": kind, "payload": statement, "signatures": []any{
			map[string]any{"sig": s.sign(fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(kind), kind, len(statement), statement))},
		}},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	image, err := mutate.AppendLayers(mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), media), static.NewLayer(text, media))
	if err != nil {
		s.t.Fatal(err)
	}
	subject, err := remote.Head(s.repo.Digest(s.digest.String()))
	if err != nil {
		s.t.Fatal(err)
	}
	refers := mutate.Subject(image, *subject).(v1.Image)
	digest, err := refers.Digest()
	if err == nil {
		err = remote.Write(s.repo.Digest(digest.String()), refers)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// verify verifies the image by rules, which may name the repository as REPO.
func (s *signing) verify(rules string) (string, error) {
	s.t.Helper()
	file, err := lock.Parse("test", []byte("version = 1\n[policy]\nimages = ["+strings.ReplaceAll(rules, "REPO", s.repo.Name())+"]\n"))
	if err != nil {
		s.t.Fatal(err)
	}
	v := Verifier{Registry: &Registry{}, File: func(path string) ([]byte, error) {
		if path != "cosign.pub" {
			return nil, errors.New("no such file")
		}
		return []byte(s.public), nil
	}}
	image := s.repo.Name() + ":1"
	all := v.VerifyAll(context.Background(), []Claim{{Name: image, Digest: s.digest, Rules: file.Policy.ImageRules(image)}})
	return all[0].By, all[0].Err
}

const keyRule = `{ match = "REPO", key = "cosign.pub" }`

// TestVerify finds signatures of each form in a registry, and says what is wrong with
// those that do not hold.
func TestVerify(t *testing.T) {
	other := v1.Hash{Algorithm: "sha256", Hex: strings.Repeat("a", 64)}
	for _, c := range []struct {
		name  string
		put   func(s *signing)
		rules string
		want  string // in the error, or "" if it holds
	}{
		{"none", func(*signing) {}, keyRule, "has no signature, and policy.images demands one by sigstore SHA256:"},
		{"cosign", func(s *signing) { s.cosign(s.digest, payload(s.repo.Name(), s.digest)) }, keyRule, ""},
		{"one of several", func(s *signing) {
			s.cosign(s.digest, payload(s.repo.Name(), other), payload(s.repo.Name(), s.digest), payload("example.com/o", s.digest))
		}, keyRule, ""},
		{"bundle", func(s *signing) { s.bundle(s.digest) }, keyRule, ""},
		{"a bundle beside a signature that does not hold", func(s *signing) { s.cosign(s.digest, payload("example.com/o", s.digest)); s.bundle(s.digest) }, keyRule, ""},
		{"of another image, put behind this one's tag", func(s *signing) { s.cosign(s.digest, payload(s.repo.Name(), other)) }, keyRule, "the signature is of another image"},
		{"bundle of another image", func(s *signing) { s.bundle(other) }, keyRule, "the signature does not hold"},
		{"of another repository", func(s *signing) { s.cosign(s.digest, payload("example.com/o", s.digest)) }, keyRule, "found     example.com/o@sha256:"},
		{"of another repository, as the rule says", func(s *signing) { s.cosign(s.digest, payload("example.com/o", s.digest)) },
			`{ match = "REPO", key = "cosign.pub", signed_as = "example.com/o" }`, ""},
		{"of the repositories that the rule says", func(s *signing) { s.cosign(s.digest, payload("example.com/x/tool", s.digest)) },
			strings.Replace(`{ match = "REPO", key = "cosign.pub", signed_as = "example.com/x/*" }`, "REPO", "HOST/*", 1), ""},
		{"another key", func(s *signing) {
			s.cosign(s.digest, payload(s.repo.Name(), s.digest))
			_, s.public = newKey(s.t)
		}, keyRule, "the signature does not hold"},
		{"an identity that is wanted", func(s *signing) { s.cosign(s.digest, payload(s.repo.Name(), s.digest)) },
			`{ match = "REPO", identity = "https://example.com/@refs/tags/v{tag}", issuer = "https://accounts.example.com" }`, "expected  https://example.com/@refs/tags/v1, by https://accounts.example.com"},
		{"provenance that is wanted", func(s *signing) { s.cosign(s.digest, payload(s.repo.Name(), s.digest)) },
			`{ match = "REPO", github = "o/tool", workflow = ".github/workflows/release.yml" }`, "this is no attestation"},
		{"all rules", func(s *signing) { s.bundle(s.digest) }, keyRule + `, { match = "*", identity = "a", issuer = "https://example.com" }`, "somebody else has signed"},
		{"no key", func(s *signing) { s.bundle(s.digest) }, `{ match = "REPO", key = "none.pub" }`, `key of sigstore "none.pub": no such file`},
		{"many", func(s *signing) {
			var all [][]byte
			for i := range maxSignatures {
				all = append(all, payload("example.com/o", v1.Hash{Algorithm: "sha256", Hex: fmt.Sprintf("%064x", i)}))
			}
			s.cosign(s.digest, append(all, payload(s.repo.Name(), s.digest))...)
		}, keyRule, ""},
		{"large", func(s *signing) { s.cosign(s.digest, make([]byte, signature.MaxSize+1)) }, keyRule, "is larger than"},
		{"a registry that breaks", func(s *signing) { s.cosign(s.digest, payload(s.repo.Name(), s.digest)); s.broken.Store(true) }, keyRule, "asking the registry"},
	} {
		for _, referrers := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, referrers %v", c.name, referrers), func(t *testing.T) {
				s := signed(t, referrers)
				c.put(s)
				by, err := s.verify(strings.ReplaceAll(c.rules, "HOST", s.repo.RegistryStr()+"/o"))
				if c.want != "" {
					if by != "" || err == nil || !strings.Contains(err.Error(), c.want) {
						t.Errorf("%q, %v, want %q", by, err, c.want)
					}
					return
				}
				if err != nil || !strings.HasPrefix(by, "sigstore SHA256:") {
					t.Errorf("%q, %v", by, err)
				}
			})
		}
	}
}

// TestVerifyAtOnce: signatures of an image are read several at once, and not so many that a
// registry would refuse.
func TestVerifyAtOnce(t *testing.T) {
	s := signed(t, true)
	const signatures = 12
	var payloads [][]byte
	for i := range signatures - 1 {
		payloads = append(payloads, payload(fmt.Sprintf("example.com/%d", i), s.digest))
	}
	s.cosign(s.digest, append(payloads, payload(s.repo.Name(), s.digest))...)
	var flying, peak atomic.Int64
	full, once := make(chan struct{}), sync.Once{}
	s.read = func() {
		n := flying.Add(1)
		defer flying.Add(-1)
		for p := peak.Load(); n > p && !peak.CompareAndSwap(p, n); p = peak.Load() {
		}
		if n == readers {
			once.Do(func() { close(full) })
		}
		select { // each waits until as many are under way as may be
		case <-full:
		case <-t.Context().Done():
		case <-time.After(10 * time.Second):
			t.Error("signatures are read one after another")
			once.Do(func() { close(full) })
		}
	}
	if _, err := s.verify(keyRule); err != nil || peak.Load() != readers {
		t.Errorf("%d at once, want %d: %v", peak.Load(), readers, err)
	}
}

// TestVerifyAttestations asks GitHub for what the registry does not have.
func TestVerifyAttestations(t *testing.T) {
	s := signed(t, true)
	file, err := lock.Parse("test", []byte(`version = 1
[policy]
images = { match = "*", github = "o/tool", workflow = ".github/workflows/release.yml", ref = "refs/tags/v{tag}" }
`))
	if err != nil {
		t.Fatal(err)
	}
	image := s.repo.Name() + ":1"
	failed := errors.New("the API is off")
	for _, c := range []struct {
		answer string
		err    error
		want   string
	}{
		{"", nil, "has no signature, and policy.images demands one by o/tool/.github/workflows/release.yml, for o/tool at refs/tags/v1"},
		{"", failed, "the API is off"},
		{"<html>", nil, "this is no signature"},
		{`{"mediaType": "x"} {}`, nil, "this is no signature"},
	} {
		v := Verifier{Registry: &Registry{Keychain: authn.NewMultiKeychain()}, Attestations: func(_ context.Context, repository, sha256 string) ([]byte, error) {
			if repository != "o/tool" || sha256 != s.digest.Hex {
				t.Errorf("asked for %s of %s", sha256, repository)
			}
			if c.answer == "" {
				return nil, c.err
			}
			return []byte(c.answer), c.err
		}}
		if by, err := v.Verify(context.Background(), Claim{Name: image, Digest: s.digest, Rules: file.Policy.ImageRules(image)}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q, %v, want %q", by, err, c.want)
		}
	}
}
