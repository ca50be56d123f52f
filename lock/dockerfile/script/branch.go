package script

import (
	"cmp"
	"maps"
	"slices"

	"mvdan.cc/sh/v3/syntax"
)

// way is the state at the end of one way through a script.
type way struct {
	vars, files map[string]Value
	dir         string
	st          state
	got         status
	printed     []Value
	torn        bool
	aside       bool // what follows does not depend on it
}

// here returns the state as it is now, with what has been printed since base.
func (m *Machine) here(c context, base int, got status) way {
	w := way{vars: m.Vars, files: m.files, dir: m.Dir, st: m.state, got: got}
	if c.out != nil {
		w.printed = slices.Clone(c.out.values[min(base, len(c.out.values)):])
		w.torn = c.out.torn
	}
	return w
}

func (w way) left() bool { return w.st.exit.to != nextCommand }

// branches evaluates what happens in either case of a condition that cannot be
// told, each from the same state, and goes on with what all agree on, or with the
// case that which says a build without arguments takes: the first for probably, the
// last for hardly. A case that leaves the function, the loop or the shell counts
// where that ends.
func (m *Machine) branches(c context, which status, cases ...func() status) status {
	vars, files, dir, st := m.Vars, m.files, m.Dir, m.state
	base, size, torn := 0, 0, false
	if c.out != nil {
		base, size, torn = len(c.out.values), c.out.size, c.out.torn
	}
	var input Value
	if c.in != nil {
		input = *c.in
	}
	consumed := false
	told := which == probably || which == hardly
	var ends, left []way
	for i, f := range cases {
		taken := which == probably && i == 0 || which == hardly && i == len(cases)-1
		m.spent(64 * (len(vars) + len(files) + len(st.functions)))
		m.Vars, m.files, m.Dir, m.state = maps.Clone(vars), maps.Clone(files), dir, st
		m.functions = maps.Clone(st.functions)
		if c.out != nil {
			c.out.values, c.out.size, c.out.torn = c.out.values[:min(base, len(c.out.values))], size, torn
		}
		if c.in != nil {
			consumed = consumed || c.in.Text != input.Text
			*c.in = input
		}
		if !taken {
			m.depends++
		}
		from := len(m.ways)
		w := m.here(c, base, f())
		w.st.depends = st.depends
		if w.aside = told && !taken; w.aside {
			for j := from; j < len(m.ways); j++ {
				m.ways[j].aside = true
			}
		}
		switch {
		case w.left():
			left = append(left, w)
			if taken {
				which = unsure // the others are what goes on
			}
		case taken:
			ends = append([]way{w}, ends...)
		default:
			ends = append(ends, w)
		}
	}
	if c.in != nil && (consumed || c.in.Text != input.Text) {
		c.in.Why = "how much of it is read depends on what only the build can tell"
	}
	if len(ends) == 0 {
		// All leave, and the farthest counts last.
		slices.SortStableFunc(left, func(a, b way) int { return cmp.Compare(a.st.exit.rank(), b.st.exit.rank()) })
		ends, left = left[:1], left[1:]
		if same := ends[0].st.exit.rank(); len(left) > 0 && left[len(left)-1].st.exit.rank() == same {
			ends, left = append(ends, left...), nil
		}
	}
	if (which == probably || which == hardly) && !ends[0].left() {
		ends = ends[:1]
	}
	for _, w := range left {
		m.leaveBehind(w)
	}
	first := ends[0]
	m.Vars, m.files, m.Dir, m.state = first.vars, first.files, first.dir, first.st
	if c.out != nil {
		c.out.values, c.out.size = append(c.out.values[:min(base, len(c.out.values))], m.printed(ends)...), size+1
		for _, w := range ends {
			c.out.torn = c.out.torn || w.torn
		}
		c.out.torn = c.out.torn || len(left) > 0
	}
	return m.join(first.got, ends[1:])
}

