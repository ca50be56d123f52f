package script

import (
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/pattern"
	"mvdan.cc/sh/v3/syntax"
)

// maxRounds is how often the body of a loop is looked at.
const maxRounds = 200

func (m *Machine) ifClause(i *syntax.IfClause, c context) status {
	if len(i.Cond) == 0 {
		return m.list(i.Then, c) // else
	}
	cond := c
	cond.guarded = true
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
	return m.branches(c, got, func() status { return m.list(i.Then, c) }, otherwise)
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
				checkComparison(m, subject, m.pattern(p), m.source.Locate(int(cl.Pos().Offset())), "")
			}
		}
	}
	if m.globs && subject.Known() {
		subject.Why = "the shell's rules for patterns are changed"
	}
	return m.cases(cl.Items, subject, c)
}

// cases evaluates the items of a case from the first of some on.
func (m *Machine) cases(items []*syntax.CaseItem, subject Value, c context) status {
	if len(items) == 0 {
		return succeeded
	}
	var (
		maybe []func() status
		sure  bool
	)
	for i := 0; i < len(items) && !sure; i++ {
		got := failed
		for _, p := range items[i].Patterns {
			fits := m.fits(p, subject)
			if fits == succeeded {
				got = succeeded
				break
			}
			if fits != failed {
				got = unsure
			}
		}
		if got == failed {
			continue
		}
		sure = got == succeeded
		maybe = append(maybe, func() status { return m.item(items, i, subject, c) })
	}
	if sure && len(maybe) == 1 {
		return maybe[0]()
	}
	if len(maybe) == 0 {
		return succeeded
	}
	if !sure {
		maybe = append(maybe, func() status { return succeeded })
	}
	return m.branches(c, unsure, maybe...)
}

// item evaluates an item of a case that has been chosen.
func (m *Machine) item(items []*syntax.CaseItem, i int, subject Value, c context) status {
	got := m.list(items[i].Stmts, c)
	for ; i+1 < len(items) && !m.stopped(); i++ {
		switch items[i].Op {
		case syntax.Fallthrough:
			got = m.list(items[i+1].Stmts, c)
			continue
		case syntax.Resume, syntax.ResumeKorn:
			return m.cases(items[i+1:], subject, c)
		}
		break
	}
	return got
}

// fits says whether a pattern of case matches the subject.
func (m *Machine) fits(p *syntax.Word, subject Value) status {
	if p.Lit() == "*" {
		return succeeded
	}
	pat := m.pattern(p)
	if !pat.Known() || !subject.Known() {
		return unsure
	}
	return matches(pat.Text, subject.Text)
}

// matches says whether a shell pattern matches all of s.
func matches(pat, s string) status {
	if !strings.ContainsAny(pat, `*?[]\()|`) {
		return truth(pat == s)
	}
	if len(pat) > maxPattern || len(s) > maxPattern {
		return unsure
	}
	expr, err := pattern.Regexp(pat, pattern.EntireString)
	if err != nil {
		return unsure
	}
	re, err := regexp.Compile(expr)
	if err != nil {
		return unsure
	}
	return truth(re.MatchString(s))
}

// maxPattern is how long a pattern, and what it is compared with, may be.
const maxPattern = 4096

func (m *Machine) forClause(f *syntax.ForClause, c context) status {
	loop, ok := f.Loop.(*syntax.WordIter)
	if !ok {
		return m.counting(f, c)
	}
	items := m.fields(loop.Items)
	if !loop.InPos.IsValid() {
		items = m.args
	}
	items = slices.DeleteFunc(slices.Clone(items), func(v Value) bool { return v.unset })
	name := loop.Name.Value
	if f.Select {
		m.put(name, Unknown("${"+name+"}", name+" is chosen by what select reads"))
		return m.once(c, nil, f.Do)
	}
	before := len(m.ways)
	got := succeeded
	for i, v := range items {
		if v.many || i == maxRounds {
			// How often it runs is not known.
			m.forget("is set in a loop", f.Do...)
			m.put(name, v)
			got = m.branches(c, unsure, func() status {
				inner := c
				inner.lost = "the loop goes on"
				got := m.list(f.Do, inner)
				m.exit.endRound()
				return got
			}, func() status { return succeeded })
			m.forget("is set in a loop", f.Do...)
			m.put(name, Unknown("${"+name+"}", name+" is set in a loop"))
			if i == maxRounds {
				break
			}
			continue
		}
		m.put(name, v)
		inner := c
		if i < len(items)-1 {
			inner.lost = "the loop goes on"
		}
		got = m.list(f.Do, inner)
		if broken := m.exit.endRound(); broken || m.stopped() {
			break
		}
		got = m.arrive(got, before, (*exit).goesOn)
	}
	return m.arrive(got, before, (*exit).breaks)
}

// counting evaluates for ((…)).
func (m *Machine) counting(f *syntax.ForClause, c context) status {
	loop, ok := f.Loop.(*syntax.CStyleLoop)
	if !ok {
		return m.once(c, nil, f.Do)
	}
	if loop.Init != nil {
		m.arithmetic(loop.Init)
	}
	cond := func() status {
		if loop.Cond == nil {
			return succeeded
		}
		return m.nonzero(m.arithmetic(loop.Cond))
	}
	return m.loop(c, cond, f.Do, func() {
		if loop.Post != nil {
			m.arithmetic(loop.Post)
		}
	})
}

// loop evaluates a loop for as long as its condition is known.
func (m *Machine) loop(c context, cond func() status, body []*syntax.Stmt, next func()) status {
	before := len(m.ways)
	got := succeeded
	for i := 0; ; i++ {
		if m.stopped() {
			return unsure
		}
		switch is := cond(); {
		case m.stopped():
			return unsure
		case is == failed:
			return m.arrive(got, before, (*exit).breaks)
		case is != succeeded || i >= maxRounds:
			got = m.once(c, cond, body)
			return m.arrive(got, before, (*exit).breaks)
		}
		inner := c
		inner.lost = "the loop goes on"
		got = m.list(body, inner)
		if broken := m.exit.endRound(); broken || m.stopped() {
			return m.arrive(got, before, (*exit).breaks)
		}
		got = m.arrive(got, before, (*exit).goesOn)
		next()
	}
}

// once evaluates the body of a loop whose rounds are not known.
func (m *Machine) once(c context, cond func() status, body []*syntax.Stmt) status {
	m.forget("is set in a loop", body...)
	before := len(m.ways)
	if c.in != nil && c.in.Known() {
		c.in.Why = "how much of it is read is not known"
	}
	m.branches(c, unsure, func() status {
		inner := c
		inner.lost = "the loop goes on"
		got := m.list(body, inner)
		m.exit.endRound()
		return got
	}, func() status { return succeeded })
	m.forget("is set in a loop", body...)
	if c.out != nil {
		c.out.torn = true
	}
	m.arrive(unsure, before, func(e *exit) bool { return e.goesOn() || e.breaks() })
	return unsure
}

func (m *Machine) whileClause(w *syntax.WhileClause, c context) status {
	cond := c
	cond.guarded = true
	cond.lost = "" // a loop that waits for it
	first := true
	return m.loop(c, func() status {
		if !first && m.over() {
			return unsure
		}
		first = false
		got := m.list(w.Cond, cond)
		if got == assumed && w.Until {
			m.forget("is set in a loop", w.Do...)
		}
		if w.Until {
			got = got.not()
		}
		if got != failed && got != succeeded {
			m.forget("is set in a loop", w.Cond...)
		}
		return got
	}, w.Do, func() {})
}
