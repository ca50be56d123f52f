package script

import (
	"maps"
	"slices"
	"strings"
)

// fetch notes a download to a path, or to the output if it is empty.
func (m *Machine) fetch(c *call, f Fetch, out Value) *Fetch {
	p := m.request(c, f)
	if p != nil {
		m.deliver(c, p, out)
	}
	return p
}

// request notes that an address is asked for. It returns nil if it is none.
func (m *Machine) request(c *call, f Fetch) *Fetch {
	f.Start, f.End, f.Run, f.Call, f.Depends = c.start, c.end, m.source.Run, c.logged, m.uncertain()
	if u := f.URL; u.Known() {
		switch {
		case strings.TrimSpace(u.Text) == "":
			return nil
		case !strings.Contains(u.Text, "://"):
			f.URL.Text = "http://" + u.Text // what both programs do
		}
		if strings.ContainsAny(u.Text, " \t\n\r\x00") {
			f.URL = Unknown(f.URL.Text, "an address has no blanks")
		}
	}
	m.Log(&f)
	return &f
}

// deliver puts what a download sends where it goes.
func (m *Machine) deliver(c *call, f *Fetch, out Value) {
	switch out.Text {
	case "", "-", "/dev/stdout":
		if c.out == nil {
			m.Log(Discarded{f}) // it is printed
		}
		c.print(f.bytes())
	case "/dev/null":
		m.Log(Discarded{f})
		m.unknown(c)
	default:
		f.Output = m.abs(out)
		m.files[f.Output] = f.bytes()
		m.unknown(c)
	}
}

// bytes returns what the server sends.
func (f *Fetch) bytes() Value {
	return Value{Text: "$(" + f.Tool + " " + f.URL.Text + ")", Why: "only the build can tell what the server sends", from: []*Fetch{f}, content: whole}
}

// find returns the latest download to a path, or the one that has been copied there.
func (m *Machine) find(path string) *Fetch {
	if v := m.files[path]; v.content == whole && len(v.from) == 1 {
		return v.from[0]
	}
	for _, f := range slices.Backward(m.fetches) {
		if f.Output != "" && f.Output == path {
			return f
		}
	}
	return nil
}

// checked notes a check of what is at a path, and reports whether that is a
// download. Earlier downloads to it may be what is there.
func (m *Machine) checked(path string, c Check) (found bool) {
	if f := m.find(path); f != nil && f.Output != path {
		m.Log(Checked{f, c, false}) // a copy of it
		return true
	}
	for _, f := range slices.Backward(m.fetches) {
		if f.Output != "" && f.Output == path {
			m.Log(Checked{f, c, found})
			found = true
		}
	}
	return found
}

// checkedSome notes a check with a list whose lines are not known: it may be of
// everything that this script has downloaded so far.
func (m *Machine) checkedSome(c Check) {
	for _, f := range m.fetches {
		if f.Run == m.source.Run && f.Output != "" {
			m.Log(Checked{f, c, true})
		}
	}
}

// evidence notes that a download, wherever it was had from, is what others are
// checked with.
func (m *Machine) evidence(f *Fetch) {
	m.Log(Vouched{f})
	for _, g := range m.fetches {
		if f.Output != "" && g.Output == f.Output && g != f {
			m.Log(Vouched{g})
		}
	}
}

// used notes that what is at a path is unpacked or run, and returns it if it is a
// download.
func (m *Machine) used(path, by string, at int) *Fetch {
	f := m.find(path)
	if f != nil {
		m.Log(Used{f, at, by})
	}
	return f
}

// runs notes that a command runs a download as a script.
func (m *Machine) runs(f *Fetch, c *call) {
	if !m.executed[f] && !m.spent(512*len(m.Vars)) {
		m.executed[f] = true
		m.Log(Executed{f, c.logged, maps.Clone(m.Vars)})
	}
}

// evalDepfetch notes a run of depfetch.
func evalDepfetch(m *Machine, c *call) status {
	_, told := m.Vars["TARGETPLATFORM"]
	fetches := true
	for _, a := range c.args {
		told = told || a.Text == "--platform" || strings.HasPrefix(a.Text, "--platform=")
	}
	switch c.arg(0) {
	case "version", "help", "completion", "--help", "--version", "-h":
		fetches = false
	}
	if fetches {
		m.Log(Depfetch{c.start, c.end, told})
	}
	return m.unknown(c)
}
