package script

import (
	"regexp"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/pattern"
	"mvdan.cc/sh/v3/syntax"
)

// param expands a parameter.
func (m *Machine) param(p *syntax.ParamExp) Value {
	if p.Param != nil && p.Param.Value == "BASH_SOURCE" && m.zero != nil && p.Exp == nil && p.Repl == nil && p.Slice == nil && !p.Length {
		return *m.zero
	}
	name := "…"
	if p.Param != nil {
		name = p.Param.Value
	}
	odd := func() Value { return Unknown("${"+name+"}", name+" is expanded in a way that is not read") }
	if p.Param == nil || p.NestedParam != nil || p.Names != 0 || len(p.Modifiers) > 0 || p.Flags != nil || p.Width || p.IsSet {
		return odd()
	}
	all, _ := allElements(p.Index)
	if values, apart, ok := m.elements(p); ok {
		if v := m.Vars[name]; all && v.array != nil && v.array.assoc && len(values) > 1 {
			return Unknown("${"+name+"[@]}", "the order of an associative array is not known")
		}
		return m.joined(values, !apart)
	}
	var (
		v   Value
		set bool
	)
	switch {
	case p.Excl && p.Index == nil:
		// ${!NAME} is what the variable is that NAME names.
		target := m.get(name)
		if !target.Known() || !syntax.ValidName(target.Text) {
			return odd()
		}
		name = target.Text
		v, set = m.lookup(name)
	case p.Excl:
		return odd()
	case all && p.Length:
		v, set = m.lookup(name)
		switch {
		case v.array != nil:
			return Text(strconv.Itoa(len(v.array.keys)))
		case !v.Known():
			return v
		}
		return Text(map[bool]string{true: "1", false: "0"}[set])
	case all:
		return odd()
	case p.Index != nil:
		arr, is := m.lookup(name)
		if arr.array == nil {
			if !is && arr.Known() {
				break
			}
			return odd()
		}
		key, ok := m.key(p.Index, arr.array.assoc)
		if !ok {
			return odd()
		}
		v, set = arr.array.values[key]
	case name == "@" || name == "*":
		if len(m.args) > 0 {
			return odd()
		}
	default:
		v, set = m.lookup(name)
	}
	v.array = nil
	if p.Exp != nil {
		if w, ok := m.alternative(name, v, set, p.Exp); ok {
			return w
		}
	}
	if !v.Known() {
		return v
	}
	if m.spent(len(v.Text)) {
		return Unknown("${"+name+"}", errTooMuch.Error())
	}
	if m.globs && (p.Repl != nil || p.Exp != nil) {
		return Unknown("${"+name+"}", "the shell's rules for patterns are changed")
	}
	switch {
	case p.Length:
		v = v.with(strconv.Itoa(len([]rune(v.Text))))
	case p.Slice != nil:
		v = m.slice(v, p.Slice)
	case p.Repl != nil:
		v = m.replace(v, p.Repl)
	case p.Exp != nil:
		v = m.trim(v, p.Exp)
	}
	return v
}

// alternative expands ${name:-word} and its like.
func (m *Machine) alternative(name string, v Value, set bool, e *syntax.Expansion) (Value, bool) {
	null := set && v.Known() && v.Text == ""
	// What a file or a command may have set is not known to be unset.
	doubt := !v.Known() && (set || m.sourced != "" && !v.unset)
	switch e.Op {
	case syntax.DefaultUnset, syntax.DefaultUnsetOrNull, syntax.AssignUnset, syntax.AssignUnsetOrNull:
		strict := e.Op == syntax.DefaultUnset || e.Op == syntax.AssignUnset
		if doubt || set && (strict || !null) {
			return v, true
		}
		w := m.word(e.Word)
		if e.Op == syntax.AssignUnset || e.Op == syntax.AssignUnsetOrNull {
			m.put(name, w)
		}
		w.add(Value{Vars: v.Vars})
		return w, true
	case syntax.AlternateUnset, syntax.AlternateUnsetOrNull:
		switch {
		case doubt:
			return v, true
		case !set || null && e.Op == syntax.AlternateUnsetOrNull:
			return Value{}, true
		}
		return m.word(e.Word), true
	case syntax.ErrorUnset, syntax.ErrorUnsetOrNull:
		if v.Known() && (!set || null && e.Op == syntax.ErrorUnsetOrNull) {
			m.exit = exit{to: theEnd}
		}
		return v, true
	}
	return v, false
}

func (m *Machine) trim(v Value, e *syntax.Expansion) Value {
	pat := m.pattern(e.Word)
	if !pat.Known() {
		return pat
	}
	if len(v.Text) > maxPattern || len(pat.Text) > maxPattern || m.spent(len(v.Text)*8) {
		return Unknown("${…}", "it is too long")
	}
	var mode pattern.Mode
	switch e.Op {
	case syntax.UpperAll, syntax.LowerAll, syntax.UpperFirst, syntax.LowerFirst:
		if e.Word != nil && pat.Text != "" {
			return Unknown(v.Text, "it is expanded in a way that is not read")
		}
	}
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
		if e.Op == syntax.RemLargePrefix {
			re.Longest()
		}
		return v.with(v.Text[len(re.FindString(v.Text)):])
	}
	re, err := regexp.Compile("^(?:" + expr + ")$")
	if err != nil {
		return Unknown(v.Text, "the pattern "+pat.Text+" is not read")
	}
	// The cuts in the order of the suffixes' lengths.
	for n := range len(v.Text) + 1 {
		if m.spent(n) {
			return Unknown("${…}", errTooMuch.Error())
		}
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
	if len(v.Text)*(len(with.Text)+1) > maxText || len(v.Text) > maxPattern || len(orig.Text) > maxPattern || m.spent(len(v.Text)) {
		return Unknown("${…}", "it is too long")
	}
	if strings.ContainsAny(with.Text, `&\`) {
		return Unknown(v.Text, "what is put in depends on the version of bash")
	}
	v.add(Value{Vars: with.Vars})
	pat := orig.Text
	anchor, end := "", ""
	if rest, ok := strings.CutPrefix(pat, "#"); ok && !r.All {
		pat, anchor = rest, "^"
	} else if rest, ok := strings.CutPrefix(pat, "%"); ok && !r.All {
		pat, end = rest, "$"
	}
	if pat == "" && anchor+end == "" {
		return v
	}
	expr, err := pattern.Regexp(pat, 0)
	if err != nil {
		return Unknown(v.Text, "the pattern "+pat+" is not read")
	}
	re, err := regexp.Compile(anchor + "(?:" + expr + ")" + end)
	if err != nil || pat != "" && re.MatchString("") {
		return Unknown(v.Text, "the pattern "+pat+" is not read")
	}
	re.Longest()
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
	part := Unknown(v.Text, "a part of it is taken that is not known")
	for _, r := range v.Text {
		if r >= 0x80 {
			return part
		}
	}
	n, ok := m.number(s.Offset)
	if !ok {
		return part
	}
	if n < 0 {
		if n += len(v.Text); n < 0 {
			return v.with("")
		}
	}
	text := v.Text[min(n, len(v.Text)):]
	if s.Length != nil {
		k, ok := m.number(s.Length)
		if !ok {
			return part
		}
		if k < 0 {
			if k += len(text); k < 0 {
				return part // bash refuses it
			}
		}
		text = text[:min(k, len(text))]
	}
	return v.with(text)
}