// leaveBehind keeps a way that has left a function, a loop or a shell until that
// ends. Of one that has left the shell, how it ends is enough; one that ends the
// build is of no interest.
func (m *Machine) leaveBehind(w way) {
	if w.st.exit.to == theEnd {
		if m.subs == 0 && (w.got == failed || w.aside) || slices.ContainsFunc(m.ways, func(o way) bool { return o.st.exit.to == theEnd && o.got == w.got && o.aside == w.aside }) {
			return
		}
		w = way{st: state{exit: w.st.exit}, got: w.got, aside: w.aside}
	}
	if m.ways = append(m.ways, w); len(m.ways) > maxRounds {
		m.steps = maxSteps + 1
	}
}

// uncertain reports whether only the build can tell if the script comes here: in a
// case of a condition, or behind one that may have left what it stands in.
func (m *Machine) uncertain() bool {
	return m.depends > 0 || slices.ContainsFunc(m.ways, func(w way) bool { return !w.aside })
}

// printed returns what all ways print, or one value that stands for it.
func (m *Machine) printed(ways []way) []Value {
	var texts []Value
	for _, w := range ways {
		v := Value{}
		if len(w.printed) > 0 {
			v = join(w.printed...)
		}
		texts = append(texts, v)
	}
	if v := either("$(…)", "what is printed depends on what only the build can tell", texts...); len(v.from) > 0 || v.Text != "" || !v.Known() {
		return []Value{v}
	}
	return nil
}

// join goes on with what the state and other ways agree on.
func (m *Machine) join(got status, ways []way) status {
	for _, w := range ways {
		m.spent(64 * len(w.vars))
		merge(m.Vars, w.vars, func(name string) string { return "${" + name + "}" })
		merge(m.files, w.files, func(name string) string { return "$(cat " + name + ")" })
		if w.dir != m.Dir {
			m.Dir = "${PWD}"
		}
		m.functions = bothFunctions(m.functions, w.st.functions)
		if t := cmp.Or(m.trap, w.st.trap); m.trap != w.st.trap {
			m.trap = &trap{t.call, true}
		}
		m.errexit = m.errexit && w.st.errexit
		m.pipefail = m.pipefail && w.st.pipefail
		if m.sourced == "" {
			m.sourced = w.st.sourced
		}
		m.globs = m.globs || w.st.globs || m.noglob != w.st.noglob
		m.temps = max(m.temps, w.st.temps)
		if !slices.EqualFunc(m.args, w.st.args, func(a, b Value) bool { return a.Text == b.Text && a.Why == b.Why }) {
			m.args = []Value{{Text: "$@", Why: "the arguments depend on what only the build can tell", many: true}}
		}
		got = got.or(w.got)
	}
	return got
}

// bothFunctions returns the functions that there may be after either of two ways.
func bothFunctions(a, b map[string]function) map[string]function {
	all := maps.Clone(a)
	for name := range b {
		if a[name] == nil {
			all[name] = function{nil}
		}
	}
	for name, bodies := range all {
		other := b[name]
		if other == nil {
			other = function{nil}
		}
		for _, body := range other {
			if !slices.Contains(bodies, body) {
				bodies = append(bodies[:len(bodies):len(bodies)], body)
			}
		}
		all[name] = bodies
	}
	return all
}

// merge keeps of values what other agrees with.
func merge(values, other map[string]Value, text func(string) string) {
	for name, v := range values {
		o, ok := other[name]
		if !ok {
			o = Unknown(text(name), "it may not be set")
		}
		if o.Text != v.Text || o.Why != v.Why || o.array != v.array {
			values[name] = either(text(name), name+" depends on what only the build can tell", v, o)
		}
	}
	for name, o := range other {
		if _, ok := values[name]; !ok {
			u := Unknown(text(name), name+" depends on what only the build can tell")
			u.add(o)
			values[name] = u
		}
	}
}

