package script

import (
	"encoding/hex"
	"regexp"
	"strings"
)

var sumOptions = options{short: "a", long: []string{"algorithm"}}

// sumPrograms are the programs that compute checksums, with their algorithms.
var sumPrograms = map[string]string{
	"sha256sum": "sha256", "sha512sum": "sha512", "sha384sum": "sha384", "sha224sum": "sha224", "sha1sum": "sha1",
	"md5sum": "md5", "b2sum": "blake2b", "b3sum": "blake3", "shasum": "sha1", "sha256": "sha256", "sha512": "sha512",
	"cksum": "crc",
}

// evalSums evaluates sha256sum and its like.
func evalSums(m *Machine, c *call) status {
	var (
		algo  = sumPrograms[c.name]
		check bool
		files []Value
	)
	for _, o := range sumOptions.parse(c.args) {
		switch o.name {
		case "":
			files = append(files, o.value)
		case "c", "check":
			check = true
		case "a", "algorithm":
			if algo = o.value.Text; strings.Trim(algo, "0123456789") == "" {
				algo = "sha" + algo
			}
		}
	}
	if !check {
		return m.compute(c, algo, files)
	}
	lists := []Value{}
	for _, f := range files {
		switch p := m.abs(f); {
		case p == "-" || p == "/dev/stdin" || p == "/proc/self/fd/0":
			if c.in != nil {
				lists = append(lists, *c.in)
			}
		case strings.HasPrefix(f.Text, "<("):
			v := f
			v.Text, v.Why = strings.TrimSuffix(f.Text[2:], ")"), ""
			lists = append(lists, v)
		default:
			v, ok := m.files[p]
			if !ok {
				v = Unknown("$(<"+f.Text+")", "only the build has the file "+f.Text)
			}
			if g := m.find(p); g != nil {
				v.add(Value{from: []*Fetch{g}})
			}
			lists = append(lists, v)
		}
	}
	if len(files) == 0 && c.in != nil {
		lists = append(lists, *c.in)
	}
	for _, l := range lists {
		m.checkList(c, algo, l)
	}
	return assumed
}

// checkList notes the check of a list of sums.
func (m *Machine) checkList(c *call, algo string, list Value) {
	check := Check{At: c.start, Kind: CheckSum, Algo: algo, Lost: m.fate(c.context)}
	for _, f := range list.from {
		m.evidence(f)
		check.Kind = CheckList
	}
	found := false
	for _, line := range strings.Split(list.Text, "\n") {
		sum, name, ok := strings.Cut(strings.TrimSpace(line), " ")
		name = strings.TrimPrefix(strings.TrimSpace(name), "*")
		if !ok || name == "" || strings.HasPrefix(sum, "$(") && !strings.HasSuffix(sum, ")") {
			continue
		}
		one := check
		one.Sum = list.with(sum)
		if _, err := hex.DecodeString(sum); err == nil {
			one.Sum.Why = ""
		} else if one.Sum.Why == "" {
			one.Sum.Why = "it is no sum"
		}
		if name == "-" || name == "/dev/stdin" {
			found = m.checkedInput(c, list, one) || found
			continue
		}
		found = m.checked(m.abs(Text(name)), one) || found
	}
	if !found && !list.Known() {
		check.Sum = Unknown(list.Text, list.Why)
		check.Kind = CheckList
		m.checkedSome(check)
	}
}

// compute evaluates a program that prints sums.
func (m *Machine) compute(c *call, algo string, files []Value) status {
	v := Unknown("$("+algo+"sum)", "only the build can tell the sum")
	for _, f := range files {
		if f.Text == "-" && c.in != nil {
			continue
		}
		v.sums = append(v.sums, algo+" "+m.abs(f))
		v.Text = "$(" + algo + "sum " + f.Text + ")"
	}
	if len(files) == 0 && c.in != nil {
		switch {
		case len(c.in.from) > 0:
			m.query(c)
			for _, f := range c.in.from {
				if f.Output != "" {
					v.sums = append(v.sums, algo+" "+f.Output)
				}
			}
		case looksLikeList(c.in.Text):
			m.Log(Idle{c.start, c.name + " without -c prints the sum of its input and compares nothing"})
		}
	}
	c.print(v)
	return assumed
}

// looksLikeList reports whether a text is a sum with a name behind it.
func looksLikeList(s string) bool {
	fields := strings.Fields(s)
	if len(fields) != 2 {
		return false
	}
	_, err := hex.DecodeString(fields[0])
	return err == nil && len(fields[0]) >= 32 || strings.HasPrefix(fields[0], "$")
}

// signature evaluates a program that verifies signatures.
func evalSignature(m *Machine, c *call) status {
	text := " " + strings.Join(c.texts(), " ") + " "
	verifies := verifiesByLetter(c) || c.name == "gpgv" || c.name == "gpgv2" || c.name == "rpm" || c.name == "rpmkeys"
	for _, word := range []string{" --verify ", " --decrypt ", " -d ", " -V", " -Vm ", " verify", " attestation ", " -Y verify "} {
		verifies = verifies || strings.Contains(text, word)
	}
	if !verifies {
		if m.keys(c, text) {
			return m.unknown(c)
		}
		m.pipeInto(c, false) // a key that is taken over
		if c.in != nil {
			v := *c.in
			v.all = false
			c.print(v)
			return assumed
		}
		m.useAll(c)
		return m.unknown(c)
	}
	check := Check{At: c.start, Kind: CheckSignature, Lost: m.fate(c.context)}
	paths := m.signed(c, check)
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
	return m.filtered(c)
}

var fingerprint = regexp.MustCompile(`\b(0x)?[0-9A-Fa-f]{16,40}\b|\b([0-9A-F]{4} +){9}`)

// keys notes which downloads are keys that gpg takes over, and that those keys are
// asked for by their fingerprints, which is how they are checked. It reports whether
// the command is one of these.
func (m *Machine) keys(c *call, text string) bool {
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

func isSignature(p string) bool {
	for _, ext := range []string{".asc", ".sig", ".sign", ".minisig", ".pem", ".crt", ".cert", ".bundle", ".sigstore", ".json", ".intoto.jsonl", ".gpg", ".pub", ".key", ".sigstore.json"} {
		if strings.HasSuffix(p, ext) {
			return true
		}
	}
	return false
}

func evalOpenssl(m *Machine, c *call) status {
	algo, verify := "", false
	var files []Value
	if c.arg(0) != "dgst" && c.arg(0) != "sha256" && c.arg(0) != "sha512" && c.arg(0) != "sha1" && c.arg(0) != "md5" {
		m.touch(c)
		return m.filtered(c)
	}
	if c.arg(0) != "dgst" {
		algo = c.arg(0)
	}
	for i := 1; i < len(c.args); i++ {
		switch a := c.arg(i); {
		case a == "-verify" || a == "-signature":
			verify = true
			i++
		case a == "-sha256" || a == "-sha512" || a == "-sha1" || a == "-md5" || a == "-sha384":
			algo = a[1:]
		case !strings.HasPrefix(a, "-"):
			files = append(files, c.args[i])
		}
	}
	if verify {
		for _, f := range files {
			m.checked(m.abs(f), Check{At: c.start, Kind: CheckSignature, Lost: m.fate(c.context)})
		}
		for _, a := range c.args {
			if f := m.find(m.abs(a)); f != nil && isSignature(f.Output) {
				m.evidence(f)
			}
		}
		return assumed
	}
	return m.compute(c, algo, files)
}
