package signature

import (
	"errors"
	"time"

	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"depfetch/lock"
)

// Key is a public key in a file. What expires or is revoked are keys of OpenPGP alone.
type Key struct {
	Signer  string    // as a locked line has it
	Expires time.Time // when it can sign no more; zero if the file does not say
	Fault   error     // why nothing that it has signed holds now, or nil
}

// inFile reports whether the key of s stands in a file: that of gpg always, those of
// sigstore and cosign if it is no PEM block.
func inFile(s lock.Signature) bool {
	return s.Kind == "gpg" || (s.Kind == "sigstore" || s.Kind == "cosign") && s.Key != "" && s.Signer() == ""
}

// Keys returns the keys of the file that a signature names and that count for it, as they
// are at a time. file reads it. The error is a *KeyError: there is no such file,
// or it is none of public keys, or it lacks the one that counts.
func Keys(s lock.Signature, now time.Time, file func(path string) ([]byte, error)) ([]Key, error) {
	if s.Kind != "gpg" {
		if _, err := New(s, Given{File: file}); err != nil { // which also refuses weak keys
			return nil, err
		}
		data, err := file(s.Key)
		var der []byte
		if err == nil {
			der, err = lock.ParsePublicKey(string(data))
		}
		if err != nil {
			return nil, &KeyError{Kind: s.Kind, Key: s.Key, Err: err}
		}
		return []Key{{Signer: lock.KeySigner(der)}}, nil
	}
	g, err := newGPG(s, file)
	if err != nil {
		return nil, &KeyError{Kind: s.Kind, Key: s.Key, Err: err}
	}
	entities, err := g.keys()
	if err != nil {
		return nil, &KeyError{Kind: s.Kind, Key: s.Key, Err: err}
	}
	config := &packet.Config{Time: func() time.Time { return now }}
	keys := make([]Key, len(entities))
	for i, e := range entities {
		keys[i] = Key{Signer: signer(e), Expires: expiry(e, now, config), Fault: fault(e, now, config)}
	}
	return keys, nil
}

// fault returns why e can have signed nothing that holds at a time, or nil.
func fault(e *openpgp.Entity, now time.Time, config *packet.Config) error {
	switch _, err := e.VerifyPrimaryKey(now, config); {
	case errors.Is(err, pgperrors.ErrKeyRevoked):
		return errors.New("its owner has revoked it")
	case errors.Is(err, pgperrors.ErrKeyExpired) && e.PrimaryKey.CreationTime.After(now):
		return errors.New("its time has not begun")
	case errors.Is(err, pgperrors.ErrKeyExpired):
		return errors.New("it has expired")
	case err != nil:
		return errors.New("it is not valid: " + err.Error())
	}
	if _, ok := e.SigningKey(now, config); !ok {
		return errors.New("none of its keys can sign: they have expired, are revoked or weak, or are for something else")
	}
	return nil
}

// expiry returns when e can sign no more: when its primary key expires or, if that is
// earlier, the last of the subkeys, where only these sign.
func expiry(e *openpgp.Entity, now time.Time, config *packet.Config) time.Time {
	self, _ := e.VerifyPrimaryKey(now, config) // which it returns if it has expired, too
	if self == nil {
		return time.Time{}
	}
	end := lifetime(e.PrimaryKey, self)
	if self.FlagSign || !self.FlagsValid {
		return end
	}
	var last time.Time
	for i := range e.Subkeys {
		k := &e.Subkeys[i]
		binding, err := k.LatestValidBindingSignature(now, config)
		if err != nil || !binding.FlagSign || k.Revoked(binding, now) {
			continue
		}
		ends := lifetime(k.PublicKey, binding)
		if ends.IsZero() {
			return end
		}
		if ends.After(last) {
			last = ends
		}
	}
	if !last.IsZero() && (end.IsZero() || last.Before(end)) {
		return last
	}
	return end
}

// lifetime returns when a key expires by a signature of it; zero if never.
func lifetime(k *packet.PublicKey, sig *packet.Signature) time.Time {
	if sig.KeyLifetimeSecs == nil || *sig.KeyLifetimeSecs == 0 {
		return time.Time{}
	}
	return k.CreationTime.Add(time.Duration(*sig.KeyLifetimeSecs) * time.Second).UTC()
}
