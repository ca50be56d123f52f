package catalogue

import (
	"fmt"
	"strings"
	"testing"

	"depfetch/lock"
)

// TestHostile holds that registries made to mislead or to cost much are refused, with
// the place and the name of the entry.
func TestHostile(t *testing.T) {
	bomb := "a: &a [x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c < 'k'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.Repeat(fmt.Sprintf("*%c, ", c-1), 9))
	}
	const member = "    url: https://h/x.tar.gz\n    format: tar.gz\n    files: "
	cannot := "own.yaml:2: up/tool: what it gives cannot stand in a lockfile: "
	for name, c := range map[string]struct{ text, want string }{
		"aliases":      {"    vars: [&a [x, x], &b [*a, *a]]\n", "own.yaml:4: this is no registry: cannot unmarshal"},
		"cycle":        {"    overrides: &o\n      - overrides: *o\n", "own.yaml: this is no registry: yaml: anchor 'o' value contains itself"},
		"loop":         {"    url: 'https://h/{{range .Version}}x{{end}}'\n", "{{range .Version}}x{{end}} is not known"},
		"template":     {"    url: '{{define \"a\"}}{{template \"a\"}}{{end}}https://h/{{template \"a\"}}'\n", `{{template "a"}} is not known`},
		"growth":       {"    url: 'https://h/{{replace \"a\" \"" + strings.Repeat("a", 5000) + "\" \"aa\"}}'\n", "gives more than 8192 bytes"},
		"long":         {"    url: 'https://h/{{" + strings.Repeat("(", 20000) + "}}'\n", `"… is longer than 8192 bytes`},
		"long address": {"    url: 'https://h/" + strings.Repeat("x", 20000) + "'\n", `"… is longer than 8192 bytes`},
		"nested":       {"    url: https://h/x\n    version_constraint: '" + strings.Repeat("(", 2000) + "'\n", "it is nested too deep"},
		"expression":   {"    url: https://h/x\n    version_constraint: '" + strings.Repeat("true and ", 20000) + "true'\n", `"…: it is longer than 16 KiB`},
		"regex":        {"    url: https://h/x\n    version_constraint: 'Version matches \"((a{1000}){1000}){1000}\"'\n", "is not a regular expression of RE2"},
		"files":        {member + "[" + strings.Repeat("{name: tool}, ", 1001) + "]\n", "it has more than 1000 files"},
		"control":      {"    url: \"https://h/\\u001b[31m\"\n", cannot + `url: percent-encode '\x1b'`},
		"credentials":  {"    url: https://user:hunter2@h/x\n", cannot + "url: credentials do not belong in a lockfile"},
		"of sums":      {"    url: https://h/x\n    checksum: {type: http, url: 'https://u:hunter2@h/x', algorithm: sha256}\n", cannot + "sums: credentials do not belong in a lockfile"},
		"local file":   {"    url: file:///etc/passwd\n", `own.yaml:2: up/tool: its address is not one of https: "file:///etc/passwd"`},
		"words":        {"    url: https://h/{url}\n", cannot + "url: {url} can only stand in sums and signature"},
		"climbs":       {member + "[{name: tool, src: ../../etc/passwd}]\n", cannot + "member: a member does not climb"},
		"absolute":     {member + "[{name: tool, src: /etc/passwd}]\n", cannot + "member: a member is relative to the root"},
		"line feed":    {member + "[{name: tool, src: \"a\\nb\"}]\n", cannot + "member: a member holds no control characters"},
		"repository":   {"    url: https://h/x\n    repo_owner: ../..\n    repo_name: x\n", cannot + `latest.github: github "../../x": want owner/repository`},
		"twice":        {"    url: https://h/x\n  - type: http\n    name: up/tool\n    url: https://h/y\n", "own.yaml:5: up/tool: there is another entry of this name at own.yaml:2"},
		"bomb before":  {"    url: https://h/x\n" + bomb, "field a not found"},
	} {
		err := func() error {
			r, err := Parse("own.yaml", []byte("packages:\n  - type: http\n    name: up/tool\n"+c.text))
			if err != nil {
				return err
			}
			e, err := Lookup([]*Registry{r}, "tool")
			if err != nil {
				return err
			}
			_, err = e.Map(Want{Tag: "v1.2.3", Platforms: []lock.Platform{"linux/amd64", "linux/arm64"}})
			return err
		}()
		if err == nil || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 500 || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v; want %s", name, err, c.want)
		}
	}

	// A name is no path.
	for command, want := range map[string]string{"../../etc/cron.d/x": "x", "..": "tool", "a\\nb": "a-b", `a\\b`: "a-b"} {
		r, err := Parse("own.yaml", []byte("packages:\n  - type: http\n    name: up/tool\n    url: https://h/x\n    files: [{name: \""+command+"\"}]\n"))
		if err != nil {
			t.Fatal(err)
		}
		e, err := Lookup([]*Registry{r}, "up/tool")
		if err != nil {
			t.Fatal(err)
		}
		m, err := e.Map(Want{Tag: "v1", Platforms: []lock.Platform{"linux/amd64"}})
		if err != nil || m.Dep.Name != want || m.Dep.Path != "/usr/local/bin/"+want {
			t.Errorf("%q: %+v, %v", command, m, err)
		}
	}
}
