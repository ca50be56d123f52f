package script

import (
	"math"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// arithmetic evaluates an expression, and sets what it sets.
func (m *Machine) arithmetic(x syntax.ArithmExpr) Value {
	if x == nil {
		return Text("0")
	}
	if n, ok := m.number(x); ok {
		return Text(strconv.Itoa(n))
	}
	return Unknown("$((…))", "it is computed from what is not known")
}

// number evaluates an expression, and reports whether its value is known.
func (m *Machine) number(x syntax.ArithmExpr) (int, bool) {
	if m.steps++; m.over() {
		return 0, false
	}
	switch x := x.(type) {
	case nil:
		return 0, true
	case *syntax.Word:
		if name := x.Lit(); syntax.ValidName(name) {
			return m.numeric(m.get(name))
		}
		return m.numeric(m.word(x))
	case *syntax.ParenArithm:
		return m.number(x.X)
	case *syntax.UnaryArithm:
		return m.unaryNumber(x)
	case *syntax.BinaryArithm:
		return m.binaryNumber(x)
	}
	return 0, false
}

// numeric returns the number that a value is.
func (m *Machine) numeric(v Value) (int, bool) {
	text := strings.TrimSpace(v.Text)
	switch {
	case !v.Known():
		return 0, false
	case text == "":
		return 0, true
	case len(text) > 1 && strings.TrimLeft(text, "+-")[:1] == "0" && strings.Trim(text, "0") != "":
		return 0, false // octal or hexadecimal
	}
	n, err := strconv.Atoi(text)
	if err != nil && strings.ContainsAny(text, "=+-") {
		m.overwritten("may be computed in a way that is not read") // let "i = 3"
	}
	return n, err == nil
}

func (m *Machine) unaryNumber(x *syntax.UnaryArithm) (int, bool) {
	n, ok := m.number(x.X)
	switch x.Op {
	case syntax.Inc, syntax.Dec:
		by := 1
		if x.Op == syntax.Dec {
			by = -1
		}
		m.store(x.X, n+by, ok && n < math.MaxInt32)
		if !x.Post {
			n += by
		}
		return n, ok
	case syntax.Not:
		return number(n == 0), ok
	case syntax.Minus:
		return -n, ok
	case syntax.Plus:
		return n, ok
	}
	return 0, false
}

// store sets a variable to the value of an expression.
func (m *Machine) store(x syntax.ArithmExpr, n int, ok bool) {
	w, is := x.(*syntax.Word)
	if !is || !syntax.ValidName(w.Lit()) {
		m.overwritten("may be computed in a way that is not read")
		return
	}
	v := Text(strconv.Itoa(n))
	if !ok {
		v = Unknown("${"+w.Lit()+"}", w.Lit()+" is computed from what is not known")
	}
	m.put(w.Lit(), v)
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (m *Machine) binaryNumber(x *syntax.BinaryArithm) (int, bool) {
	switch x.Op {
	case syntax.AndArit, syntax.OrArit:
		a, ok := m.number(x.X)
		if !ok {
			m.number(x.Y)
			return 0, false
		}
		if (a != 0) == (x.Op == syntax.OrArit) {
			return number(a != 0), true
		}
		b, ok := m.number(x.Y)
		return number(b != 0), ok
	case syntax.TernQuest:
		either, ok := x.Y.(*syntax.BinaryArithm)
		if a, known := m.number(x.X); ok && known {
			if a != 0 {
				return m.number(either.X)
			}
			return m.number(either.Y)
		}
		return 0, false
	case syntax.Comma:
		m.number(x.X)
		return m.number(x.Y)
	case syntax.Assgn:
		n, ok := m.number(x.Y)
		m.store(x.X, n, ok)
		return n, ok
	}
	op, assigns := assigning[x.Op]
	if !assigns {
		op = x.Op
	}
	a, okA := m.number(x.X)
	b, okB := m.number(x.Y)
	n, ok := operate(op, a, b)
	ok = ok && okA && okB
	if assigns {
		m.store(x.X, n, ok)
	}
	return n, ok
}

// assigning are the operators that assign what another one gives. Those that operate
// does not know give what is not known.
var assigning = map[syntax.BinAritOperator]syntax.BinAritOperator{
	syntax.AddAssgn: syntax.Add, syntax.SubAssgn: syntax.Sub, syntax.MulAssgn: syntax.Mul,
	syntax.QuoAssgn: syntax.Quo, syntax.RemAssgn: syntax.Rem, syntax.AndAssgn: syntax.And,
	syntax.OrAssgn: syntax.Or, syntax.XorAssgn: syntax.Xor, syntax.ShlAssgn: syntax.Shl, syntax.ShrAssgn: syntax.Shr,
}

// operate applies an operator. Numbers that may not fit are not known.
func operate(op syntax.BinAritOperator, a, b int) (int, bool) {
	const most = math.MaxInt32
	if a > most || a < -most || b > most || b < -most {
		return 0, false
	}
	switch op {
	case syntax.Add:
		return a + b, true
	case syntax.Sub:
		return a - b, true
	case syntax.Mul:
		return a * b, true
	case syntax.Quo:
		if b != 0 {
			return a / b, true
		}
	case syntax.Rem:
		if b != 0 {
			return a % b, true
		}
	case syntax.Eql:
		return number(a == b), true
	case syntax.Neq:
		return number(a != b), true
	case syntax.Gtr:
		return number(a > b), true
	case syntax.Lss:
		return number(a < b), true
	case syntax.Geq:
		return number(a >= b), true
	case syntax.Leq:
		return number(a <= b), true
	}
	return 0, false
}
