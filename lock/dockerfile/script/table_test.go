package script_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/rogpeppe/go-internal/txtar"

	"depfetch/lock"
	"depfetch/lock/dockerfile/script"
)

var update = flag.Bool("update", false, "rewrite what the tables expect")

// fragment is a case of a table in testdata/commands: scripts of one stage, and the
// files that the stage holds.
//
// A table is a txtar archive. An entry whose name is a path is a file of the stage,
// for all cases of the table; one named "PATH: WHY" is a file that is not read. All
// other entries are cases: the script, a line "=>", and what render prints. The first
// line of a script may be "#: WORDS", with these words: arm64 or another platform,
// bash, errexit, pipefail (how the shell is started), depends, unseen, gnu and stubs (see TestTruth), and
// assignments, NAME=VALUE. A line "#: run" begins the next script of the stage, and
// "#: stage" that of another stage that is built from this one. SUM1 and SUM2 stand
// for two digests.
type fragment struct {
	name, text, want string
	words            map[string]bool
	platform         lock.Platform
	set              map[string]string
	files            map[string]script.File
}

// commandTables returns the cases of each table, by the table's name.
func commandTables(t testing.TB) map[string][]fragment {
	t.Helper()
	paths, err := filepath.Glob("testdata/commands/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no tables: %v", err)
	}
	all := make(map[string][]fragment)
	for _, p := range paths {
		archive, err := txtar.ParseFile(p)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(p), ".txt")
		all[name] = fragments(t, name, archive)
	}
	return all
}

func fragments(t testing.TB, table string, archive *txtar.Archive) []fragment {
	t.Helper()
	files := make(map[string]script.File)
	var all []fragment
	for _, f := range archive.Files {
		if strings.HasPrefix(f.Name, "/") {
			p, why, _ := strings.Cut(f.Name, ": ")
			files[p] = script.File{Text: string(f.Data), Why: why}
			continue
		}
		text, want, ok := strings.Cut(string(f.Data), "=>\n")
		if !ok {
			t.Fatalf("%s: %s has no line =>", table, f.Name)
		}
		one := fragment{name: f.Name, text: text, want: want, platform: "linux/amd64", files: files, words: make(map[string]bool), set: make(map[string]string)}
		if line, ok := strings.CutPrefix(text, "#: "); ok {
			line, _, _ = strings.Cut(line, "\n")
			for _, word := range strings.Fields(line) {
				switch name, value, given := strings.Cut(word, "="); {
				case given:
					one.set[name] = value
				case strings.Contains("arm64 arm/v7 arm/v6 386 ppc64le s390x riscv64 sparc", word):
					one.platform = lock.Platform("linux/" + word)
				default:
					one.words[word] = true
				}
			}
		}
		all = append(all, one)
	}
	return all
}

var digests = strings.NewReplacer(
	"SUM1", "8b8f088da2dab964f853b38464033b1be15ede2839eca751482357c45abdd05a",
	"SUM2", "0ecf44450ee6063bf19dd166a103ee6df4a9034455c2abce626e6eea657d73fb",
)

// evaluate runs a case as package dockerfile does.
func evaluate(t testing.TB, f fragment) *script.Machine {
	t.Helper()
	m := script.New(f.platform)
	m.Dir = "/src"
	m.Script = func(p string) (script.File, bool) {
		file, ok := f.files[p]
		file.Perhaps = ok && strings.HasPrefix(file.Why, "perhaps")
		return file, ok
	}
	m.Aliases["/usr/local/bin/depfetch"] = "/depfetch"
	m.Unset["NOTGIVEN"] = "ARG NOTGIVEN has no default"
	vars := map[string]script.Value{"VERSION": {Text: "1.2.3", Vars: []string{"VERSION"}}, "PATH": script.Unknown("$PATH", "PATH is that of the image")}
	for name, value := range script.TargetVars(f.platform) {
		vars[name] = script.Text(value)
	}
	for name, value := range f.set {
		vars[name] = script.Text(value)
	}
	text := digests.Replace(f.text)
	for stage := range strings.SplitSeq(text, "#: stage\n") {
		if m.Events != nil {
			m = m.Clone()
		}
		for i, text := range strings.Split(stage, "#: run\n") {
			m.Vars = vars
			src := script.Source{Text: text, Locate: func(i int) int { return i + 1 }, Run: i, Bash: f.words["bash"], Errexit: f.words["errexit"], Pipefail: f.words["pipefail"]}
			if err := m.Run(src); err != nil {
				t.Errorf("%s: %v", f.name, err)
			}
		}
	}
	return m
}

// address is one that scripts ask for.
type address struct {
	text    string
	known   bool
	depends bool // whether it is asked for is not known
}

// addresses returns those that scripts ask for, in order.
func addresses(m *script.Machine) []address {
	var all []address
	for _, f := range script.Downloads(m.Events) {
		all = append(all, address{f.URL.Text, f.URL.Known(), f.Depends})
	}
	for _, u := range script.Of[script.Unread](m.Events) {
		all = append(all, address{text: u.What}) // whatever a script asks for that is not read
	}
	return all
}

