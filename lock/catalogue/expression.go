package catalogue

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/go-version"
)

// evaluate returns whether an expression of version_constraint or version_filter holds
// for a version, whose form without the prefix is semver. The language is the part of
// expr-lang's that registries use: strings, lists, not, and, or, ==, !=, in, matches,
// contains, startsWith, endsWith, and the functions semver, semverWithVersion,
// trimPrefix and trimSuffix.
func evaluate(expression, tag, semver string) (bool, error) {
	switch expression { // most are one of these
	case "true":
		return true, nil
	case "false", "":
		return false, nil
	}
	if len(expression) > maxExpression {
		return false, fmt.Errorf("it is longer than %d KiB", maxExpression>>10)
	}
	p := &expressionParser{rest: expression, tag: tag, semver: semver}
	p.next()
	v := p.or()
	if p.err == nil && p.token != "" {
		p.fail("%s is not understood", shown(p.token))
	}
	if p.err != nil {
		return false, p.err
	}
	ok, isBool := v.(bool)
	if !isBool {
		return false, errors.New("it is neither true nor false")
	}
	return ok, nil
}

// maxExpression is how long an expression may be, in bytes. Each is read again for each
// version, and the longest of real registries has 459.
const maxExpression = 16 << 10

// expressionParser evaluates an expression while it reads it. Values are bool, string
// and []string.
type expressionParser struct {
	rest        string
	token       string
	tag, semver string
	depth       int
	err         error
}

func (p *expressionParser) fail(format string, args ...any) any {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
	p.token, p.rest = "", ""
	return false
}

// tokenForm matches the next token; strings are with their quotes.
var tokenForm = regexp.MustCompile("^(?:\"(?:[^\"\\\\]|\\\\.)*\"|'(?:[^'\\\\]|\\\\.)*'|`[^`]*`|[A-Za-z_][A-Za-z_0-9]*|&&|\\|\\||==|!=|[()\\[\\],!])")

func (p *expressionParser) next() {
	p.rest = strings.TrimLeft(p.rest, " \t\r\n")
	p.token = tokenForm.FindString(p.rest)
	if p.token == "" && p.rest != "" {
		p.fail("%s is not understood", shown(p.rest))
		return
	}
	p.rest = p.rest[len(p.token):]
}

// accept reports whether the next token is one of those, and reads over it.
func (p *expressionParser) accept(tokens ...string) bool {
	if !slices.Contains(tokens, p.token) {
		return false
	}
	p.next()
	return true
}

func (p *expressionParser) expect(token string) {
	if !p.accept(token) {
		p.fail("%q is missing", token)
	}
}

func (p *expressionParser) or() any {
	v := p.and()
	for p.accept("or", "||") {
		right := p.boolean(p.and())
		v = p.boolean(v) || right
	}
	return v
}

func (p *expressionParser) and() any {
	v := p.not()
	for p.accept("and", "&&") {
		right := p.boolean(p.not())
		v = p.boolean(v) && right
	}
	return v
}

func (p *expressionParser) not() any {
	if p.accept("not", "!") {
		if p.depth++; p.depth > 100 {
			return p.fail("it is nested too deep")
		}
		return !p.boolean(p.not())
	}
	return p.comparison()
}

func (p *expressionParser) comparison() any {
	left := p.primary()
	op := p.token
	if !p.accept("==", "!=", "in", "not", "matches", "contains", "startsWith", "endsWith") {
		return left
	}
	negated := op == "not" // "Version not in […]"
	if negated {
		op = p.token
		p.next()
	}
	right := p.primary()
	if p.err != nil {
		return false
	}
	return p.compare(op, left, right) != negated
}

func (p *expressionParser) compare(op string, left, right any) bool {
	l, ok := left.(string)
	if list, isList := right.([]string); isList && ok && op == "in" {
		return slices.Contains(list, l)
	}
	r, ok2 := right.(string)
	if !ok || !ok2 {
		p.fail("%s is asked of what are not strings", op)
		return false
	}
	switch op {
	case "==":
		return l == r
	case "!=":
		return l != r
	case "contains":
		return strings.Contains(l, r)
	case "startsWith":
		return strings.HasPrefix(l, r)
	case "endsWith":
		return strings.HasSuffix(l, r)
	case "matches":
		re, err := regexp.Compile(r)
		if err != nil {
			p.fail("%q is not a regular expression of RE2", r)
			return false
		}
		return re.MatchString(l)
	}
	p.fail("%s is not understood", op)
	return false
}

