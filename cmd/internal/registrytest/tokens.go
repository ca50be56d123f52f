package registrytest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// What a token and the registry's configuration have in common.
const (
	service = "test-registry"
	issuer  = "test-issuer"
)

// leeway is how long distribution takes a token that has expired.
const leeway = time.Minute

// Tokens is a token service (the distribution project's token authentication): it gives
// User what is asked for, those without a login pull alone, and others nothing. It is safe
// for concurrent use.
type Tokens struct {
	server *httptest.Server
	key    *ecdsa.PrivateKey
	der    []byte // the certificate of the key

	mu   sync.Mutex
	life time.Duration
	sent []Sent
}

// Sent is a token that has been sent.
type Sent struct {
	Token string
	User  string   // "" is somebody without a login
	Scope []string // as it was asked for
}

// access is what a token allows.
type access struct {
	Type    string   `json:"type"`
	Name    string   `json:"name"`
	Actions []string `json:"actions"`
}

func newTokens(t testing.TB) *Tokens {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: issuer}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	s := &Tokens{key: key, der: der, life: 5 * time.Minute}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /token", s.answer)
	s.server = httptest.NewServer(mux)
	t.Cleanup(s.server.Close)
	return s
}

// URL returns the address of the service, which has a name: go-containerregistry refuses
// services at private addresses.
func (s *Tokens) URL() string { return strings.Replace(s.server.URL, "127.0.0.1", "localhost", 1) }

// certificate returns what signs the tokens, in PEM form.
func (s *Tokens) certificate() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.der}))
}

// SetLife sets how long the registry takes the tokens that are sent from now on.
func (s *Tokens) SetLife(life time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.life = life
}

// Sent returns the tokens that have been sent.
func (s *Tokens) Sent() []Sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sent)
}

func (s *Tokens) answer(w http.ResponseWriter, r *http.Request) {
	user, password, known := r.BasicAuth()
	if known && (user != User || password != Password) {
		http.Error(w, `{"details": "incorrect username or password"}`, http.StatusUnauthorized)
		return
	}
	query := r.URL.Query()
	if query.Get("service") != service {
		http.Error(w, `{"details": "unknown service"}`, http.StatusBadRequest)
		return
	}
	var allowed []access
	for _, scope := range query["scope"] {
		for scope := range strings.FieldsSeq(scope) {
			kind, rest, _ := strings.Cut(scope, ":")
			i := strings.LastIndexByte(rest, ':')
			if i < 0 {
				continue
			}
			actions := strings.Split(rest[i+1:], ",")
			if !known {
				actions = slices.DeleteFunc(actions, func(a string) bool { return a != "pull" })
			}
			allowed = append(allowed, access{kind, rest[:i], actions})
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	token := s.sign(allowed, s.life)
	s.sent = append(s.sent, Sent{token, user, query["scope"]})
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{"token": token, "access_token": token, "expires_in": int(s.life.Seconds()), "issued_at": time.Now().UTC().Format(time.RFC3339)})
}

// sign makes a JSON web token (RFC 7519, ES256) that the registry takes for that long.
func (s *Tokens) sign(allowed []access, life time.Duration) string {
	now := time.Now()
	part := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return base64.RawURLEncoding.EncodeToString(text)
	}
	text := part(map[string]any{"typ": "JWT", "alg": "ES256", "x5c": []string{base64.StdEncoding.EncodeToString(s.der)}}) + "." +
		part(map[string]any{
			"iss": issuer, "aud": service, "sub": User, "jti": fmt.Sprint(now.UnixNano()), "access": allowed,
			"iat": now.Add(-2 * leeway).Unix(), "nbf": now.Add(-2 * leeway).Unix(), "exp": now.Add(life - leeway).Unix(),
		})
	digest := sha256.Sum256([]byte(text))
	signature, err := signES256(s.key, digest[:])
	if err != nil {
		panic(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// signES256 returns the two numbers of a signature, one behind the other (RFC 7518,
// section 3.4).
func signES256(key *ecdsa.PrivateKey, digest []byte) ([]byte, error) {
	r, s, err := ecdsa.Sign(rand.Reader, key, digest)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 64)
	r.FillBytes(out[:32])
	s.FillBytes(out[32:])
	return out, nil
}

// AwaitExpired returns once the registry refuses the first token that has been sent, and
// gives others a long life from then on. The token must be for a blob of a repository.
func (r *Registry) AwaitExpired(ctx context.Context, repository, sha256 string) error {
	const pause = 50 * time.Millisecond
	for range time.Minute / pause {
		if sent := r.Tokens.Sent(); len(sent) > 0 {
			req, err := http.NewRequestWithContext(ctx, http.MethodHead, "http://"+r.Host+"/v2/"+repository+"/blobs/sha256:"+sha256, nil)
			if err != nil {
				return err
			}
			req.Header.Set("Authorization", "Bearer "+sent[0].Token)
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				return err
			}
			resp.Body.Close()
			if resp.StatusCode == http.StatusUnauthorized {
				r.Tokens.SetLife(5 * time.Minute)
				return nil
			}
		}
		time.Sleep(pause)
	}
	return errors.New("no token has been sent that the registry refuses after a minute")
}
