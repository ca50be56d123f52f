package script

import (
	"maps"
	"slices"

	"mvdan.cc/sh/v3/syntax"
)

// list evaluates statements one after the other.
func (m *Machine) list(stmts []*syntax.Stmt, c context) status {
	got := succeeded
	for i, s := range stmts {
		inner := c
		if i < len(stmts)-1 {
			inner.lost = noErrexit
			if c.guarded {
				inner.lost = "set -e does not apply here, and the next command runs all the same"
			}
		}
		got = m.stmt(s, inner)
		if got == failed && m.errexit && !c.guarded && !conditional(s) {
			m.exit = exit{to: theEnd}
		}
		if m.stopped() {
			return got
		}
	}
	return got
}

// conditional reports whether set -e does not look at the statement's status.
func conditional(s *syntax.Stmt) bool {
	b, ok := s.Cmd.(*syntax.BinaryCmd)
	return s.Negated || ok && (b.Op == syntax.AndStmt || b.Op == syntax.OrStmt)
}

func (m *Machine) stopped() bool {
	return m.exit.to != nextCommand || m.over()
}

// perStatement is what a statement costs at least, and perCall what a command does
// that is kept in the log.
const (
	perStatement = 128
	perCall      = 1024
)

func (m *Machine) stmt(s *syntax.Stmt, c context) status {
	if m.steps++; m.spent(perStatement) || m.over() || s.Cmd == nil && len(s.Redirs) == 0 {
		return unsure
	}
	if s.Background {
		c.lost = "it runs in the background"
		c.guarded = true
	}
	if s.Negated {
		c.lost, c.guarded = "! turns its failure around", true
	}
	run := func() status {
		c, finish := m.redirect(s.Redirs, c)
		got := m.command(s, c)
		finish()
		return got
	}
	if s.Background {
		m.subshell(run)
		return succeeded
	}
	got := run()
	if s.Negated {
		got = got.not()
	}
	return got
}

func (m *Machine) command(s *syntax.Stmt, c context) status {
	switch cmd := s.Cmd.(type) {
	case *syntax.CallExpr:
		return m.call(s, cmd, c)
	case *syntax.BinaryCmd:
		return m.binary(cmd, c)
	case *syntax.Block:
		return m.list(cmd.Stmts, c)
	case *syntax.Subshell:
		return m.subshell(func() status { return m.list(cmd.Stmts, c) })
	case *syntax.IfClause:
		return m.ifClause(cmd, c)
	case *syntax.CaseClause:
		return m.caseClause(cmd, c)
	case *syntax.ForClause:
		return m.forClause(cmd, c)
	case *syntax.WhileClause:
		return m.whileClause(cmd, c)
	case *syntax.FuncDecl:
		if cmd.Name != nil {
			m.functions[cmd.Name.Value] = function{cmd.Body}
			m.bodies[cmd.Body] = m.source
		}
		return succeeded
	case *syntax.DeclClause:
		return m.declare(cmd)
	case *syntax.LetClause:
		got := succeeded
		for _, x := range cmd.Exprs {
			got = m.nonzero(m.arithmetic(x))
		}
		return got
	case *syntax.ArithmCmd:
		return m.nonzero(m.arithmetic(cmd.X))
	case *syntax.TestClause:
		if !m.source.Bash {
			// Some shells that /bin/sh may be do not have it, and go on.
			if testClause(m, cmd, c) == failed {
				return failed
			}
			return unsure
		}
		return testClause(m, cmd, c)
	case *syntax.TimeClause:
		if cmd.Stmt != nil {
			return m.stmt(cmd.Stmt, c)
		}
		return succeeded
	case *syntax.CoprocClause:
		c.lost, c.guarded = "it runs in the background", true
		m.subshell(func() status { return m.stmt(cmd.Stmt, c) })
		return succeeded
	}
	m.overwritten("may be set by a command that is not read")
	return unsure
}

func (m *Machine) nonzero(v Value) status {
	if !v.Known() {
		return unsure
	}
	return truth(v.Text != "0")
}

