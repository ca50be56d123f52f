package catalogue

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"text/template"

	"go.yaml.in/yaml/v3"

	"depfetch/lock"
	"depfetch/lock/edit"
)

// This file reads registries a second time, in another way: entries as maps, templates
// by text/template, expressions by Go's own parser, and versions as they are, without
// a thought for templates of lockfiles.

type plainEntry map[string]any

// plainEntries reads a registry.
func plainEntries(t *testing.T, data []byte) map[string]plainEntry {
	t.Helper()
	var all struct{ Packages []plainEntry }
	if err := yaml.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	byName := make(map[string]plainEntry)
	for _, e := range all.Packages {
		name := e.str("name")
		if name == "" {
			name = e.str("repo_owner") + "/" + e.str("repo_name")
		}
		byName[name] = e
	}
	return byName
}

func (e plainEntry) str(key string) string { s, _ := e[key].(string); return s }
func (e plainEntry) list(key string) []any { l, _ := e[key].([]any); return l }
func asEntry(v any) plainEntry {
	switch v := v.(type) {
	case plainEntry:
		return v
	case map[string]any:
		return v
	case map[any]any: // with a key such as 386
		e := make(plainEntry)
		for key, value := range v {
			e[fmt.Sprint(key)] = value
		}
		return e
	}
	return nil
}

// with returns e with what over says in place of it.
func (e plainEntry) with(over plainEntry) plainEntry {
	all := maps.Clone(e)
	drop := map[string]string{"github_release": "url path", "github_content": "url asset", "github_archive": "url path asset format", "http": "path asset"}
	for key := range strings.FieldsSeq(drop[over.str("type")]) {
		delete(all, key)
	}
	maps.Copy(all, over)
	return all
}

// at returns e for a version and a system.
func (e plainEntry) at(tag, goos, goarch string) plainEntry {
	chosen := e
	if own := e.str("version_constraint"); own != "" && !holdsFor(own, tag, e.str("version_prefix")) {
		for _, v := range e.list("version_overrides") {
			over := asEntry(v)
			prefix := e.str("version_prefix")
			if p, ok := over["version_prefix"].(string); ok {
				prefix = p
			}
			if holdsFor(over.str("version_constraint"), tag, prefix) {
				chosen = e.with(over)
				break
			}
		}
	}
	for _, f := range chosen.list("format_overrides") {
		if asEntry(f).str("goos") == goos {
			chosen = chosen.with(plainEntry{"format": asEntry(f).str("format")})
			break
		}
	}
	for _, o := range chosen.list("overrides") {
		over := asEntry(o)
		fits := cmp.Or(over.str("goos"), goos) == goos && cmp.Or(over.str("goarch"), goarch) == goarch
		if envs, ok := over["envs"].([]any); ok {
			in := false
			for _, env := range envs {
				in = in || env == goos || env == goarch || env == goos+"/"+goarch || env == "all"
			}
			fits = fits && in
		}
		for _, v := range over.list("variants") {
			fits = fits && asEntry(v).str("key") == "libc" && asEntry(v).str("value") == "glibc" && goos == "linux"
		}
		if fits {
			replacements := maps.Clone(asEntry(chosen["replacements"]))
			if replacements == nil {
				replacements = plainEntry{}
			}
			maps.Copy(replacements, asEntry(over["replacements"]))
			chosen = chosen.with(over)
			chosen["replacements"] = replacements
			break
		}
	}
	return chosen
}

