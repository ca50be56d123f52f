package lock

import (
	"cmp"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Signature says what upstream signs of a dependency, with what, and whose signature it
// must be. Only deplock verifies it: a build relies on the sha256 that it locked.
type Signature struct {
	Kind string // one of those that signatureKinds returns
	// URL is where the signature is; for cosign without a certificate of its own, the
	// signature or the bundle; for github, the file with the attestation, or zero if
	// GitHub's API has it.
	URL    Template
	Cert   Template // for cosign: where the certificate is; may be zero
	Bundle bool     // for cosign: the URL is that of a bundle, which holds all
	OfSums bool     // what is signed is the list of checksums, not the file
	// Key is the public key as the lockfile has it: that of minisign; for ssh, its type
	// and base64; for gpg, the path of a file from the lockfile's folder; for sigstore and
	// cosign, such a path or a PEM block, or "" if an identity must have signed.
	Key string
	// Fingerprint is that of the one key of the file that counts, in upper-case
	// hexadecimal digits; for gpg, and may be empty.
	Fingerprint string
	Namespace   string // for ssh: what the signature must be for
	// Identity is who must have signed with sigstore or cosign, as the certificate names
	// it, and Issuer who must have told the certificate authority so.
	Identity Template
	Issuer   string
	// Repository is for github: OWNER/NAME of the repository that is built.
	Repository string
	// Workflow is for github: the workflow that must have signed, as
	// OWNER/NAME/.github/workflows/FILE, and with @REF if that is demanded, too.
	Workflow string
	Ref      Template // for github: the ref of the repository that was built; may be zero

	at, urlAt *value
}

// Signer returns what a locked line says of who has signed it by s, or "" if that is
// told by a file with keys.
func (s Signature) Signer() string {
	switch {
	case s.Kind == "ssh":
		_, blob, _ := strings.Cut(s.Key, " ")
		data, _ := base64.StdEncoding.DecodeString(blob)
		return "ssh " + sshFingerprint(data)
	case s.Kind == "minisign":
		return "minisign " + s.Key
	case s.Kind == "github":
		return strings.TrimSuffix("github "+s.Repository+" "+s.Workflow+" "+s.Ref.text, " ")
	case s.Identity.text != "":
		return "sigstore " + s.Identity.text + " " + s.Issuer
	case s.Fingerprint != "":
		return "gpg " + s.Fingerprint
	}
	if der, err := ParsePublicKey(s.Key); err == nil {
		return KeySigner(der)
	}
	return ""
}

// KeySigner returns what a locked line says of a public key of sigstore or cosign, which
// is given as DER (SubjectPublicKeyInfo).
func KeySigner(der []byte) string { return "sigstore " + sshFingerprint(der) }

// sshFingerprint returns the fingerprint of a key in the form that ssh has made known.
func sshFingerprint(key []byte) string {
	sum := sha256.Sum256(key)
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}

// ParsePublicKey returns the DER of a public key, which is the one PEM block of text.
func ParsePublicKey(text string) ([]byte, error) {
	block, rest := pem.Decode([]byte(text))
	if block == nil || block.Type != "PUBLIC KEY" || strings.TrimSpace(string(rest)) != "" {
		return nil, errors.New("want one public key, -----BEGIN PUBLIC KEY-----")
	}
	_, err := x509.ParsePKIXPublicKey(block.Bytes)
	return block.Bytes, err
}

// signers returns who must have signed, as a locked line would have it.
func signers(signatures []Signature) string {
	names := make([]string, len(signatures))
	for i, s := range signatures {
		if names[i] = s.Signer(); names[i] == "" {
			names[i] = s.Kind + " with a key of " + s.Key
		}
	}
	return strings.Join(names, ", ")
}

// Equal reports whether s and o say the same.
func (s Signature) Equal(o Signature) bool {
	return s.Kind == o.Kind && s.URL.text == o.URL.text && s.OfSums == o.OfSums && s.Key == o.Key &&
		s.Fingerprint == o.Fingerprint && s.Namespace == o.Namespace && s.Identity.text == o.Identity.text && s.Issuer == o.Issuer &&
		s.Cert.text == o.Cert.text && s.Bundle == o.Bundle && s.Repository == o.Repository && s.Workflow == o.Workflow && s.Ref.text == o.Ref.text
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
			n := 0
			if by, ok = strings.CutPrefix(by, "gpg "); ok {
				n = len(by) - len(strings.TrimLeft(by, "0123456789ABCDEF"))
				ok = n >= 40 && s.Kind == "gpg"
			} else if by, ok = strings.CutPrefix(by, "sigstore SHA256:"); ok {
				n = 43 // digits of base64
				ok = len(by) >= n && s.Kind != "gpg"
			}
			if ok {
				by = by[n:]
			}
		}
		if !ok {
			return false
		}
	}
	return by == "" && len(signatures) > 0
}

// tables returns the tables of v: that it is, or that it is an array of. empty says what
// is wrong with an empty array.
func (v *value) tables(empty string) []*value {
	switch {
	case v == nil:
		return nil
	case v.kind == kindTables:
		return v.elems
	case v.kind == kindArray:
		return v.nonEmpty(empty)
	}
	return []*value{v}
}

const noSignature = "asks for no signature; leave it out"

