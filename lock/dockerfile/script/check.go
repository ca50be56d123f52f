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
		return computeSums(m, c, algo, files)
	}
	lists := []Value{}
	for _, f := range files {
		switch p := m.abs(f); {
		case p == "-" || p == "/dev/stdin" || p == "/proc/self/fd/0":
			if c.in != nil {
				lists = append(lists, *c.in)
			}
		case f.origin == process:
			v := f
			if v.Text = strings.TrimSuffix(strings.TrimPrefix(f.Text, "<("), ")"); len(v.from) == 0 {
				v.Why = "" // it is what echo prints
			}
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
		checkList(m, c, algo, l)
	}
	return assumed
}

// checkList notes the check of a list of sums.
func checkList(m *Machine, c *call, algo string, list Value) {
	check := Check{At: c.start, Kind: CheckSum, Algo: algo, Lost: m.fate(c.context)}
	for _, f := range list.from {
		m.evidence(f)
		check.Kind = CheckList
	}
	found := false
	for _, line := range strings.Split(list.Text, "\n") {
		sum, name := cutSum(strings.TrimSpace(line))
		name = strings.TrimPrefix(strings.TrimSpace(name), "*")
		if name == "" {
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
			found = checkInput(m, c, list, one) || found
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

// cutSum cuts a line of a list into the sum and what follows it. A sum that only the
// build can tell has blanks in the command that prints it: $(curl ADDRESS).
func cutSum(line string) (sum, rest string) {
	depth := 0
	for i, r := range line {
		switch {
		case r == '(':
			depth++
		case r == ')':
			depth--
		case r == ' ' && depth <= 0:
			return line[:i], line[i:]
		}
	}
	return line, ""
}

// computeSums evaluates a program that prints sums.
func computeSums(m *Machine, c *call, algo string, files []Value) status {
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

func evalOpenssl(m *Machine, c *call) status {
	algo, verify := "", false
	var files []Value
	if c.arg(0) != "dgst" && c.arg(0) != "sha256" && c.arg(0) != "sha512" && c.arg(0) != "sha1" && c.arg(0) != "md5" {
		m.touch(c)
		return printFiltered(m, c)
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
	return computeSums(m, c, algo, files)
}

// checkComparison notes a comparison of the sum of files with what is expected, and
// reports whether it is one.
func checkComparison(m *Machine, sum, want Value, at int, lost string) bool {
	if len(sum.sums) == 0 {
		return false
	}
	kind := CheckSum
	for _, f := range want.from {
		m.Log(Vouched{f})
		kind = CheckList
	}
	for _, s := range sum.sums {
		algo, path, _ := strings.Cut(s, " ")
		m.checked(path, Check{At: at, Kind: kind, Algo: algo, Sum: sumText(want), Lost: lost})
	}
	return true
}

// sumText returns the sum in a text that may have a file's name behind it.
func sumText(v Value) Value {
	if v.Known() {
		if fields := strings.Fields(v.Text); len(fields) > 0 {
			return v.with(fields[0])
		}
	}
	return v
}

// checkInput notes a check of the downloads that a program reads as its input,
// except for those that the list of sums is of.
func checkInput(m *Machine, c *call, list Value, check Check) bool {
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

// checkSearch notes that the sum of a download is searched for what is expected:
// sha256sum FILE | grep -q SUM.
func checkSearch(m *Machine, c *call) {
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
	checkComparison(m, sum, want, c.start, m.fate(c.context))
}
