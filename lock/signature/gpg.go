package signature

import (
	"bufio"
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"depfetch/lock"
)

// gpg verifies signatures of OpenPGP (RFC 9580).
type gpg struct {
	file []byte // with the keys
	one  string // the signer that counts, or "" for all in the file
	want string // whose signature is expected, for errors
	list bool   // a list is signed, whose line ends mean nothing
}

func newGPG(s lock.Signature, file func(string) ([]byte, error)) (*gpg, error) {
	data, err := file(s.Key)
	if err != nil {
		return nil, err
	}
	all, err := readKeys(data)
	if err != nil {
		return nil, err
	}
	g := &gpg{file: data, one: s.Signer(), list: s.OfSums}
	var names []string
	for _, e := range all {
		if e.PrivateKey != nil {
			return nil, errors.New("the file holds a private key: take it out of the repository, and write the public one (gpg --export)")
		}
		names = append(names, signer(e))
	}
	if g.want = g.one; g.want == "" {
		g.want = strings.Join(names, " or ")
	} else if !slices.Contains(names, g.one) {
		return nil, fmt.Errorf("the file holds %s, and not %s", strings.Join(names, ", "), g.one)
	}
	return g, nil
}

// keys returns the keys that count, for one verification: the library notes in them what
// it has found out, so that they cannot be shared.
func (g *gpg) keys() (openpgp.EntityList, error) {
	all, err := readKeys(g.file)
	return slices.DeleteFunc(all, func(e *openpgp.Entity) bool { return g.one != "" && signer(e) != g.one }), err
}

// signer returns what a locked line says of a key.
func signer(e *openpgp.Entity) string { return fmt.Sprintf("gpg %X", e.PrimaryKey.Fingerprint) }

// readKeys reads public keys, in binary or as any number of armored blocks.
func readKeys(data []byte) (keys openpgp.EntityList, err error) {
	none := errors.New("the file holds no public key of OpenPGP")
	if !bytes.Contains(data, []byte("-----BEGIN PGP")) {
		if keys, err = openpgp.ReadKeyRing(bytes.NewReader(data)); err != nil || len(keys) == 0 {
			return nil, none
		}
		return keys, nil
	}
	r := bufio.NewReader(bytes.NewReader(data))
	for {
		block, err := armor.Decode(r)
		if err == io.EOF && len(keys) > 0 {
			return keys, nil
		}
		if err == io.EOF {
			return nil, none
		}
		if err != nil {
			return nil, err
		}
		if block.Type != openpgp.PublicKeyType && block.Type != openpgp.PrivateKeyType {
			return nil, fmt.Errorf("the file holds a block of the type %q, want %q", block.Type, openpgp.PublicKeyType)
		}
		more, err := openpgp.ReadKeyRing(block.Body)
		if err != nil {
			return nil, err
		}
		keys = append(keys, more...)
		// The next block begins behind this one.
		if _, err := io.Copy(io.Discard, block.Body); err != nil {
			return nil, err
		}
	}
}

func (g *gpg) verify(s Subject, m Material, now time.Time) (Result, error) {
	text := m.Signature
	data := text
	if trimmed := bytes.TrimSpace(text); bytes.HasPrefix(trimmed, []byte("-----BEGIN PGP")) {
		block, err := armor.Decode(bytes.NewReader(trimmed))
		if err != nil || block.Type != openpgp.SignatureType {
			return Result{}, notASignature("-----BEGIN "+openpgp.SignatureType+"-----", text)
		}
		if data, err = io.ReadAll(block.Body); err != nil {
			return Result{}, notASignature("-----BEGIN "+openpgp.SignatureType+"-----", text)
		}
	}
	return g.verifyPackets(s, data, text, g.list, now)
}

func (g *gpg) verifyText(text []byte, now time.Time) ([]byte, Result, error) {
	block, rest := clearsign.Decode(text)
	if block == nil || bytes.Contains(rest, []byte("-----BEGIN PGP SIGNED MESSAGE")) {
		return nil, Result{}, notASignature("a text with its signature, -----BEGIN PGP SIGNED MESSAGE-----", text)
	}
	data, err := io.ReadAll(block.ArmoredSignature.Body)
	if err != nil {
		return nil, Result{}, notASignature("-----BEGIN "+openpgp.SignatureType+"-----", text)
	}
	// Bytes is what is signed: Plaintext also has the white space at the ends of lines.
	r, err := g.verifyPackets(Subject{Name: "the text", Bytes: bytes.NewReader(block.Bytes)}, data, text, true, now)
	if err != nil {
		return nil, Result{}, err
	}
	return block.Bytes, r, nil
}

