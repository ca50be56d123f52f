package signature

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"

	"depfetch/lock"
)

// sshKey verifies signatures of ssh-keygen -Y sign.
type sshKey struct {
	public    ssh.PublicKey
	namespace string
	by        string
}

func newSSH(s lock.Signature) (*sshKey, error) {
	public, _, _, _, err := ssh.ParseAuthorizedKey([]byte(s.Key))
	if err != nil {
		return nil, err
	}
	known := []string{
		ssh.KeyAlgoED25519, ssh.KeyAlgoSKED25519, ssh.KeyAlgoRSA, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384,
		ssh.KeyAlgoECDSA521, ssh.KeyAlgoSKECDSA256,
	}
	if !slices.Contains(known, public.Type()) {
		return nil, fmt.Errorf("keys of the type %s are refused: want one of %s", public.Type(), strings.Join(known, ", "))
	}
	if key, ok := public.(ssh.CryptoPublicKey); ok {
		if k, ok := key.CryptoPublicKey().(*rsa.PublicKey); ok && k.N.BitLen() < minRSA {
			return nil, fmt.Errorf("an RSA key has at least %d bits, this one %d", minRSA, k.N.BitLen())
		}
	}
	return &sshKey{public: public, namespace: s.Namespace, by: s.Signer()}, nil
}

func (k *sshKey) verify(s Subject, m Material, _ time.Time) (Result, error) {
	text := m.Signature
	sig, err := sshsig.Unarmor(text)
	if err != nil {
		return Result{}, notASignature("-----BEGIN "+sshsig.PEMType+"-----", text)
	}
	switch other := ssh.FingerprintSHA256(sig.PublicKey); {
	case "ssh "+other != k.by:
		return Result{}, &Error{Problem: "another key has signed", Expected: k.by, Found: "ssh " + other}
	case sig.Namespace != k.namespace:
		return Result{}, &Error{
			Problem: "the signature is for something else", Expected: fmt.Sprintf("namespace %q", k.namespace), Found: fmt.Sprintf("namespace %q", sig.Namespace),
		}
	case sig.Signature.Format == ssh.KeyAlgoRSA: // RFC 8332
		return Result{}, &Error{Problem: "the signature is over a weak hash", Expected: "SHA-256 or SHA-512", Found: "SHA-1 (ssh-rsa)"}
	}
	read := &failing{from: s.Bytes}
	err = sshsig.Verify(read, sig, k.public, sig.HashAlgorithm, k.namespace)
	switch {
	case read.err != nil:
		return Result{}, read.err
	case errors.Is(err, sshsig.ErrUnsupportedHashAlgorithm):
		return Result{}, &Error{Problem: "the signature is over an unknown hash", Expected: "sha256 or sha512", Found: sig.HashAlgorithm.String()}
	case err != nil:
		return Result{}, otherBytes(s.Name, k.by)
	}
	return Result{By: k.by}, nil
}

// failing is a reader that remembers why it could not be read.
type failing struct {
	from io.Reader
	err  error
}

func (f *failing) Read(p []byte) (int, error) {
	n, err := f.from.Read(p)
	if err != nil && err != io.EOF {
		f.err = err
	}
	return n, err
}
