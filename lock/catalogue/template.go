package catalogue

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"text/template/parse"
)

// scope is what the templates of an entry see.
type scope struct {
	fields map[string]text // by name; those of Vars as "Vars.NAME"
	// parsed are the templates of the entry that have been parsed, since they are
	// evaluated for each platform and for neighbouring versions. It may be nil.
	parsed *sync.Map
}

// expand evaluates a template of a registry, which is one of Go's. Of its functions,
// those are known that registries use. What depends on the version in a way that a
// template of the lockfile cannot say is an error.
func (s scope) expand(template string) (text, error) {
	if len(template) > maxText {
		return nil, fmt.Errorf("template %s is longer than %d bytes", shown(template), maxText)
	}
	if !strings.Contains(template, "{{") {
		return literal(template), nil
	}
	tree, err := s.parse(template)
	if err != nil {
		return nil, err
	}
	t, err := s.list(tree.Root)
	if err != nil {
		return nil, fmt.Errorf("template %s: %w", shown(template), err)
	}
	return t, nil
}

func (s scope) parse(template string) (*parse.Tree, error) {
	if s.parsed != nil {
		if tree, ok := s.parsed.Load(template); ok {
			return tree.(*parse.Tree), nil
		}
	}
	tree := parse.New("template")
	tree.Mode = parse.SkipFuncCheck
	if _, err := tree.Parse(template, "", "", map[string]*parse.Tree{}); err != nil {
		return nil, fmt.Errorf("template %s is not valid", shown(template))
	}
	if s.parsed != nil {
		s.parsed.Store(template, tree)
	}
	return tree, nil
}

func (s scope) list(nodes *parse.ListNode) (text, error) {
	var t text
	if nodes == nil {
		return t, nil
	}
	for _, n := range nodes.Nodes {
		var add text
		switch n := n.(type) {
		case *parse.TextNode:
			add = literal(string(n.Text))
		case *parse.ActionNode:
			v, err := s.pipe(n.Pipe)
			if err != nil {
				return nil, err
			}
			var ok bool
			if add, ok = v.(text); !ok {
				return nil, fmt.Errorf("%s gives no text", n)
			}
		case *parse.IfNode:
			v, err := s.pipe(n.Pipe)
			if err != nil {
				return nil, err
			}
			ok, err := truth(v)
			if err != nil {
				return nil, err
			}
			branch := n.ElseList
			if ok {
				branch = n.List
			}
			if add, err = s.list(branch); err != nil {
				return nil, err
			}
		default:
			return nil, fmt.Errorf("%s is not known", n)
		}
		t = append(t, add...)
	}
	return t, nil
}

// truth returns whether a value counts as true. One that depends on the version does
// so for every version, or the template is not written for others.
func truth(v any) (bool, error) {
	switch v := v.(type) {
	case bool:
		return v, nil
	case text:
		return len(v) > 0, nil
	}
	return false, fmt.Errorf("a condition is neither true nor false")
}

