package signature

import (
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
	"time"

	"aead.dev/minisign"

	"depfetch/lock"
)

// maxUnhashed is how large a file may be whose signature is of the old form of minisign,
// for which it must be in memory.
const maxUnhashed = 256 << 20

// minisignKey verifies signatures of minisign.
type minisignKey struct {
	public minisign.PublicKey
	by     string
}

func newMinisign(s lock.Signature) (*minisignKey, error) {
	k := &minisignKey{by: s.Signer()}
	return k, k.public.UnmarshalText([]byte(s.Key))
}

func (k *minisignKey) verify(s Subject, m Material, _ time.Time) (Result, error) {
	text := m.Signature
	var sig minisign.Signature
	if err := sig.UnmarshalText(text); err != nil {
		return Result{}, notASignature("the four lines that minisign writes", text)
	}
	if sig.KeyID != k.public.ID() {
		return Result{}, &Error{
			Problem:  "another key has signed",
			Expected: fmt.Sprintf("%s, whose ID is %016X", k.by, k.public.ID()),
			Found:    fmt.Sprintf("a minisign key whose ID is %016X", sig.KeyID),
		}
	}
	ok, err := k.matches(s, sig.Algorithm, text)
	if err != nil {
		return Result{}, err
	}
	if !ok {
		return Result{}, otherBytes(s.Name, k.by)
	}
	r := Result{By: k.by}
	// The comment is signed. minisign writes into it when it has signed, and what.
	for _, field := range strings.Split(sig.TrustedComment, "\t") {
		key, value, _ := strings.Cut(field, ":")
		switch key {
		case "timestamp":
			if n, err := strconv.ParseInt(value, 10, 64); err == nil {
				r.At = time.Unix(n, 0).UTC()
			}
		case "file":
			if name := path.Base(value); name != s.Name {
				return Result{}, &Error{Problem: "the signature is of another file", Expected: s.Name, Found: name}
			}
		}
	}
	return r, nil
}

// matches reports whether text is a signature of what s reads.
func (k *minisignKey) matches(s Subject, algorithm uint16, text []byte) (bool, error) {
	if algorithm == minisign.HashEdDSA {
		r := minisign.NewReader(s.Bytes)
		_, err := io.Copy(io.Discard, r)
		return err == nil && r.Verify(k.public, text), err
	}
	message, err := io.ReadAll(io.LimitReader(s.Bytes, maxUnhashed+1))
	if err != nil {
		return false, err
	}
	if len(message) > maxUnhashed {
		return false, &Error{
			Problem: "the file is too large for a signature of the old form of minisign", Expected: fmt.Sprintf("at most %d bytes", maxUnhashed), Found: "more",
		}
	}
	return minisign.Verify(k.public, message, text), nil
}
