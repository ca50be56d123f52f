package script

import (
	"maps"

	"mvdan.cc/sh/v3/syntax"
)

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
			m.done = true
		}
		if m.stopped() {
			return got
		}
	}
	return got
}

func conditional(s *syntax.Stmt) bool {
	b, ok := s.Cmd.(*syntax.BinaryCmd)
	return s.Negated || ok && (b.Op == syntax.AndStmt || b.Op == syntax.OrStmt)
}

func (m *Machine) stopped() bool {
	return m.done || m.returning || m.leaving || m.steps > maxSteps
}

func (m *Machine) stmt(s *syntax.Stmt, c context) status {
	if m.steps++; m.steps > maxSteps || s.Cmd == nil && len(s.Redirs) == 0 {
		return unsure
	}
	if s.Background {
		c.lost = "it runs in the background"
		c.guarded = true
	}
	if s.Negated {
		c.lost, c.guarded = "! turns its failure around", true
	}
	c, finish := m.redirect(s.Redirs, c)
	got := m.command(s, c)
	finish()
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
			m.functions[cmd.Name.Value] = cmd.Body
			m.bodies[cmd.Body] = m.source
		}
		return succeeded
	case *syntax.DeclClause:
		m.declare(cmd)
		return succeeded
	case *syntax.TestClause:
		return m.testClause(cmd, c)
	case *syntax.TimeClause:
		if cmd.Stmt != nil {
			return m.stmt(cmd.Stmt, c)
		}
		return succeeded
	}
	return unsure
}

func (m *Machine) subshell(f func() status) status {
	vars, dir, st := maps.Clone(m.Vars), m.Dir, m.state
	temps := 0
	defer func() { m.Vars, m.Dir, m.state = vars, dir, st; m.temps = temps }()
	m.functions = maps.Clone(m.functions)
	got := f()
	temps = m.temps
	if m.steps > maxSteps {
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
		if got != succeeded {
			return m.branches(got, func() status { return m.stmt(b.Y, c) }, func() status { return failed })
		}
		return m.stmt(b.Y, c)
	case syntax.OrStmt:
		left := c
		left.guarded = true
		if !m.ends(b.Y) {
			left.lost = "what follows || makes up for its failure"
		} else if c.lost == "" || m.exits(b.Y) {
			left.lost = ""
		}
		got := m.stmt(b.X, left)
		if m.stopped() {
			return got
		}
		switch got {
		case failed:
			return m.stmt(b.Y, c)
		case succeeded:
			// A download may fail, so what follows || is looked at too; what it sets
			// is not taken.
			m.subshell(func() status {
				m.depends++
				return m.stmt(b.Y, c)
			})
			return succeeded
		}
		return m.branches(got, func() status { return succeeded }, func() status { return m.stmt(b.Y, c) })
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
	m.subshell(func() status { return m.stmt(b.X, left) })
	right := c
	v := out.value()
	right.in = &v
	return m.subshell(func() status { return m.stmt(b.Y, right) })
}

func (m *Machine) exits(s *syntax.Stmt) bool { return m.leaves(s, "exit") }

func (m *Machine) ends(s *syntax.Stmt) bool { return m.leaves(s, "exit", "return", "false") }

func (m *Machine) leaves(s *syntax.Stmt, how ...string) bool {
	switch cmd := s.Cmd.(type) {
	case *syntax.Block:
		return m.listLeaves(cmd.Stmts, how)
	case *syntax.Subshell:
		return m.listLeaves(cmd.Stmts, append(how, "exit")) && (m.errexit || len(how) > 1)
	case *syntax.BinaryCmd:
		return cmd.Op == syntax.AndStmt && m.leaves(cmd.Y, how...)
	case *syntax.CallExpr:
		if len(cmd.Args) == 0 {
			return false
		}
		name := cmd.Args[0].Lit()
		if body, ok := m.functions[name]; ok && m.depth < maxDepth {
			m.depth++
			defer func() { m.depth-- }()
			return m.leaves(body, how...)
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
