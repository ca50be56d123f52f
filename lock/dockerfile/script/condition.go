package script

import (
	"regexp"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// testWords evaluates the arguments of test and [.
func testWords(m *Machine, c *call, args []Value) status {
	if len(args) > maxWords || m.spent(len(args)) {
		return unsure
	}
	for _, a := range args {
		if a.many && !a.unset && a.origin != lastStatus {
			return unsure // it may be no word, or several
		}
	}
	if len(args) > 1 && args[0].Text == "!" && args[0].Known() && !(len(args) == 3 && isBinary(args[1].Text)) {
		return testWords(m, c, args[1:]).not()
	}
	if len(args) > 3 {
		for _, op := range []string{"-o", "-a"} {
			for i, a := range args {
				if a.Text != op || i == 0 || i == len(args)-1 {
					continue
				}
				left, right := testWords(m, c, args[:i]), testWords(m, c, args[i+1:])
				if op == "-a" {
					return both(left, right)
				}
				return both(left.not(), right.not()).not()
			}
		}
	}
	switch len(args) {
	case 0:
		return failed
	case 1:
		if args[0].origin == lastStatus {
			m.Log(Idle{c.start, "[ $? ] is true whatever the status is"})
			return succeeded
		}
		return testUnary(m, "-n", args[0])
	case 2:
		return testUnary(m, args[0].Text, args[1])
	case 3:
		return testBinary(m, args[0], args[1].Text, args[2], c.start, c.context)
	}
	return unsure
}

// maxWords is how many arguments of a test are looked at.
const maxWords = 200

func isBinary(op string) bool {
	switch op {
	case "=", "==", "!=", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "<", ">", "-nt", "-ot", "-ef":
		return true
	}
	return false
}

func testUnary(m *Machine, op string, v Value) status {
	switch {
	case op != "-n" && op != "-z":
		return unsure
	case v.unset && v.many && op == "-n":
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

func testBinary(m *Machine, a Value, op string, b Value, at int, c context) status {
	switch op {
	case "=", "==", "!=":
		lost := m.fate(c)
		if op == "!=" {
			lost = ""
		}
		if checkComparison(m, a, b, at, lost) || checkComparison(m, b, a, at, lost) {
			if op == "!=" {
				return unsure
			}
			return assumed // a check is taken to succeed
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
		if op == "==" && a.Text == b.Text && !m.source.Bash {
			return unsure // not all that /bin/sh may be have it
		}
		return truth((a.Text == b.Text) == (op != "!="))
	case "-eq", "-ne", "-lt", "-le", "-gt", "-ge":
		if strings.HasPrefix(a.Text, "+") || strings.HasPrefix(b.Text, "+") {
			return unsure
		}
		i, errA := strconv.Atoi(strings.TrimSpace(a.Text))
		j, errB := strconv.Atoi(strings.TrimSpace(b.Text))
		if !a.Known() || !b.Known() || errA != nil || errB != nil {
			return unsure
		}
		return truth(map[string]bool{"-eq": i == j, "-ne": i != j, "-lt": i < j, "-le": i <= j, "-gt": i > j, "-ge": i >= j}[op])
	}
	return unsure
}

// testClause evaluates [[ … ]].
func testClause(m *Machine, t *syntax.TestClause, c context) status {
	return testExpr(m, t.X, m.source.Locate(int(t.Pos().Offset())), c)
}

func testExpr(m *Machine, x syntax.TestExpr, at int, c context) status {
	switch x := x.(type) {
	case *syntax.Word:
		return testUnary(m, "-n", m.word(x))
	case *syntax.ParenTest:
		return testExpr(m, x.X, at, c)
	case *syntax.UnaryTest:
		if x.Op == syntax.TsNot {
			return testExpr(m, x.X, at, c).not()
		}
		w, ok := x.X.(*syntax.Word)
		if !ok {
			return unsure
		}
		return testUnary(m, x.Op.String(), m.word(w))
	case *syntax.BinaryTest:
		return testBinaryExpr(m, x, at, c)
	}
	return unsure
}

// quotedPart reports whether a part of a word is quoted, and stands for itself in an
// expression.
func quotedPart(w *syntax.Word) bool {
	for _, p := range w.Parts {
		switch p := p.(type) {
		case *syntax.SglQuoted, *syntax.DblQuoted:
			return true
		case *syntax.Lit:
			if strings.Contains(p.Value, `\`) {
				return true
			}
		}
	}
	return false
}

func testBinaryExpr(m *Machine, x *syntax.BinaryTest, at int, c context) status {
	switch x.Op {
	case syntax.AndTest:
		return both(testExpr(m, x.X, at, c), testExpr(m, x.Y, at, c))
	case syntax.OrTest:
		return both(testExpr(m, x.X, at, c).not(), testExpr(m, x.Y, at, c).not()).not()
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
			return testBinary(m, a, x.Op.String(), b, at, c)
		}
		if m.globs {
			return unsure
		}
		got := matches(m.pattern(right).Text, a.Text)
		if x.Op == syntax.TsNoMatch {
			got = got.not()
		}
		return got
	case syntax.TsReMatch:
		if checkComparison(m, a, b, at, m.fate(c)) {
			return assumed
		}
		if !a.Known() || !b.Known() || len(b.Text) > maxPattern || len(a.Text) > maxPattern || strings.ContainsAny(b.Text, `\?`) || quotedPart(right) || m.globs {
			return unsure
		}
		re, err := regexp.Compile(b.Text)
		if err != nil {
			return unsure
		}
		return truth(re.MatchString(a.Text))
	}
	switch x.Op {
	case syntax.TsEql, syntax.TsNeq, syntax.TsLeq, syntax.TsGeq, syntax.TsLss, syntax.TsGtr:
		i, ok := m.numeric(a)
		j, ok2 := m.numeric(b)
		if !ok || !ok2 {
			return unsure
		}
		a.Text, b.Text = strconv.Itoa(i), strconv.Itoa(j)
	}
	return testBinary(m, a, x.Op.String(), b, at, c)
}
