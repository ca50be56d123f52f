package lock

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Signature says what upstream signs of a dependency, with what, and whose signature it
// must be. Only deplock verifies it: a build relies on the sha256 that it locked.
type Signature struct {
	Kind   string   // "minisign", "gpg", "ssh" or "sigstore"
	URL    Template // where the signature is
	OfSums bool     // what is signed is the list of checksums, not the file
	// Key is the public key as the lockfile has it: that of minisign; for ssh, its type
	// and base64; for gpg, the path of a file from the lockfile's folder.
	Key string
	// Fingerprint is that of the one key of the file that counts, in upper-case
	// hexadecimal digits; for gpg, and may be empty.
	Fingerprint string
	Namespace   string // for ssh: what the signature must be for
	// Identity is who must have signed with sigstore, as the certificate names it, and
	// Issuer who must have told the certificate authority so.
	Identity Template
	Issuer   string

	at *value
}

// signatureKinds returns the kinds of signatures that can be verified.
func signatureKinds() []string { return []string{"minisign", "gpg", "ssh", "sigstore"} }

// unverifiedKinds returns the kinds that have a name in the format and that no program
// verifies yet.
func unverifiedKinds() []string { return []string{"cosign", "github"} }

// Signer returns what a locked line says of who has signed it by s, or "" if that is
// one of the keys in a file.
func (s Signature) Signer() string {
	switch {
	case s.Kind == "ssh":
		_, blob, _ := strings.Cut(s.Key, " ")
		data, _ := base64.StdEncoding.DecodeString(blob)
		sum := sha256.Sum256(data)
		return "ssh SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
	case s.Kind == "minisign":
		return "minisign " + s.Key
	case s.Kind == "sigstore":
		return "sigstore " + s.Identity.text + " " + s.Issuer
	case s.Fingerprint != "":
		return "gpg " + s.Fingerprint
	}
	return ""
}

// signers returns who must have signed, as a locked line would have it.
func signers(signatures []Signature) string {
	names := make([]string, len(signatures))
	for i, s := range signatures {
		if names[i] = s.Signer(); names[i] == "" {
			names[i] = "gpg with a key of " + s.Key
		}
	}
	return strings.Join(names, ", ")
}

// Equal reports whether s and o say the same.
func (s Signature) Equal(o Signature) bool {
	return s.Kind == o.Kind && s.URL.text == o.URL.text && s.OfSums == o.OfSums && s.Key == o.Key &&
		s.Fingerprint == o.Fingerprint && s.Namespace == o.Namespace && s.Identity.text == o.Identity.text && s.Issuer == o.Issuer
}

// explains reports whether a locked line that was signed by what by says can come from
// a dependency with these signatures.
func explains(signatures []Signature, by string) bool {
	for i, s := range signatures {
		ok := i == 0
		if i > 0 {
			by, ok = strings.CutPrefix(by, ", ")
		}
		if want := s.Signer(); ok && want != "" {
			by, ok = strings.CutPrefix(by, want)
		} else if ok {
			by, ok = strings.CutPrefix(by, "gpg ")
			rest := strings.TrimLeft(by, "0123456789ABCDEF")
			ok, by = ok && len(by)-len(rest) >= 40, rest
		}
		if !ok {
			return false
		}
	}
	return by == "" && len(signatures) > 0
}

// parseSignatures reads the signatures of d: a table, or an array of tables.
func (d *Dep) parseSignatures(v *value, words []string) []Signature {
	if v == nil {
		return nil
	}
	tables := []*value{v}
	switch v.kind {
	case kindTables:
		tables = v.elems
	case kindArray:
		tables = v.nonEmpty("asks for no signature; leave it out")
	}
	var signatures []Signature
	for _, t := range tables {
		if text, ok := t.scalar().(string); ok {
			t.fail("want a table, found a string; write %s", asTable(text))
		} else if t.table() {
			signatures = append(signatures, d.parseSignature(t, words))
		}
	}
	return signatures
}

// asTable returns the table to write for the address of a signature.
func asTable(address string) string {
	if strings.HasSuffix(address, ".minisig") {
		return fmt.Sprintf(`{ minisign = %q, key = "RW…" }`, address)
	}
	return fmt.Sprintf(`{ gpg = %q, key = "FILE" }`, address)
}