// pipe evaluates a pipeline: the value of each command is the last argument of the next.
func (s scope) pipe(p *parse.PipeNode) (v any, err error) {
	if len(p.Decl) > 0 {
		return nil, fmt.Errorf("variables are not known")
	}
	for i, c := range p.Cmds {
		var args []any
		if i > 0 {
			args = []any{v}
		}
		if v, err = s.command(c, args); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// command evaluates one command with what a pipe brings.
func (s scope) command(c *parse.CommandNode, piped []any) (any, error) {
	first, ok := c.Args[0].(*parse.IdentifierNode)
	if !ok {
		if len(c.Args) > 1 || len(piped) > 0 {
			return nil, fmt.Errorf("%s is no function", c.Args[0])
		}
		return s.argument(c.Args[0])
	}
	var args []any
	for _, a := range c.Args[1:] {
		v, err := s.argument(a)
		if err != nil {
			return nil, err
		}
		args = append(args, v)
	}
	return call(first.Ident, append(args, piped...))
}

func (s scope) argument(n parse.Node) (any, error) {
	switch n := n.(type) {
	case *parse.FieldNode:
		return s.field(strings.Join(n.Ident, "."))
	case *parse.StringNode:
		return literal(n.Text), nil
	case *parse.NumberNode:
		if n.IsInt {
			return int(n.Int64), nil
		}
	case *parse.BoolNode:
		return n.True, nil
	case *parse.PipeNode:
		return s.pipe(n)
	case *parse.IdentifierNode:
		return call(n.Ident, nil)
	case *parse.ChainNode: // (semver .Version).Major
		v, err := s.argument(n.Node)
		if err != nil {
			return nil, err
		}
		if of, ok := v.(semanticVersion); ok && len(n.Field) == 1 {
			return of.field(n.Field[0])
		}
	}
	return nil, fmt.Errorf("%s is not known", n)
}

func (s scope) field(name string) (any, error) {
	t, ok := s.fields[name]
	if !ok {
		return nil, fmt.Errorf("field .%s is not known here", name)
	}
	return t, nil
}

// semanticVersion is what the function semver returns.
type semanticVersion struct{ text }

// field returns a number of the version, which is a word of the lockfile's templates.
func (v semanticVersion) field(name string) (any, error) {
	i := map[string]int{"Major": 1, "Minor": 2, "Patch": 3}[name]
	at := len(v.text) - 1
	if i == 0 || at < 0 || v.text[at].word != "version" || len(v.text[at].filters) > 0 || v.text[:at].String() != "" && v.text[:at].String() != "v" {
		return nil, fmt.Errorf("(semver …).%s cannot be written as a template", name)
	}
	m := semverForm.FindStringSubmatch(v.text[at].s)
	if m == nil {
		return nil, fmt.Errorf("%q has no %s", v.text, strings.ToLower(name))
	}
	return text{{s: m[i], word: strings.ToLower(name)}}, nil
}

// semverForm matches a version of three numbers, with or without more behind them.
var semverForm = regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:[-+].*)?$`)

// firstOf matches the regular expressions that stand for all before a character.
var firstOf = regexp.MustCompile(`^\^\[\^(.)\][+*]$`)

// call evaluates a function.
func call(name string, args []any) (any, error) {
	bad := fmt.Errorf("function %s is not known, or not with these arguments", name)
	texts := make([]text, len(args))
	all := true
	for i, a := range args {
		var ok bool
		texts[i], ok = a.(text)
		all = all && ok
	}
	switch {
	case name == "index" && len(args) == 2:
		list, ok := args[0].([]text)
		i, ok2 := args[1].(int)
		if !ok || !ok2 || i < 0 || i >= len(list) {
			return nil, bad
		}
		return list[i], nil
	case name == "not" && len(args) == 1:
		v, err := truth(args[0])
		return !v, err
	case (name == "and" || name == "or") && len(args) > 0:
		for _, a := range args[:len(args)-1] {
			if v, err := truth(a); err != nil || v == (name == "or") {
				return a, err
			}
		}
		return args[len(args)-1], nil
	case !all:
		return nil, bad
	}
	fixed := func(i int) (string, bool) { return texts[i].String(), texts[i].isLiteral() }
	switch n := len(args); {
	case name == "trimV" && n == 1:
		return texts[0].trimPrefix("v")
	case name == "semver" && n == 1:
		return semanticVersion{texts[0]}, nil
	case (name == "title" || name == "lower" || name == "upper") && n == 1:
		return recase(name, texts[0])
	case n == 3 && name == "replace":
		old, ok := fixed(0)
		new, ok2 := fixed(1)
		if !ok || !ok2 {
			return nil, bad
		}
		return texts[2].replace(old, new)
	case n < 2:
		return nil, bad
	case name == "eq" || name == "ne":
		a, ok := fixed(0)
		b, ok2 := fixed(1)
		if n != 2 || !ok || !ok2 {
			return nil, fmt.Errorf("a condition depends on the version")
		}
		return (a == b) == (name == "eq"), nil
	}
	arg, ok := fixed(0)
	if !ok || len(args) != 2 {
		return nil, bad
	}
	switch name {
	case "trimPrefix":
		return texts[1].trimPrefix(arg)
	case "trimSuffix":
		return texts[1].trimSuffix(arg)
	case "splitList":
		return splitList(arg, texts[1])
	case "regexFind":
		m := firstOf.FindStringSubmatch(arg)
		if m == nil {
			return nil, bad
		}
		return texts[1].before(m[1])
	}
	return nil, bad
}

// splitList returns the elements of t between separators.
func splitList(sep string, t text) (list []text, err error) {
	if sep == "" || len(t) != 1 {
		return nil, fmt.Errorf("the elements of %s cannot be written as a template", strconv.Quote(t.String()))
	}
	for rest := t; ; {
		element, err := rest.before(sep)
		if err != nil {
			return nil, err
		}
		list = append(list, element)
		if !strings.Contains(rest.String(), sep) {
			return list, nil
		}
		if rest, err = rest.after(sep); err != nil {
			return nil, err
		}
	}
}

// recase changes the case of a text, which must be the same for every version.
func recase(name string, t text) (any, error) {
	if !t.isLiteral() {
		return nil, fmt.Errorf("%s depends on the version", name)
	}
	t = append(text{}, t...)
	for i := range t {
		s := t[i].s
		switch {
		case name == "lower":
			s = strings.ToLower(s)
		case name == "upper":
			s = strings.ToUpper(s)
		case i == 0 && s != "":
			s = strings.ToUpper(s[:1]) + s[1:]
		}
		t[i].s = s
	}
	return t, nil
}