// subshell keeps what f sets from the rest of the script.
func (m *Machine) subshell(f func() status) status {
	vars, dir, st, ways := maps.Clone(m.Vars), m.Dir, m.state, m.ways
	m.spent(64 * (len(vars) + len(m.functions)))
	temps := 0
	defer func() { m.Vars, m.Dir, m.state, m.ways = vars, dir, st, ways; m.temps = temps }()
	m.functions = maps.Clone(m.functions)
	m.subs++
	if m.uncertain() {
		m.depends++
	}
	m.ways, m.trap = nil, nil
	got := f()
	m.trapped()
	for _, w := range m.ways {
		got = got.or(w.got)
	}
	temps = m.temps
	if m.over() {
		return unsure
	}
	return got
}

func (m *Machine) binary(b *syntax.BinaryCmd, c context) status {
	switch b.Op {
	case syntax.AndStmt:
		left := c
		left.guarded = true
		got := m.stmt(b.X, left)
		if got == failed || m.stopped() {
			return got
		}
		if !got.ok() {
			return m.branches(c, got, func() status { return m.stmt(b.Y, c) }, func() status { return failed })
		}
		right := m.stmt(b.Y, c)
		if got == assumed && right == succeeded {
			return assumed
		}
		return right
	case syntax.OrStmt:
		left := c
		left.guarded = true
		if !m.ends(b.Y) {
			left.lost = "what follows || makes up for its failure"
		} else if c.lost == "" || m.exits(b.Y) {
			left.lost = ""
		}
		got := m.stmt(b.X, left)
		if m.stopped() || got == succeeded {
			return got
		}
		if got == failed {
			return m.stmt(b.Y, c)
		}
		first := succeeded
		if got == assumed {
			first = assumed
		}
		return m.branches(c, got, func() status { return first }, func() status { return m.stmt(b.Y, c) })
	case syntax.Pipe, syntax.PipeAll:
		return m.pipe(b, c)
	}
	return unsure
}

func (m *Machine) pipe(b *syntax.BinaryCmd, c context) status {
	left, out := c.capture()
	if !m.pipefail {
		left.lost, left.guarded = "its status is lost in the pipe: there is no pipefail", true
	}
	first := m.subshell(func() status { return m.stmt(b.X, left) })
	right := c
	v := out.value()
	right.in = &v
	if b.Op == syntax.PipeAll && v.Known() {
		v.Why = "it is mixed with messages"
	}
	got := m.subshell(func() status { return m.stmt(b.Y, right) })
	if m.pipefail {
		return both(first, got)
	}
	return got
}

// exits reports whether a statement always ends the script with a failure.
func (m *Machine) exits(s *syntax.Stmt) bool { return m.leaves(s, "exit") }

// ends reports whether a statement always fails, one way or another.
func (m *Machine) ends(s *syntax.Stmt) bool { return m.leaves(s, "exit", "return", "false") }

func (m *Machine) leaves(s *syntax.Stmt, how ...string) bool {
	if m.spent(16) {
		return false
	}
	switch cmd := s.Cmd.(type) {
	case *syntax.Block:
		return m.listLeaves(cmd.Stmts, how)
	case *syntax.Subshell:
		return m.listLeaves(cmd.Stmts, append(slices.Clone(how), "exit")) && (m.errexit || len(how) > 1)
	case *syntax.BinaryCmd:
		return cmd.Op == syntax.AndStmt && m.leaves(cmd.Y, how...)
	case *syntax.CallExpr:
		if len(cmd.Args) == 0 {
			return false
		}
		name := cmd.Args[0].Lit()
		if bodies, ok := m.functions[name]; ok && m.depth < maxDepth {
			m.depth++
			defer func() { m.depth-- }()
			return !slices.ContainsFunc(bodies, func(body *syntax.Stmt) bool { return body == nil || !m.leaves(body, how...) })
		}
		for _, h := range how {
			if name == h && (h == "false" || len(cmd.Args) < 2 || cmd.Args[1].Lit() != "0") {
				return true
			}
		}
	}
	return false
}

func (m *Machine) listLeaves(stmts []*syntax.Stmt, how []string) bool {
	for i, s := range stmts {
		hard := []string{"exit"}
		if i == len(stmts)-1 {
			hard = how
		}
		if m.leaves(s, hard...) {
			return true
		}
	}
	return false
}
