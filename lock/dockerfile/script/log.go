package script

import "slices"

// Call is one command that a script runs: the words of it, as far as they are
// known, and what it runs under. Commands of the shell itself and those within
// functions are among them; calls of functions are not.
type Call struct {
	Start, End int // as Source.Locate maps offsets
	Run        int // the number of the script, as Source.Run counts
	Name       Value
	Dir        string // it runs in
	Args       []Value
	Via        []string // the programs that run it, the outermost first, with their options: "sudo", "env -i"
	Path       Value    // $PATH when it runs; not known if nothing in the Dockerfile sets it
	In         []*Fetch // the downloads whose bytes are its input
	Depends    bool     // whether it happens depends on what only the build can tell
}

// log notes that a command runs.
func (m *Machine) log(c *call, name Value) *Call {
	m.spent(perCall + 160*len(c.args))
	path, ok := m.Vars["PATH"]
	if !ok {
		path = Unknown("$PATH", "PATH is not set in this Dockerfile")
	}
	one := &Call{
		Start: c.start, End: c.end, Run: m.source.Run, Name: name, Dir: m.Dir, Args: c.args,
		Via: slices.Clone(c.via), Path: path, Depends: m.depends > 0,
	}
	if c.in != nil {
		one.In = c.in.from
	}
	m.Calls = append(m.Calls, one)
	return one
}

// under returns what a command runs under that c, a wrapper with words before the
// command at an argument, starts.
func (c *call) under(at int) []string {
	words := c.name
	for _, a := range c.args[:min(at, len(c.args))] {
		words += " " + a.Text
	}
	return append(c.via[:len(c.via):len(c.via)], words)
}
