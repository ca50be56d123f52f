package script

import (
	"regexp"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// test evaluates the arguments of test and [.
func (m *Machine) test(c *call, args []Value) status {
	if len(args) > 0 && args[0].Text == "!" && args[0].Known() {
		return m.test(c, args[1:]).not()
	}
	for i, a := range args {
		if (a.Text == "-a" || a.Text == "-o") && i > 0 && i < len(args)-1 && len(args) > 3 {
			left, right := m.test(c, args[:i]), m.test(c, args[i+1:])
			if a.Text == "-a" {
				return both(left, right)
			}
			return both(left.not(), right.not()).not()
		}
	}
	switch len(args) {
	case 0:
		return failed
	case 1:
		if args[0].Text == "$?" {
			m.Idle = append(m.Idle, Idle{c.start, "[ $? ] is true whatever the status is"})
			return succeeded
		}
		return m.unary("-n", args[0])
	case 2:
		return m.unary(args[0].Text, args[1])
	case 3:
		return m.binaryTest(args[0], args[1].Text, args[2], c.start, c.context)
	}
	return unsure
}

func both(a, b status) status {
	switch {
	case a == failed || b == failed:
		return failed
	case a == succeeded:
		return b
	case b == succeeded || a == b:
		return a
	case a == hardly || b == hardly:
		return hardly
	}
	return unsure
}

func truth(b bool) status {
	if b {
		return succeeded
	}
	return failed
}

func (m *Machine) unary(op string, v Value) status {
	switch {
	case op != "-n" && op != "-z":
		return unsure
	case v.unset && op == "-z":
		return probably
	case v.unset:
		return hardly
	case !v.Known():
		return unsure
	}
	return truth((v.Text != "") == (op == "-n"))
}

func (m *Machine) binaryTest(a Value, op string, b Value, at int, c context) status {
	switch op {
	case "=", "==", "!=":
		lost := m.fate(c)
		if op == "!=" {
			lost = ""
		}
		if m.compared(a, b, at, lost) || m.compared(b, a, at, lost) {
			return truth(op != "!=") // a check is taken to succeed
		}
		if a.unset != b.unset && (a.unset && b.Known() || b.unset && a.Known()) {
			other := a
			if a.unset {
				other = b
			}
			if (other.Text == "") == (op != "!=") {
				return probably
			}
			return hardly
		}
		if !a.Known() || !b.Known() {
			return unsure
		}
		return truth((a.Text == b.Text) == (op != "!="))
	case "-eq", "-ne", "-lt", "-le", "-gt", "-ge":
		i, errA := strconv.Atoi(strings.TrimSpace(a.Text))
		j, errB := strconv.Atoi(strings.TrimSpace(b.Text))
		if !a.Known() || !b.Known() || errA != nil || errB != nil {
			return unsure
		}
		return truth(map[string]bool{"-eq": i == j, "-ne": i != j, "-lt": i < j, "-le": i <= j, "-gt": i > j, "-ge": i >= j}[op])
	}
	return unsure
}

// compared notes a comparison of the sum of files with what is expected, and
// reports whether it is one.
func (m *Machine) compared(sum, want Value, at int, lost string) bool {
	if len(sum.sums) == 0 {
		return false
	}
	kind := "sum"
	for _, f := range want.from {
		f.Evidence, f.Query = true, true
		kind = "list"
	}
	for _, s := range sum.sums {
		algo, path, _ := strings.Cut(s, " ")
		m.checked(path, Check{At: at, Kind: kind, Algo: algo, Sum: sumText(want), Lost: lost})
	}
	return true
}

// sumText returns the sum in a text that may have a file's name behind it.
func sumText(v Value) Value {
	if v.Known() {
		if fields := strings.Fields(v.Text); len(fields) > 0 {
			return v.with(fields[0])
		}
	}
	return v
}

// testClause evaluates [[ … ]].
func (m *Machine) testClause(t *syntax.TestClause, c context) status {
	return m.testExpr(t.X, m.source.Locate(int(t.Pos().Offset())), c)
}

func (m *Machine) testExpr(x syntax.TestExpr, at int, c context) status {
	switch x := x.(type) {
	case *syntax.Word:
		return m.unary("-n", m.word(x))
	case *syntax.ParenTest:
		return m.testExpr(x.X, at, c)
	case *syntax.UnaryTest:
		if x.Op == syntax.TsNot {
			return m.testExpr(x.X, at, c).not()
		}
		w, ok := x.X.(*syntax.Word)
		if !ok {
			return unsure
		}
		return m.unary(x.Op.String(), m.word(w))
	case *syntax.BinaryTest:
		return m.binaryTestExpr(x, at, c)
	}
	return unsure
}

func (m *Machine) binaryTestExpr(x *syntax.BinaryTest, at int, c context) status {
	switch x.Op {
	case syntax.AndTest:
		return both(m.testExpr(x.X, at, c), m.testExpr(x.Y, at, c))
	case syntax.OrTest:
		return both(m.testExpr(x.X, at, c).not(), m.testExpr(x.Y, at, c).not()).not()
	}
	left, ok := x.X.(*syntax.Word)
	right, ok2 := x.Y.(*syntax.Word)
	if !ok || !ok2 {
		return unsure
	}
	a, b := m.word(left), m.word(right)
	switch x.Op {
	case syntax.TsMatch, syntax.TsMatchShort, syntax.TsNoMatch:
		if len(a.sums)+len(b.sums) > 0 || !a.Known() || !b.Known() {
			return m.binaryTest(a, x.Op.String(), b, at, c)
		}
		return truth(matches(m.pattern(right).Text, a.Text) == (x.Op != syntax.TsNoMatch))
	case syntax.TsReMatch:
		if m.compared(a, b, at, m.fate(c)) {
			return succeeded
		}
		re, err := regexp.Compile(b.Text)
		if !a.Known() || !b.Known() || err != nil {
			return unsure
		}
		return truth(re.MatchString(a.Text))
	}
	return m.binaryTest(a, x.Op.String(), b, at, c)
}