// address returns what e says is downloaded; "" if it says nothing of the kind.
func (e plainEntry) address(t *testing.T, tag, goos, goarch string) string {
	t.Helper()
	format := e.str("format")
	replace := func(s string) string {
		if to, ok := asEntry(e["replacements"])[s]; ok && fmt.Sprint(to) != "" {
			return fmt.Sprint(to)
		}
		return s
	}
	vars := map[string]any{}
	for _, v := range e.list("vars") {
		vars[asEntry(v).str("name")] = asEntry(v)["default"]
	}
	execute := func(text string) string {
		tpl, err := template.New("").Funcs(template.FuncMap{
			"trimV":      func(s string) string { return strings.TrimPrefix(s, "v") },
			"trimPrefix": func(p, s string) string { return strings.TrimPrefix(s, p) },
			"trimSuffix": func(p, s string) string { return strings.TrimSuffix(s, p) },
			"replace":    func(a, b, s string) string { return strings.ReplaceAll(s, a, b) },
			"title":      func(s string) string { return strings.ToUpper(s[:1]) + s[1:] },
			"regexFind":  func(re, s string) string { return regexp.MustCompile(re).FindString(s) },
			"splitList":  func(sep, s string) []string { return strings.Split(s, sep) },
			"semver": func(s string) map[string]string {
				f := append(strings.FieldsFunc(strings.TrimPrefix(s, "v"), func(r rune) bool { return r < '0' || r > '9' }), "0", "0", "0")
				return map[string]string{"Major": f[0], "Minor": f[1], "Patch": f[2]}
			},
		}).Parse(text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		var b strings.Builder
		err = tpl.Execute(&b, map[string]any{
			"Version": tag, "SemVer": strings.TrimPrefix(tag, e.str("version_prefix")), "OS": replace(goos), "Arch": replace(goarch),
			"GOOS": goos, "GOARCH": goarch, "Format": format, "Vars": vars,
		})
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		name := b.String()
		known := regexp.MustCompile(`\.(tar(\.(br|bz2|gz|lz4|sz|xz|zst))?|tbr|tbz2?|tgz|tlz4|tsz|txz|zip|gz|bz2|lz4|sz|xz|zst|dmg|pkg|rar)$`).MatchString(name)
		if e["append_ext"] != false && format != "" && format != "raw" && !known && path.Ext(name) != "."+format {
			name += "." + format
		}
		return name
	}
	repo := e.str("repo_owner") + "/" + e.str("repo_name")
	quoted := strings.NewReplacer(" ", "%20", "{", "%7B", "}", "%7D").Replace
	switch e.str("type") {
	case "http":
		return execute(e.str("url"))
	case "github_release":
		return "https://github.com/" + repo + "/releases/download/" + tag + "/" + quoted(execute(e.str("asset")))
	case "github_content":
		return "https://raw.githubusercontent.com/" + repo + "/" + tag + "/" + quoted(execute(e.str("path")))
	case "github_archive":
		return "https://github.com/" + repo + "/archive/refs/tags/" + tag + ".tar.gz"
	}
	return ""
}

var (
	infix = regexp.MustCompile(`([A-Za-z]+) (startsWith|endsWith|contains|matches) ("[^"]*")`)
	list  = regexp.MustCompile(`([A-Za-z]+) in \[([^\]]*?),?\s*\]`)
)

// holdsFor reports whether an expression holds for a tag.
func holdsFor(expression, tag, prefix string) bool {
	rest, ok := strings.CutPrefix(tag, prefix)
	if !ok || expression == "" {
		return false
	}
	text := list.ReplaceAllString(infix.ReplaceAllString(expression, "$2($1, $3)"), "in($1, $2)")
	text = strings.NewReplacer(" or ", " || ", " and ", " && ", "not (", "!(", "\n", " ").Replace(text)
	x, err := parser.ParseExpr(strings.TrimSpace(text))
	if err != nil {
		return false
	}
	return truthOf(x, tag, rest) == true
}

// truthOf evaluates Go's syntax tree of an expression.
func truthOf(x ast.Expr, tag, semver string) any {
	of := func(x ast.Expr) any { return truthOf(x, tag, semver) }
	switch x := x.(type) {
	case *ast.BasicLit:
		s, _ := strconv.Unquote(x.Value)
		return s
	case *ast.Ident:
		return map[string]any{"true": true, "false": false, "Version": tag, "SemVer": semver}[x.Name]
	case *ast.ParenExpr:
		return of(x.X)
	case *ast.UnaryExpr:
		return of(x.X) != true
	case *ast.BinaryExpr:
		switch x.Op {
		case token.LOR:
			return of(x.X) == true || of(x.Y) == true
		case token.LAND:
			return of(x.X) == true && of(x.Y) == true
		case token.EQL:
			return of(x.X) == of(x.Y)
		}
		return of(x.X) != of(x.Y)
	case *ast.CallExpr:
		var args []string
		for _, a := range x.Args {
			args = append(args, fmt.Sprint(of(a)))
		}
		switch x.Fun.(*ast.Ident).Name {
		case "in":
			for _, a := range args[1:] {
				if a == args[0] {
					return true
				}
			}
			return false
		case "startsWith":
			return strings.HasPrefix(args[0], args[1])
		case "endsWith":
			return strings.HasSuffix(args[0], args[1])
		case "contains":
			return strings.Contains(args[0], args[1])
		case "matches":
			return regexp.MustCompile(args[1]).MatchString(args[0])
		case "trimPrefix":
			return strings.TrimPrefix(args[0], args[1])
		case "semver":
			return within(semver, args[0])
		case "semverWithVersion":
			return within(args[1], args[0])
		}
	}
	panic(fmt.Sprintf("%T", x))
}

var plainVersion = regexp.MustCompile(`^v?([0-9]+(?:\.[0-9]+)*)(?:-?([0-9A-Za-z.-]+))?(?:\+.*)?$`)

// within reports whether a version is within bounds.
func within(version, bounds string) bool {
	for bound := range strings.SplitSeq(bounds, ",") {
		bound = strings.TrimSpace(bound)
		op := bound[:len(bound)-len(strings.TrimLeft(bound, "<>=!"))]
		a, b := plainVersion.FindStringSubmatch(version), plainVersion.FindStringSubmatch(strings.TrimSpace(bound[len(op):]))
		if a == nil || b == nil {
			return false
		}
		c := 0
		x, y := strings.Split(a[1], "."), strings.Split(b[1], ".")
		for i := range max(len(x), len(y)) {
			var m, n int
			if i < len(x) {
				m, _ = strconv.Atoi(x[i])
			}
			if i < len(y) {
				n, _ = strconv.Atoi(y[i])
			}
			c = cmp.Or(c, cmp.Compare(m, n))
		}
		if c == 0 && a[2] != b[2] {
			switch {
			case a[2] == "":
				c = 1
			case b[2] == "":
				c = -1
			default:
				c = comparePre(strings.Split(a[2], "."), strings.Split(b[2], "."))
			}
		}
		if !map[string]bool{"<=": c <= 0, ">=": c >= 0, "<": c < 0, ">": c > 0, "=": c == 0, "!=": c != 0}[op] {
			return false
		}
	}
	return true
}

func comparePre(a, b []string) int {
	for i := range min(len(a), len(b)) {
		m, err := strconv.Atoi(a[i])
		n, err2 := strconv.Atoi(b[i])
		switch {
		case err == nil && err2 == nil && m != n:
			return cmp.Compare(m, n)
		case (err == nil) != (err2 == nil):
			return map[bool]int{true: -1, false: 1}[err == nil]
		case a[i] != b[i]:
			return cmp.Compare(a[i], b[i])
		}
	}
	return cmp.Compare(len(a), len(b))
}

// compareReadings maps an entry at some tags, and compares the addresses of the mapping
// with those of the second reading. It returns how many were compared.
func compareReadings(t *testing.T, e *Entry, plain plainEntry, tags []string) int {
	t.Helper()
	compared := 0
	for _, tag := range tags {
		for _, p := range both {
			m, err := e.Map(Want{Tag: tag, Platforms: []lock.Platform{p}})
			if err != nil {
				continue
			}
			dep, err := edit.Draft(m.Dep)
			if err != nil {
				t.Errorf("%s %s: %v", e.FullName(), tag, err)
				continue
			}
			got, err := dep.Expand(dep.URL, p)
			goos, goarch, _ := strings.Cut(p.String(), "/")
			if want := plain.at(tag, goos, goarch).address(t, tag, goos, goarch); err != nil || got != want {
				t.Errorf("%s %s, %s: %s, %v\nthe second reading gives\n%s", e.FullName(), tag, p, got, err, want)
			}
			compared++
		}
		m, err := e.Map(Want{Tag: tag, Platforms: both})
		if err != nil {
			continue
		}
		dep, err := edit.Draft(m.Dep)
		if err != nil {
			t.Errorf("%s %s: %v", e.FullName(), tag, err)
			continue
		}
		for _, p := range both {
			got, err := dep.Expand(dep.URL, p)
			goos, goarch, _ := strings.Cut(p.String(), "/")
			if want := plain.at(tag, goos, goarch).address(t, tag, goos, goarch); err != nil || got != want {
				t.Errorf("%s %s for both, %s: %s, %v\nthe second reading gives\n%s", e.FullName(), tag, p, got, err, want)
			}
		}
	}
	return compared
}