// parseSignature reads one signature.
func (d *Dep) parseSignature(v *value, words []string) (s Signature) {
	s.at = v
	var kinds []string
	for _, kid := range v.children() {
		switch {
		case slices.Contains(unverifiedKinds(), kid.key):
			kid.failKey("this version verifies no signature of this kind: want minisign, gpg, ssh or sigstore")
			return s
		case slices.Contains(signatureKinds(), kid.key):
			kinds = append(kinds, kid.key)
		}
	}
	known := append(signatureKinds(), "of", "key")
	if len(kinds) == 1 {
		known = []string{kinds[0], "of", "key"}
	}
	if slices.Contains(kinds, "gpg") {
		known = append(known, "fingerprint")
	}
	if slices.Contains(kinds, "ssh") {
		known = append(known, "namespace")
	}
	if slices.Contains(kinds, "sigstore") {
		known = []string{"sigstore", "of", "identity", "issuer"}
	}
	v.table(known...)
	if len(kinds) != 1 {
		v.failKey("want the address of one signature: minisign, gpg, ssh or sigstore; several signatures are an array of tables")
		return s
	}
	s.Kind = kinds[0]
	s.URL = d.template(v.get(s.Kind), words, v.doc.checkAddress)
	if s.Kind == "sigstore" {
		s.Identity = d.template(v.require("identity"), words[:len(words)-1], checkIdentity)
		s.Issuer = parsed(v.require("issuer"), parseIssuer)
	} else {
		s.Key = parsed(v.require("key"), keyParser(s.Kind))
	}
	s.Fingerprint = parsed(v.get("fingerprint"), parseFingerprint)
	s.OfSums = parsed(v.get("of"), parseOf)
	if s.OfSums && d.at.get("sums") == nil {
		v.get("of").fail(`of = "sums" goes with sums`)
	}
	if s.Kind == "ssh" {
		s.Namespace = "file" // as ssh-keygen has it in its examples
		if namespace := v.get("namespace"); namespace != nil {
			s.Namespace = parsed(namespace, parseNamespace)
		}
	}
	return s
}

// keyParser returns what reads the key of a kind of signatures.
func keyParser(kind string) func(string) (string, error) {
	return func(s string) (string, error) {
		switch fields := strings.Fields(s); {
		case kind == "gpg":
			if !isBelow(s) {
				return s, errors.New("want the clean path of a file below the lockfile's folder, with the public key")
			}
			return s, nil
		case kind == "minisign":
			if key, err := base64.StdEncoding.DecodeString(s); err != nil || len(key) != 42 || string(key[:2]) != "Ed" {
				return s, errors.New("want a public key of minisign: 56 characters, of which the first are RW")
			}
			return s, nil
		case len(fields) < 2 || !isSSHKey(fields[0], fields[1]):
			return s, errors.New(`want a public key of ssh, "ssh-ed25519 AAAA…"`)
		default:
			return fields[0] + " " + fields[1], nil // without its comment
		}
	}
}

// isSSHKey reports whether blob is the base64 of a public key of a type (RFC 4253,
// section 6.6), which it begins with.
func isSSHKey(kind, blob string) bool {
	key, err := base64.StdEncoding.DecodeString(blob)
	n := len(kind)
	return err == nil && len(key) > 4+n && n < 256 && string(key[:4]) == string([]byte{0, 0, 0, byte(n)}) && string(key[4:4+n]) == kind
}

// checkIdentity returns why s cannot be an identity in a certificate, or nil.
func checkIdentity(s string) error {
	if s == "" || len(s) > 1024 || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return errors.New("want an identity as the certificate has it, an address or a mailbox: printable ASCII without spaces")
	}
	return nil
}

// parseIssuer reads who vouches for an identity.
func parseIssuer(s string) (string, error) {
	if !strings.HasPrefix(s, "https://") || checkIdentity(s) != nil {
		return s, errors.New("want the address of an issuer, as https://token.actions.githubusercontent.com")
	}
	return s, nil
}

// parseFingerprint reads the fingerprint of an OpenPGP key.
func parseFingerprint(s string) (string, error) {
	hex := strings.ToUpper(strings.ReplaceAll(s, " ", ""))
	if len(hex) != 40 && len(hex) != 64 || strings.Trim(hex, "0123456789ABCDEF") != "" {
		return s, errors.New("want the whole fingerprint of a key: 40 hexadecimal digits, or 64")
	}
	return hex, nil
}

// parseOf reads what is signed.
func parseOf(s string) (ofSums bool, err error) {
	if s != "sums" {
		return false, errors.New(`want "sums", or nothing: then it is the file that is signed`)
	}
	return true, nil
}

// parseNamespace reads what a signature of ssh is for.
func parseNamespace(s string) (string, error) {
	if s == "" || strings.ContainsFunc(s, notVersion) {
		return s, errors.New("want a namespace of ssh-keygen -Y sign, as in \"file\"")
	}
	return s, nil
}