// arrive goes on with the ways that have left a function or a loop before its end,
// those that leaves says, and returns how it ends. The state's own way may be one
// that has left too.
func (m *Machine) arrive(got status, from int, leaves func(*exit) bool) status {
	var here, on []way
	for _, w := range m.ways[min(from, len(m.ways)):] {
		if leaves(&w.st.exit) {
			here = append(here, w)
		} else {
			on = append(on, w)
		}
	}
	m.ways = append(m.ways[:min(from, len(m.ways)):min(from, len(m.ways))], on...)
	return m.join(got, here)
}

// forget makes unknown what statements may set when they run again.
func (m *Machine) forget(why string, stmts ...*syntax.Stmt) {
	seen := make(map[*syntax.Stmt]bool)
	files := false
	set := func(name string) {
		m.Vars[name] = Unknown("${"+name+"}", name+" "+why)
	}
	var visit func(s *syntax.Stmt)
	visit = func(s *syntax.Stmt) {
		if seen[s] {
			return
		}
		seen[s] = true
		syntax.Walk(s, func(n syntax.Node) bool {
			m.spent(8)
			switch n := n.(type) {
			case *syntax.Assign:
				if n.Name != nil {
					set(n.Name.Value)
				}
			case *syntax.WordIter:
				set(n.Name.Value)
			case *syntax.ParamExp:
				if n.Exp != nil && n.Param != nil && (n.Exp.Op == syntax.AssignUnset || n.Exp.Op == syntax.AssignUnsetOrNull) {
					set(n.Param.Value)
				}
			case *syntax.BinaryArithm:
				if w, ok := n.X.(*syntax.Word); ok && syntax.ValidName(w.Lit()) {
					set(w.Lit())
				}
			case *syntax.UnaryArithm:
				if w, ok := n.X.(*syntax.Word); ok && syntax.ValidName(w.Lit()) {
					set(w.Lit())
				}
			case *syntax.Redirect:
				files = files || n.Op != syntax.RdrIn && n.Op != syntax.Hdoc && n.Op != syntax.DashHdoc && n.Op != syntax.WordHdoc && n.Op != syntax.DplOut
			case *syntax.CallExpr:
				if len(n.Args) == 0 {
					break
				}
				switch name := n.Args[0].Lit(); name {
				case "read", "getopts", "mapfile", "readarray", "printf", "unset", "let":
					for _, w := range n.Args[1:] {
						if lit := w.Lit(); syntax.ValidName(lit) {
							set(lit)
						} else if name != "printf" && name != "read" {
							m.overwritten(why)
						}
					}
				case "tee", "sed", "mv", "cp", "rm", "install":
					files = true
				case "cd", "pushd", "popd":
					m.Dir = "${PWD}"
				case "shift", "set":
					m.args = []Value{{Text: "$@", Why: "the arguments " + why, many: true}}
				case "eval", ".", "source":
					m.overwritten(why)
				default:
					for _, body := range m.functions[name] {
						if body != nil {
							visit(body)
						}
					}
				}
			}
			return true
		})
	}
	for _, s := range stmts {
		visit(s)
	}
	if files {
		for name, v := range m.files {
			u := Unknown("$(cat "+name+")", "the file "+name+" "+why)
			u.add(v)
			m.files[name] = u
		}
	}
}

// overwritten makes all variables unknown, since something may set any of them.
func (m *Machine) overwritten(why string) {
	m.spent(64 * len(m.Vars))
	for name, v := range m.Vars {
		if kept[name] {
			continue
		}
		u := Unknown("${"+name+"}", name+" "+why)
		u.add(v)
		m.Vars[name] = u
	}
	m.sourced = why
}

// kept are the variables that files of others do not set to something else.
var kept = map[string]bool{
	"TARGETARCH": true, "TARGETPLATFORM": true, "TARGETOS": true, "TARGETVARIANT": true,
	"BUILDARCH": true, "BUILDPLATFORM": true, "BUILDOS": true, "BUILDVARIANT": true,
}