// parseSignatures reads the signatures of d: a table, or an array of tables.
func (d *Dep) parseSignatures(v *value, words []string) []Signature {
	var signatures []Signature
	for _, t := range v.tables(noSignature) {
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
	for _, kid := range v.children() {
		if slices.Contains(signatureKinds(), kid.key) {
			if s.Kind != "" {
				s.Kind = ""
				break
			}
			s.Kind = kid.key
		}
	}
	v.table(signatureKeys(s.Kind)...)
	s.OfSums = parsed(v.get("of"), parseOf)
	if s.OfSums && d.at.get("sums") == nil {
		v.get("of").fail(`of = "sums" goes with sums`)
	}
	s.urlAt = v.get(s.Kind)
	switch s.Kind {
	case "":
		v.failKey("want one of minisign, gpg, ssh, sigstore, cosign and github; several signatures are an array of tables")
		return s
	case "github":
		d.parseAttestation(v, &s, words)
		return s
	case "cosign":
		d.parseCosign(v, &s, words)
	default:
		s.URL = d.template(s.urlAt, words, v.doc.checkAddress)
	}
	d.parseSigner(v, &s, words)
	s.Fingerprint = parsed(v.get("fingerprint"), parseFingerprint)
	if s.Kind == "ssh" {
		s.Namespace = "file" // as ssh-keygen has it in its examples
		if namespace := v.get("namespace"); namespace != nil {
			s.Namespace = parsed(namespace, parseNamespace)
		}
	}
	return s
}

// parseSigner reads whose signature it must be.
func (d *Dep) parseSigner(v *value, s *Signature, words []string) {
	if keyless := s.Kind == "sigstore" || s.Kind == "cosign"; keyless && v.get("key") == nil {
		s.Identity = d.template(v.require("identity"), words[:len(words)-1], checkIdentity)
		s.Issuer = parsed(v.require("issuer"), parseIssuer)
	} else {
		s.Key = parsed(v.require("key"), keyParser(s.Kind))
		if other := cmp.Or(v.get("identity"), v.get("issuer")); keyless && other != nil {
			other.failKey("want either key, or identity and issuer")
		}
	}
}

// parseCosign reads where the files of a signature of cosign are.
func (d *Dep) parseCosign(v *value, s *Signature, words []string) {
	files := s.urlAt
	if !files.table(cosignKeys...) {
		return
	}
	if s.urlAt, s.Bundle = files.get("bundle"), true; s.urlAt == nil {
		s.urlAt, s.Bundle = files.require("sig"), false
	}
	s.URL = d.template(s.urlAt, words, v.doc.checkAddress)
	certificate := files.get("cert")
	switch other := cmp.Or(files.get("sig"), certificate); {
	case s.Bundle && other != nil:
		other.failKey("a bundle holds signature and certificate")
	case certificate != nil && v.get("key") != nil:
		certificate.failKey("what a key has signed has no certificate")
	case !s.Bundle && v.get("key") == nil:
		s.Cert = d.template(files.require("cert"), words, v.doc.checkAddress)
	}
}

// parseAttestation reads which attestation of GitHub there must be.
func (d *Dep) parseAttestation(v *value, s *Signature, words []string) {
	s.Repository = parsed(s.urlAt, parseRepository)
	s.Workflow = parsed(v.require("workflow"), parseWorkflow)
	if strings.HasPrefix(s.Workflow, ".") {
		s.Workflow = s.Repository + "/" + s.Workflow
	}
	s.Ref = d.template(v.get("ref"), words[:len(words)-1], checkRef(words[0]))
	s.urlAt = v.get("attestation")
	s.URL = d.template(s.urlAt, words, v.doc.checkAddress)
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
		case kind != "ssh":
			if strings.HasPrefix(s, "-----BEGIN") {
				_, err := ParsePublicKey(s)
				return s, err
			}
			if !isBelow(s) {
				return s, errors.New("want a public key, -----BEGIN PUBLIC KEY-----, or the clean path of a file below the lockfile's folder, with one")
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

// parseRepository reads the name of a repository of GitHub.
func parseRepository(s string) (string, error) {
	if owner, name, _ := strings.Cut(s, "/"); !isName(owner) || !isName(name) {
		return s, errors.New("want owner/repository")
	}
	return s, nil
}

// parseWorkflow reads which workflow of GitHub must have signed.
func parseWorkflow(s string) (string, error) {
	file, ref, pinned := strings.Cut(s, "@")
	repository, name, found := strings.Cut("/"+file, "/.github/workflows/")
	_, err := parseRepository(strings.TrimPrefix(repository, "/"))
	if !found || !isName(name) || repository != "" && err != nil || pinned && checkRef("")(ref) != nil {
		return s, errors.New("want .github/workflows/FILE, with OWNER/REPOSITORY/ before it if it is another one's, and @refs/… behind it if that is demanded")
	}
	return s, nil
}

// checkRef returns what says why a text cannot be a ref of git, or nil; its template may
// hold a word.
func checkRef(word string) func(string) error {
	return func(s string) error {
		if !strings.HasPrefix(s, "refs/") || checkIdentity(s) != nil {
			return errors.New("want a whole ref, as refs/tags/v{" + word + "}")
		}
		return nil
	}
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