func (p *expressionParser) primary() any {
	token := p.token
	switch {
	case token == "":
		return p.fail("it ends too early")
	case strings.Contains("\"'`", token[:1]):
		p.next()
		return p.unquote(token)
	case p.accept("("):
		if p.depth++; p.depth > 100 {
			return p.fail("it is nested too deep")
		}
		v := p.or()
		p.expect(")")
		return v
	case p.accept("["):
		list := []string{}
		for p.err == nil && !p.accept("]") {
			list = append(list, p.str(p.primary()))
			if !p.accept(",") && p.token != "]" {
				p.fail("a list is not closed")
			}
		}
		return list
	case p.accept("true"):
		return true
	case p.accept("false"):
		return false
	case p.accept("Version"):
		return p.tag
	case p.accept("SemVer"):
		return p.semver
	}
	p.next()
	if p.token != "(" {
		return p.fail("%q is not understood", token)
	}
	return p.call(token)
}

// call evaluates a function whose name has been read.
func (p *expressionParser) call(name string) any {
	p.expect("(")
	var args []string
	for p.err == nil && !p.accept(")") {
		args = append(args, p.str(p.or()))
		if !p.accept(",") && p.token != ")" {
			p.fail("%s( is not closed", name)
		}
	}
	if p.err != nil {
		return false
	}
	want := map[string]int{"semver": 1, "semverWithVersion": 2, "trimPrefix": 2, "trimSuffix": 2}[name]
	if want == 0 || len(args) != want {
		return p.fail("function %s is not known, or has other arguments than it takes", name)
	}
	switch name {
	case "trimPrefix":
		return strings.TrimPrefix(args[0], args[1])
	case "trimSuffix":
		return strings.TrimSuffix(args[0], args[1])
	case "semver":
		args = append(args, p.semver)
	}
	ok, err := satisfies(args[1], args[0])
	if err != nil {
		return p.fail("%v", err)
	}
	return ok
}

func (p *expressionParser) boolean(v any) bool {
	b, ok := v.(bool)
	if !ok {
		p.fail("a string is where true or false should be")
	}
	return b
}

func (p *expressionParser) str(v any) string {
	s, ok := v.(string)
	if !ok {
		p.fail("want a string")
	}
	return s
}

func (p *expressionParser) unquote(token string) string {
	if token[0] == '\'' {
		token = `"` + strings.ReplaceAll(strings.ReplaceAll(token[1:len(token)-1], `\'`, `'`), `"`, `\"`) + `"`
	}
	s, err := strconv.Unquote(token)
	if err != nil {
		p.fail("%s is not a string", token)
	}
	return s
}

// commit matches what is a commit, which no constraint of versions holds for.
var commit = regexp.MustCompile(`^[0-9a-f]{40}$`)

// satisfies reports whether a version satisfies constraints with commas between, such
// as ">= 1.2, < 2". What is no version satisfies none. The order is hashicorp's, which
// registries are written for, and not that of package release.
func satisfies(v, constraints string) (bool, error) {
	if commit.MatchString(v) {
		return false, nil
	}
	have, err := version.NewVersion(v)
	if err != nil {
		return false, nil
	}
	for c := range strings.SplitSeq(strings.TrimSpace(constraints), ",") {
		c = strings.TrimSpace(c)
		n := len(c) - len(strings.TrimLeft(c, "<>!="))
		if !slices.Contains([]string{">=", "<=", "!=", ">", "<", "="}, c[:n]) {
			return false, fmt.Errorf("constraint %q: want one of >=, <=, !=, >, < and = before a version", c)
		}
		limit, err := version.NewVersion(strings.TrimSpace(c[n:]))
		if err != nil {
			return false, nil
		}
		order := have.Compare(limit)
		ok := map[string]bool{">=": order >= 0, "<=": order <= 0, "!=": order != 0, ">": order > 0, "<": order < 0, "=": order == 0}[c[:n]]
		if !ok {
			return false, nil
		}
	}
	return true, nil
}
