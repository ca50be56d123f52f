package signature

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"fmt"
)

// minRSA is how long an RSA key must be, in bits.
const minRSA = 2048

// checkKey returns an error if nothing should be verified with a key.
func checkKey(key crypto.PublicKey) error {
	switch k := key.(type) {
	case *rsa.PublicKey:
		if k.N.BitLen() < minRSA {
			return fmt.Errorf("an RSA key has at least %d bits, this one %d", minRSA, k.N.BitLen())
		}
	case *ecdsa.PublicKey:
		if bits := k.Curve.Params().BitSize; bits < 256 {
			return fmt.Errorf("a key of an elliptic curve has at least 256 bits, this one %d", bits)
		}
	case ed25519.PublicKey:
	default:
		return fmt.Errorf("keys of the type %T are refused: want ECDSA, RSA or Ed25519", key)
	}
	return nil
}