// render prints what scripts do, a line for each download and for what else they take
// from elsewhere. It is the only place of the tables that knows how the package
// represents it.
func render(m *script.Machine) string {
	var b strings.Builder
	for _, d := range script.Downloads(m.Events) {
		b.WriteString(renderDownload(d))
	}
	for _, e := range script.Of[*script.Checkout](m.Events) {
		line := facts{"checkout " + e.Tool + " " + value(e.URL)}
		line.add(e.Ref.Text != "" || !e.Ref.Known(), "at %s", value(e.Ref))
		line.add(e.Lost != "", "lost: %s", e.Lost)
		line.add(e.Module, "module")
		line.add(e.Unchecked, "unchecked")
		line.add(e.Signed, "signed")
		b.WriteString(line.String())
	}
	for _, e := range script.Of[script.Packages](m.Events) {
		line := facts{"packages " + e.Manager + " " + e.Verb + " " + strings.Join(e.Names, " ")}
		line.add(e.Auto, "autoremove")
		line.add(e.Virtual != "", "virtual %s", e.Virtual)
		b.WriteString(line.String())
	}
	for _, e := range script.Of[script.PackageSource](m.Events) {
		line := facts{"source " + e.Tool + " " + value(e.Text)}
		line.add(e.Trusted, "trusted")
		b.WriteString(line.String())
	}
	for _, e := range script.Of[script.Depfetch](m.Events) {
		line := facts{"depfetch"}
		line.add(e.Platform, "for a platform")
		b.WriteString(line.String())
	}
	for _, e := range script.Of[script.Idle](m.Events) {
		b.WriteString("idle " + e.What + "\n")
	}
	for _, e := range script.Of[script.Unread](m.Events) {
		b.WriteString("unread " + e.What + "\n")
	}
	return b.String()
}

func renderDownload(d *script.Download) string {
	line := facts{d.Tool + " " + value(d.URL)}
	if d.Output != "" {
		line[0] += " > " + d.Output
	}
	line.add(d.Insecure != "", "insecure %s", d.Insecure)
	line.add(d.NoFail && d.Tool == "curl", "no -f")
	line.add(d.Depends, "depends")
	line.add(d.Read == script.ReadAsText, "read")
	line.add(d.Read == script.ReadCaptured, "captured")
	line.add(d.Discarded, "discarded")
	if p := d.Piped; p != nil {
		line.add(!p.Runs, "piped to %s", p.Into)
		line.add(p.Runs, "piped to be run by %s", p.Into)
	}
	if u := d.Used; u != nil {
		line.add(true, "used unchecked by %s", u.By)
	}
	line.add(d.Executed != nil, "run")
	for _, c := range d.Checks {
		text := "signature"
		if c.Kind != script.CheckSignature {
			text = strings.TrimSpace([]string{"sum ", "list "}[c.Kind]+c.Algo) + " " + short(value(c.Sum))
		}
		line.add(true, "check %s", text)
		line.add(c.Lost != "", "lost: %s", c.Lost)
	}
	line.add(d.Evidence, "evidence")
	return line.String()
}

// facts is a line of several.
type facts []string

func (f *facts) add(ok bool, format string, args ...any) {
	if ok {
		*f = append(*f, fmt.Sprintf(format, args...))
	}
}

func (f facts) String() string {
	return strings.TrimSpace(strings.ReplaceAll(strings.Join(f, "; "), "\n", "\\n")) + "\n"
}

func value(v script.Value) string {
	if !v.Known() {
		return v.Text + " (unknown: " + v.Why + ")"
	}
	return v.Text
}

// short cuts a digest.
func short(s string) string {
	if len(s) > 16 && strings.Trim(s, "0123456789abcdef") == "" {
		return s[:8] + "…"
	}
	return s
}

// TestTables holds what is known of scripts, command by command.
func TestTables(t *testing.T) {
	for name, cases := range commandTables(t) {
		t.Run(name, func(t *testing.T) {
			for i, f := range cases {
				t.Run(f.name, func(t *testing.T) {
					got := render(evaluate(t, f))
					if got != f.want && !*update {
						t.Errorf("%s%s", f.text, diff.Diff("want", []byte(f.want), "got", []byte(got)))
					}
					cases[i].want = got
				})
			}
		})
		if *update {
			rewrite(t, name, cases)
		}
	}
}

// rewrite puts what cases are found to do into their table.
func rewrite(t *testing.T, name string, cases []fragment) {
	p := filepath.Join("testdata/commands", name+".txt")
	archive, err := txtar.ParseFile(p)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range archive.Files {
		if !strings.HasPrefix(f.Name, "/") {
			archive.Files[i].Data = []byte(cases[0].text + "=>\n" + cases[0].want)
			cases = cases[1:]
		}
	}
	if err := os.WriteFile(p, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
	}
}
