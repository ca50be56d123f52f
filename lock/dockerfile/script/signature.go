package script

import (
	"regexp"
	"strings"
)

// evalSignature evaluates a program that verifies signatures.
func evalSignature(m *Machine, c *call) status {
	text := " " + strings.Join(c.texts(), " ") + " "
	verifies := verifiesByLetter(c) || c.name == "gpgv" || c.name == "gpgv2" || c.name == "rpm" || c.name == "rpmkeys"
	for _, word := range []string{" --verify ", " --decrypt ", " -d ", " -V", " -Vm ", " verify", " attestation ", " -Y verify "} {
		verifies = verifies || strings.Contains(text, word)
	}
	if !verifies {
		if checkKeys(m, c, text) {
			return m.unknown(c)
		}
		m.pipeInto(c, false) // a key that is taken over
		if c.in != nil {
			v := *c.in
			if v.content == whole {
				v.content = madeOf
			}
			c.print(v)
			return assumed
		}
		useAll(m, c)
		return m.unknown(c)
	}
	check := Check{At: c.start, Kind: CheckSignature, Lost: m.fate(c.context)}
	paths := checkSigned(m, c, check)
	for i, a := range c.args {
		if (a.Text == "--output" || a.Text == "-o") && i+1 < len(c.args) {
			v := Unknown("$(gpg)", "only the build can tell")
			for _, p := range paths {
				v.add(Value{from: []*Fetch{m.find(p)}})
				m.evidence(m.find(p))
			}
			m.files[m.abs(c.args[i+1])] = v
		}
	}
	m.query(c)
	return printFiltered(m, c)
}

// verifiesByLetter reports whether a program whose options are letters is told to
// verify: minisign -Vm FILE, signify -V, signify -C.
func verifiesByLetter(c *call) bool {
	if c.name != "minisign" && c.name != "signify" && c.name != "signify-openbsd" && c.name != "rsign" {
		return false
	}
	for _, a := range c.args {
		if len(a.Text) > 1 && a.Text[0] == '-' && a.Text[1] != '-' && strings.ContainsAny(a.Text, "VC") {
			return true
		}
	}
	return false
}

// gpgOptions are those of gpg and gpgv that take an argument.
var gpgOptions = options{short: "orbuN", long: []string{
	"keyring", "primary-keyring", "secret-keyring", "trustdb-name", "homedir", "status-fd", "status-file", "logger-fd", "logger-file",
	"output", "trust-model", "trusted-key", "keyserver", "keyserver-options", "verify-options", "options", "compliance", "ignore-time-conflict-of",
	"assert-signer", "assert-pubkey-algo", "weak-digest", "passphrase", "passphrase-fd", "passphrase-file", "command-fd", "display-charset", "default-key", "local-user",
}}

// checkSigned notes which downloads a program checks the signatures of, and which are the
// signatures. It returns the paths of all of them.
func checkSigned(m *Machine, c *call, check Check) []string {
	var paths []string
	note := func(v Value) *Fetch {
		f := m.find(m.abs(v))
		if f != nil {
			paths = append(paths, f.Output)
		}
		return f
	}
	if strings.HasPrefix(c.name, "gpg") && !strings.Contains(" "+strings.Join(c.texts(), " ")+" ", " -d ") {
		// The first file is the signature, and those behind it what is signed.
		var operands []Value
		for _, o := range gpgOptions.parse(c.args) {
			switch {
			case o.name == "" || o.name == "verify" && o.value.Text != "":
				operands = append(operands, o.value)
			case o.name == "keyring" || o.name == "k":
				if f := note(o.value); f != nil {
					m.evidence(f)
				}
			}
		}
		for i, v := range operands {
			f := note(v)
			switch {
			case i > 0 && f != nil && !isSignature(f.Output):
				m.checked(f.Output, check)
			case i > 0 && v.Text == "-":
				checkInput(m, c, Value{}, check)
			case i == 0 && f != nil && (len(operands) > 1 || isSignature(f.Output)):
				m.evidence(f)
				if at := strings.LastIndexByte(f.Output, '.'); len(operands) == 1 && at > 0 {
					// A signature alone is about the file that it is named after, or
					// holds what it signs.
					m.checked(f.Output[:at], check)
				}
			case i == 0 && f != nil:
				m.checked(f.Output, check) // signed in itself
			case f != nil:
				m.evidence(f)
			}
		}
		if len(operands) == 0 {
			checkInput(m, c, Value{}, check)
		}
		return paths
	}
	for _, a := range c.args {
		p := a
		if i := strings.IndexByte(p.Text, '='); i >= 0 {
			p.Text = p.Text[i+1:]
		}
		note(p)
	}
	for _, p := range paths {
		if isSignature(p) {
			m.evidence(m.find(p))
			if i := strings.LastIndexByte(p, '.'); len(paths) == 1 && i > 0 {
				m.checked(p[:i], check)
			}
			continue
		}
		m.checked(p, check)
		for _, ext := range []string{".minisig", ".sig"} {
			// Where the signature is not named, it is beside the file.
			if f := m.find(p + ext); f != nil {
				m.evidence(f)
			}
		}
	}
	if c.name == "ssh-keygen" || c.name == "cosign" || c.name == "openssl" {
		checkInput(m, c, Value{}, check)
	}
	return paths
}

func isSignature(p string) bool {
	for _, ext := range []string{".asc", ".sig", ".sign", ".minisig", ".pem", ".crt", ".cert", ".bundle", ".sigstore", ".json", ".intoto.jsonl", ".gpg", ".pub", ".key", ".sigstore.json"} {
		if strings.HasSuffix(p, ext) {
			return true
		}
	}
	return false
}

var fingerprint = regexp.MustCompile(`\b(0x)?[0-9A-Fa-f]{16,40}\b|\b([0-9A-F]{4} +){9}`)

// checkKeys notes which downloads are keys that gpg takes over, and that those keys are
// asked for by their fingerprints, which is how they are checked. It reports whether
// the command is one of these.
func checkKeys(m *Machine, c *call, text string) bool {
	if strings.Contains(text, " --import ") {
		for _, a := range c.args {
			if f := m.find(m.abs(a)); f != nil {
				m.imported = append(m.imported, f)
			}
		}
		return false
	}
	if !strings.Contains(text, " --export ") && !strings.Contains(text, " --fingerprint ") || !fingerprint.MatchString(text) {
		return false
	}
	for _, f := range m.imported {
		if f.Run == m.source.Run {
			m.evidence(f)
		}
	}
	return true
}
