package script

import (
	"maps"
	"regexp"
	"slices"

	"mvdan.cc/sh/v3/pattern"
	"mvdan.cc/sh/v3/syntax"
)

// maxRounds is how often the body of a loop is looked at.
const maxRounds = 200

// branches evaluates what happens in either case of a condition that cannot be
// told, each from the same state, and goes on with what all agree on, or with the
// case that which says a build without arguments takes: the first for probably, the
// last for hardly. A case that ends the script is left out.
func (m *Machine) branches(which status, cases ...func() status) status {
	vars, dir, st := m.Vars, m.Dir, m.state
	type end struct {
		vars map[string]Value
		dir  string
		st   state
		got  status
	}
	var ends, dead []end
	for i, f := range cases {
		taken := which == probably && i == 0 || which == hardly && i == len(cases)-1
		m.Vars, m.Dir, m.state = maps.Clone(vars), dir, st
		m.functions = maps.Clone(st.functions)
		if !taken {
			m.depends++
		}
		got := f()
		e := end{m.Vars, m.Dir, m.state, got}
		e.st.depends = st.depends
		switch {
		case m.leaving && !m.done && !m.returning && len(cases) > 1:
			m.left = append(m.left, m.Vars)
			dead = append(dead, e)
		case m.done || m.returning || m.leaving:
			dead = append(dead, e)
		case taken:
			ends = append([]end{e}, ends...)
		default:
			ends = append(ends, e)
		}
		if taken && (m.done || m.returning || m.leaving) {
			which = unsure // the others are what goes on
		}
	}
	if len(ends) == 0 {
		e := dead[0]
		m.Vars, m.Dir, m.state = e.vars, e.dir, e.st
		return e.got
	}
	first := ends[0]
	m.Vars, m.Dir, m.state = first.vars, first.dir, first.st
	got := first.got
	if which == probably || which == hardly {
		return got
	}
	for _, e := range ends[1:] {
		m.merge(e.vars)
		if e.dir != m.Dir {
			m.Dir = "${PWD}"
		}
		maps.Copy(m.functions, e.st.functions)
		m.errexit = m.errexit && e.st.errexit
		m.temps = max(m.temps, e.st.temps)
		if e.got != got {
			got = unsure
		}
	}
	return got
}

// merge keeps of the variables what other agrees with.
func (m *Machine) merge(other map[string]Value) {
	differ := func(name string, v Value) {
		u := Unknown("${"+name+"}", name+" depends on what only the build can tell")
		u.add(v)
		m.Vars[name] = u
	}
	for name, v := range m.Vars {
		if o, ok := other[name]; !ok || o.Text != v.Text || o.Why != v.Why {
			v.add(o)
			differ(name, v)
		}
	}
	for name, o := range other {
		if _, ok := m.Vars[name]; !ok {
			differ(name, o)
		}
	}
}

func (m *Machine) ifClause(i *syntax.IfClause, c context) status {
	if len(i.Cond) == 0 {
		return m.list(i.Then, c) // else
	}
	cond := c
	cond.guarded, cond.out = true, nil
	// What a failed condition leads to is what a check that it holds leads to.
	leads := func(stmts []*syntax.Stmt) bool { return m.listLeaves(stmts, []string{"exit", "return"}) }
	negated := len(i.Cond) == 1 && i.Cond[0].Negated
	switch {
	case negated && leads(i.Then), !negated && i.Else != nil && len(i.Else.Cond) == 0 && leads(i.Else.Then):
		cond.lost = ""
	case !negated && i.Else == nil:
		cond.lost = "" // what is guarded by the condition is not done
	case negated && i.Else != nil:
		cond.lost = ""
	default:
		cond.lost = "nothing that follows from the condition ends the script"
	}
	got := m.condition(i.Cond, cond, negated)
	if m.stopped() {
		return got
	}
	otherwise := func() status {
		if i.Else == nil {
			return succeeded
		}
		return m.ifClause(i.Else, c)
	}
	switch got {
	case succeeded:
		return m.list(i.Then, c)
	case failed:
		return otherwise()
	}
	return m.branches(got, func() status { return m.list(i.Then, c) }, otherwise)
}