// verifyPackets verifies the signatures in data, of which one must hold. text is what it
// was read from, and list says that the ends of lines may be others than what was signed.
func (g *gpg) verifyPackets(s Subject, data, text []byte, list bool, now time.Time) (Result, error) {
	keys, err := g.keys()
	if err == nil {
		err = g.checkPackets(keys, data, text)
	}
	if err != nil {
		return Result{}, err
	}
	config := &packet.Config{Time: func() time.Time { return now }}
	read := &failing{from: s.Bytes}
	sig, entity, err := openpgp.VerifyDetachedSignature(keys, read, bytes.NewReader(data), config)
	if read.err != nil {
		return Result{}, read.err
	}
	if err != nil {
		return Result{}, g.explain(s.Name, err)
	}
	// gpg accepts these for any file. But they hold for other bytes, too.
	if sig.SigType == packet.SigTypeText && !list {
		return Result{}, &Error{
			Problem: "the signature is of a text with whatever line ends", Expected: "one of the bytes of " + s.Name, Found: "one of the type 0x01, as gpg --textmode makes it",
		}
	}
	// The library holds that the key was valid when the signature says it was made.
	// Whoever has the key can write any time there.
	if err := validAt(entity, *sig.IssuerKeyId, now, config); err != nil {
		return Result{}, g.explain(s.Name, err)
	}
	return Result{By: signer(entity), At: sig.CreationTime.UTC()}, nil
}

// checkPackets returns an error if none of the signatures in data can hold: they are of
// other keys, or over weak hashes.
func (g *gpg) checkPackets(keys openpgp.EntityList, data, text []byte) error {
	var found, weak []string
	packets := packet.NewReader(bytes.NewReader(data))
	for {
		p, err := packets.Next()
		if err == io.EOF {
			break
		}
		sig, ok := p.(*packet.Signature)
		if err != nil || !ok || sig.IssuerKeyId == nil {
			return notASignature("a signature of OpenPGP", text)
		}
		switch {
		case len(keys.EntitiesById(*sig.IssuerKeyId)) == 0:
			name := fmt.Sprintf("a gpg key whose ID is %016X", *sig.IssuerKeyId)
			if len(sig.IssuerFingerprint) > 0 {
				name = fmt.Sprintf("gpg %X", sig.IssuerFingerprint)
			}
			found = append(found, name)
		case slices.Contains([]crypto.Hash{crypto.MD5, crypto.SHA1, crypto.RIPEMD160}, sig.Hash):
			weak = append(weak, sig.Hash.String())
		default:
			return nil
		}
	}
	switch {
	case len(weak) > 0:
		return &Error{Problem: "the signature is over a weak hash", Expected: "SHA-256 or better", Found: strings.Join(weak, ", ")}
	case len(found) == 0:
		return notASignature("a signature of OpenPGP", text)
	}
	return &Error{Problem: "another key has signed", Expected: g.want, Found: strings.Join(found, ", ")}
}

// validAt returns an error if the key of e with an ID, or e itself, has expired or is
// revoked.
func validAt(e *openpgp.Entity, id uint64, now time.Time, config *packet.Config) error {
	if _, err := e.VerifyPrimaryKey(now, config); err != nil {
		return err
	}
	for i := range e.Subkeys {
		if k := &e.Subkeys[i]; k.PublicKey.KeyId == id {
			_, err := k.Verify(now, config)
			return err
		}
	}
	return nil
}

// explain returns the library's error in this package's form.
func (g *gpg) explain(name string, err error) error {
	const valid = "a signature of a key that is valid now"
	switch {
	case errors.Is(err, pgperrors.ErrKeyRevoked):
		return &Error{Problem: "the key is revoked", Expected: valid, Found: g.want + ", which its owner has revoked"}
	case errors.Is(err, pgperrors.ErrKeyExpired):
		return &Error{Problem: "the key has expired", Expected: valid, Found: g.want + ", whose time is over, or has not begun"}
	case errors.Is(err, pgperrors.ErrSignatureExpired):
		return &Error{Problem: "the signature has expired", Expected: "a signature that is valid now", Found: "one whose time is over, or has not begun"}
	}
	if bad, ok := errors.AsType[pgperrors.SignatureError](err); ok && !strings.Contains(string(bad), "insecure") && !strings.Contains(string(bad), "notation") {
		return otherBytes(name, g.want)
	}
	return &Error{Problem: "the signature does not hold", Expected: "a signature of " + name + " by " + g.want, Found: err.Error()}
}
