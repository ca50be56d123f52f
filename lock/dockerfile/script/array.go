package script

import (
	"slices"
	"strconv"

	"mvdan.cc/sh/v3/syntax"
)

// array is the value of an array of bash. It is not changed once it is set.
type array struct {
	keys   []string // in their order; of an associative one, as they were set
	values map[string]Value
	assoc  bool
}

func (a *array) list() []Value {
	all := make([]Value, len(a.keys))
	for i, k := range a.keys {
		all[i] = a.values[k]
	}
	return all
}

// with returns the array with one more value.
func (a *array) with(key string, v Value) *array {
	b := &array{slices.Clone(a.keys), make(map[string]Value, len(a.keys)+1), a.assoc}
	for k, v := range a.values {
		b.values[k] = v
	}
	v.array, v.many = nil, false
	if _, ok := b.values[key]; !ok {
		b.keys = append(b.keys, key)
		if !a.assoc {
			slices.SortFunc(b.keys, func(x, y string) int {
				i, _ := strconv.Atoi(x)
				j, _ := strconv.Atoi(y)
				return i - j
			})
		}
	}
	b.values[key] = v
	return b
}

// arrayValue returns the value of a variable that is an array.
func arrayValue(name string, a *array) Value {
	v, ok := a.values["0"]
	if !ok {
		v = Unknown("${"+name+"}", name+" is an array")
	}
	v.array = a
	return v
}

// assignArray evaluates NAME=(…), NAME+=(…) and NAME[key]=….
func (m *Machine) assignArray(a *syntax.Assign, assoc bool) {
	name := a.Name.Value
	old := m.Vars[name]
	lost := func() {
		m.put(name, Unknown("${"+name+"}", name+" is an array that is not read"))
	}
	arr := &array{values: make(map[string]Value), assoc: assoc}
	if old.array != nil {
		arr.assoc = arr.assoc || old.array.assoc
	}
	if a.Index != nil || a.Append {
		switch {
		case old.array != nil:
			arr = old.array
		case old.Why != "" || m.sourced != "":
			lost()
			return
		case old.Text != "":
			arr = arr.with("0", old)
		}
	}
	if a.Index != nil {
		key, ok := m.key(a.Index, arr.assoc)
		v := m.word(a.Value)
		if had, is := arr.values[key]; a.Append && is {
			v = join(had, v)
		}
		if !ok || m.spent(64*len(arr.keys)) || len(arr.keys) > maxRounds {
			lost()
			return
		}
		m.put(name, arrayValue(name, arr.with(key, v)))
		return
	}
	if a.Array == nil {
		lost()
		return
	}
	next := 0
	if n := len(arr.keys); n > 0 && !arr.assoc {
		last, _ := strconv.Atoi(arr.keys[n-1])
		next = last + 1
	}
	for _, e := range a.Array.Elems {
		values := []Value{m.word(e.Value)}
		key, ok := "", true
		if e.Index != nil {
			if key, ok = m.key(e.Index, arr.assoc); !arr.assoc {
				next, _ = strconv.Atoi(key)
			}
		} else if values = m.fields([]*syntax.Word{e.Value}); arr.assoc {
			ok = false
		}
		for _, v := range values {
			if v.many || !ok || len(arr.keys) > maxRounds || m.spent(64*len(arr.keys)) {
				lost()
				return
			}
			if !arr.assoc {
				key = strconv.Itoa(next)
				next++
			}
			arr = arr.with(key, v)
		}
	}
	m.put(name, arrayValue(name, arr))
}

// key returns the key that an index stands for.
func (m *Machine) key(x syntax.ArithmExpr, assoc bool) (string, bool) {
	if w, ok := x.(*syntax.Word); ok && assoc {
		v := m.word(w)
		return v.Text, v.Known()
	}
	if assoc {
		return "", false
	}
	v := m.arithmetic(x)
	n, err := strconv.Atoi(v.Text)
	return v.Text, v.Known() && err == nil && n >= 0
}

// allElements reports whether an index stands for all elements, and whether they are
// separate words where it is quoted.
func allElements(x syntax.ArithmExpr) (all, apart bool) {
	if w, ok := x.(*syntax.Word); ok {
		lit := w.Lit()
		return lit == "@" || lit == "*", lit == "@"
	}
	return false, false
}

// elements returns the values of $@, ${A[@]} and ${!A[@]}, and whether a part is one
// of these. Apart says that they are separate words where it is quoted.
func (m *Machine) elements(p syntax.WordPart) (values []Value, apart, ok bool) {
	e, is := p.(*syntax.ParamExp)
	if !is || e.Param == nil || e.Length || e.Slice != nil || e.Repl != nil || e.Exp != nil || e.Names != 0 || e.NestedParam != nil {
		return nil, false, false
	}
	name := e.Param.Value
	if (name == "@" || name == "*") && !e.Excl {
		return m.args, name == "@", true
	}
	all, apart := allElements(e.Index)
	if !all {
		return nil, false, false
	}
	v, set := m.lookup(name)
	switch {
	case v.array != nil && e.Excl:
		for _, k := range v.array.keys {
			values = append(values, Text(k))
		}
	case v.array != nil:
		values = v.array.list()
	case !set && v.Known():
	case !v.Known():
		v.many = true
		values = []Value{v}
	case e.Excl:
		values = []Value{Text("0")}
	default:
		values = []Value{v}
	}
	return values, apart, true
}
