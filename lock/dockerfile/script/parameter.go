package script

import (
	"regexp"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/pattern"
	"mvdan.cc/sh/v3/syntax"
)

func (m *Machine) param(p *syntax.ParamExp) Value {
	if p.Param != nil && p.Param.Value == "BASH_SOURCE" && m.zero != nil && p.Exp == nil && p.Repl == nil && p.Slice == nil && !p.Length {
		return *m.zero
	}
	if p.Param == nil || p.Excl || p.Index != nil || p.NestedParam != nil || p.Names != 0 || len(p.Modifiers) > 0 {
		name := "…"
		if p.Param != nil {
			name = p.Param.Value
		}
		return Unknown("${"+name+"}", name+" is expanded in a way that is not read")
	}
	name := p.Param.Value
	v, set := m.lookup(name)
	if p.Exp != nil {
		if w, ok := m.alternative(name, v, set, p.Exp); ok {
			return w
		}
	}
	if !v.Known() {
		return v
	}
	switch {
	case p.Length:
		return v.with(strconv.Itoa(len([]rune(v.Text))))
	case p.Slice != nil:
		return m.slice(v, p.Slice)
	case p.Repl != nil:
		return m.replace(v, p.Repl)
	case p.Exp != nil:
		return m.trim(v, p.Exp)
	}
	return v
}

func (m *Machine) alternative(name string, v Value, set bool, e *syntax.Expansion) (Value, bool) {
	null := set && v.Known() && v.Text == ""
	switch e.Op {
	case syntax.DefaultUnset, syntax.DefaultUnsetOrNull, syntax.AssignUnset, syntax.AssignUnsetOrNull:
		strict := e.Op == syntax.DefaultUnset || e.Op == syntax.AssignUnset
		if set && (strict || !null) {
			return v, true
		}
		w := m.word(e.Word)
		if e.Op == syntax.AssignUnset || e.Op == syntax.AssignUnsetOrNull {
			m.Vars[name] = w
		}
		w.add(Value{Vars: v.Vars})
		return w, true
	case syntax.AlternateUnset:
		if !set {
			return Value{}, true
		}
		return m.word(e.Word), true
	case syntax.AlternateUnsetOrNull:
		if !set || null {
			return Value{}, true
		}
		if !v.Known() {
			return v, true
		}
		return m.word(e.Word), true
	case syntax.ErrorUnset, syntax.ErrorUnsetOrNull:
		return v, true
	}
	return v, false
}

func (m *Machine) trim(v Value, e *syntax.Expansion) Value {
	pat := m.pattern(e.Word)
	if !pat.Known() {
		return pat
	}
	var mode pattern.Mode
	switch e.Op {
	case syntax.UpperAll:
		return v.with(strings.ToUpper(v.Text))
	case syntax.LowerAll:
		return v.with(strings.ToLower(v.Text))
	case syntax.UpperFirst, syntax.LowerFirst:
		if v.Text == "" {
			return v
		}
		first := strings.ToUpper(v.Text[:1])
		if e.Op == syntax.LowerFirst {
			first = strings.ToLower(v.Text[:1])
		}
		return v.with(first + v.Text[1:])
	case syntax.RemSmallSuffix, syntax.RemSmallPrefix:
		mode = pattern.Shortest
	case syntax.RemLargeSuffix, syntax.RemLargePrefix:
	default:
		return Unknown(v.Text, "it is expanded in a way that is not read")
	}
	expr, err := pattern.Regexp(pat.Text, mode)
	if err != nil {
		return Unknown(v.Text, "the pattern "+pat.Text+" is not read")
	}
	prefix := e.Op == syntax.RemSmallPrefix || e.Op == syntax.RemLargePrefix
	if prefix {
		re, err := regexp.Compile("^(?:" + expr + ")")
		if err != nil {
			return Unknown(v.Text, "the pattern "+pat.Text+" is not read")
		}
		return v.with(v.Text[len(re.FindString(v.Text)):])
	}
	re, err := regexp.Compile("^(?:" + expr + ")$")
	if err != nil {
		return Unknown(v.Text, "the pattern "+pat.Text+" is not read")
	}
	// The cuts in the order of the suffixes' lengths.
	for n := range len(v.Text) + 1 {
		cut := len(v.Text) - n
		if e.Op == syntax.RemLargeSuffix {
			cut = n
		}
		if re.MatchString(v.Text[cut:]) {
			return v.with(v.Text[:cut])
		}
	}
	return v
}

func (m *Machine) replace(v Value, r *syntax.Replace) Value {
	orig, with := m.pattern(r.Orig), m.word(r.With)
	if !orig.Known() || !with.Known() {
		return Unknown(v.Text, "what is replaced in it is not known")
	}
	if len(v.Text)*(len(with.Text)+1) > maxText {
		return Unknown("${…}", "it is too long")
	}
	pat := orig.Text
	anchor, end := "", ""
	if rest, ok := strings.CutPrefix(pat, "#"); ok && !r.All {
		pat, anchor = rest, "^"
	} else if rest, ok := strings.CutPrefix(pat, "%"); ok && !r.All {
		pat, end = rest, "$"
	}
	expr, err := pattern.Regexp(pat, 0)
	if err != nil || pat == "" {
		return v
	}
	re, err := regexp.Compile(anchor + "(?:" + expr + ")" + end)
	if err != nil {
		return v
	}
	left := 1
	if r.All {
		left = -1
	}
	return v.with(re.ReplaceAllStringFunc(v.Text, func(s string) string {
		if left == 0 {
			return s
		}
		left--
		return with.Text
	}))
}

func (m *Machine) slice(v Value, s *syntax.Slice) Value {
	from := m.arithmetic(s.Offset)
	n, err := strconv.Atoi(from.Text)
	if err != nil {
		return Unknown(v.Text, "a part of it is taken that is not known")
	}
	if n < 0 {
		n = max(0, len(v.Text)+n)
	}
	text := v.Text[min(n, len(v.Text)):]
	if s.Length != nil {
		k, err := strconv.Atoi(m.arithmetic(s.Length).Text)
		if err != nil {
			return Unknown(v.Text, "a part of it is taken that is not known")
		}
		if k < 0 {
			k = max(0, len(text)+k)
		}
		text = text[:min(k, len(text))]
	}
	return v.with(text)
}

func (m *Machine) arithmetic(x syntax.ArithmExpr) Value {
	switch x := x.(type) {
	case nil:
		return Text("0")
	case *syntax.Word:
		v := m.word(x)
		if name := x.Lit(); syntax.ValidName(name) {
			v = m.get(name)
		}
		return v
	case *syntax.ParenArithm:
		return m.arithmetic(x.X)
	case *syntax.UnaryArithm:
		if v := m.arithmetic(x.X); x.Op == syntax.Minus && v.Known() {
			return v.with("-" + v.Text)
		}
	case *syntax.BinaryArithm:
		a, b := m.arithmetic(x.X), m.arithmetic(x.Y)
		i, errA := strconv.Atoi(a.Text)
		j, errB := strconv.Atoi(b.Text)
		if errA != nil || errB != nil {
			break
		}
		switch x.Op {
		case syntax.Add:
			return Text(strconv.Itoa(i + j))
		case syntax.Sub:
			return Text(strconv.Itoa(i - j))
		case syntax.Mul:
			return Text(strconv.Itoa(i * j))
		}
	}
	return Unknown("$((…))", "it is computed in a way that is not read")
}
