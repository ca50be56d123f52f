package script

import (
	"encoding/hex"
	"regexp"
	"strings"
)

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

// signed notes which downloads a program checks the signatures of, and which are the
// signatures. It returns the paths of all of them.
func (m *Machine) signed(c *call, check Check) []string {
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
				m.checkedInput(c, Value{}, check)
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
			m.checkedInput(c, Value{}, check)
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
		m.checkedInput(c, Value{}, check)
	}
	return paths
}

// checkedInput notes a check of the downloads that a program reads as its input,
// except for those that the list of sums is of.
func (m *Machine) checkedInput(c *call, list Value, check Check) bool {
	if c.in == nil {
		return false
	}
	found := false
	for _, f := range c.in.from {
		listed := false
		for _, g := range list.from {
			listed = listed || f == g
		}
		if listed {
			continue
		}
		if f.Output != "" {
			m.checked(f.Output, check)
		} else {
			m.Log(Checked{Fetch: f, Check: check})
		}
		found = true
	}
	return found
}

var inPattern = regexp.MustCompile(`[0-9a-fA-F]{32,128}`)

// searchedSum notes that the sum of a download is searched for what is expected:
// sha256sum FILE | grep -q SUM.
func (m *Machine) searchedSum(c *call) {
	sum := Value{}
	if c.in != nil {
		sum.sums = c.in.sums
	}
	var pattern *Value
	for i := 0; i < len(c.args); i++ {
		a := c.args[i]
		switch t := a.Text; {
		case t == "-v" || t == "--invert-match" || t == "-c" || t == "--count" || t == "-L":
			return // what it finds is no success
		case (t == "-e" || t == "--regexp") && i+1 < len(c.args):
			i++
			pattern = &c.args[i]
		case len(t) > 1 && t[0] == '-':
			if t[1] != '-' && strings.ContainsAny(t, "vcL") {
				return
			}
		case pattern == nil:
			pattern = &c.args[i]
		default:
			sum.sums = append(sum.sums[:len(sum.sums):len(sum.sums)], a.sums...)
		}
	}
	if pattern == nil || len(sum.sums) == 0 {
		return
	}
	want := *pattern
	if want.Known() {
		hexes := inPattern.FindString(want.Text)
		if _, err := hex.DecodeString(hexes); hexes == "" || err != nil {
			return // it searches for something else
		}
		want = want.with(hexes)
	}
	m.compared(sum, want, c.start, m.fate(c.context))
}