// condition evaluates the condition of if, so that a negation does not hide what
// becomes of a failure.
func (m *Machine) condition(stmts []*syntax.Stmt, c context, negated bool) status {
	if !negated {
		return m.list(stmts, c)
	}
	s := *stmts[0]
	s.Negated = false
	return m.stmt(&s, c).not()
}

func (m *Machine) caseClause(cl *syntax.CaseClause, c context) status {
	subject := m.word(cl.Word)
	if len(subject.sums) > 0 {
		// case "$(sha256sum file)" in "$SUM"*) … is a comparison.
		for _, item := range cl.Items {
			for _, p := range item.Patterns {
				m.compared(subject, m.pattern(p), m.source.Locate(int(cl.Pos().Offset())), "")
			}
		}
	}
	if !subject.Known() {
		var cases []func() status
		for _, item := range cl.Items {
			cases = append(cases, func() status { return m.list(item.Stmts, c) })
		}
		if !hasDefault(cl) {
			cases = append(cases, func() status { return succeeded })
		}
		return m.branches(unsure, cases...)
	}
	for i, item := range cl.Items {
		for _, p := range item.Patterns {
			pat := m.pattern(p)
			if !pat.Known() || !matches(pat.Text, subject.Text) {
				continue
			}
			got := m.list(item.Stmts, c)
			for j := i; cl.Items[j].Op == syntax.Fallthrough && j+1 < len(cl.Items) && !m.stopped(); j++ {
				got = m.list(cl.Items[j+1].Stmts, c)
			}
			return got
		}
	}
	return succeeded
}

func hasDefault(cl *syntax.CaseClause) bool {
	for _, item := range cl.Items {
		for _, p := range item.Patterns {
			if p.Lit() == "*" {
				return true
			}
		}
	}
	return false
}

// matches reports whether a shell pattern matches all of s.
func matches(pat, s string) bool {
	expr, err := pattern.Regexp(pat, pattern.EntireString)
	if err != nil {
		return false
	}
	re, err := regexp.Compile(expr)
	return err == nil && re.MatchString(s)
}

func (m *Machine) forClause(f *syntax.ForClause, c context) status {
	loop, ok := f.Loop.(*syntax.WordIter)
	if !ok {
		return m.once(f.Do, c)
	}
	items := m.fields(loop.Items)
	if !loop.InPos.IsValid() {
		items = m.args
	}
	items = slices.DeleteFunc(slices.Clone(items), func(v Value) bool { return v.unset })
	outer := m.left
	m.left = nil
	got := succeeded
	for i, v := range items {
		if i == maxRounds {
			break
		}
		m.Vars[loop.Name.Value] = v
		inner := c
		if i < len(items)-1 {
			inner.lost = "the loop goes on"
		}
		got = m.list(f.Do, inner)
		broken := m.leaving && !m.again
		m.leaving, m.again = false, false
		if m.stopped() || broken {
			break
		}
	}
	for _, vars := range m.left {
		m.merge(vars)
	}
	m.left = outer
	return got
}

// once evaluates the body of a loop whose rounds are not known.
func (m *Machine) once(body []*syntax.Stmt, c context) status {
	for _, s := range body {
		syntax.Walk(s, func(n syntax.Node) bool {
			if a, ok := n.(*syntax.Assign); ok && a.Name != nil && a.Index == nil {
				m.Vars[a.Name.Value] = Unknown("${"+a.Name.Value+"}", a.Name.Value+" is set in a loop")
			}
			return true
		})
	}
	outer := m.left
	m.left = nil
	m.branches(unsure, func() status {
		defer func() { m.leaving = false }()
		return m.list(body, c)
	}, func() status { return succeeded })
	m.left = outer
	return unsure
}

func (m *Machine) whileClause(w *syntax.WhileClause, c context) status {
	cond := c
	cond.guarded, cond.out = true, nil
	cond.lost = "" // a loop that waits for it
	if m.list(w.Cond, cond) == failed && !w.Until {
		return succeeded
	}
	if m.stopped() {
		return unsure
	}
	return m.once(w.Do, c)
}
