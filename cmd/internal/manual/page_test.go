package manual

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// programs are built once, as users have them.
func programs(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	cmd := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "depfetch/cmd/depfetch", "depfetch/cmd/deplock")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return dir
}

// TestPrograms makes the pages of both programs: every option and command of every help is
// in its page, and in the completions.
func TestPrograms(t *testing.T) {
	dir := programs(t)
	long := regexp.MustCompile(`(?m)^ +(?:-., )?--([a-z0-9-]+)(?: \S+)?  `)
	for name, least := range map[string]int{"depfetch": 6, "deplock": 25} {
		helps := map[string]string{}
		root, err := Read(name, "Do it", func(command ...string) (string, error) {
			out, err := exec.Command(filepath.Join(dir, name), append(command, "--help")...).Output()
			helps[strings.Join(append([]string{name}, command...), "-")] = string(out)
			return string(out), err
		})
		if err != nil {
			t.Fatal(err)
		}
		pages := root.All()
		if len(pages) < least {
			t.Errorf("%s has %d pages; want %d at least", name, len(pages), least)
		}
		completions := string(root.Bash()) + string(root.Zsh()) + string(root.Fish())
		for _, p := range pages {
			roff := strings.ReplaceAll(string(p.Roff("1.2.3", time.Unix(1e9, 0), root)), `\-`, "-")
			options := long.FindAllStringSubmatch(helps[p.Name()], -1)
			if len(options) == 0 {
				t.Errorf("%s: no option in its help", p.Name())
			}
			for _, m := range options {
				if !strings.Contains(roff, "--"+m[1]) {
					t.Errorf("%s: the page does not have --%s", p.Name(), m[1])
				}
				if name == "depfetch" && p.Options != nil && strings.Count(completions, m[1]) < 3 {
					t.Errorf("%s: no completion of --%s", p.Name(), m[1])
				}
			}
			if len(p.Command) > 1 && p.Short == "" {
				t.Errorf("%s: nobody says what it does", p.Name())
			}
		}
	}
}

// TestRoff holds what roff would take for its own.
func TestRoff(t *testing.T) {
	const help = `.begins with a dot, and \d
'quoted' -x

  0  indented
  .  line

Usage:
  t do [NAME] [flags]

Examples:
  # a comment
  t do it

Flags:
  -f, --file string         the file (default "a")
      --unpack string[="true"]     what to unpack
  -h, --help   help for do

Use "t [command] --help" for more information about a command.
`
	p := &Page{Command: []string{"t", "do"}, Short: "Do it"}
	if below, err := p.parse(help); err != nil || below != nil {
		t.Fatal(below, err)
	}
	want := `.TH "T-DO" 1 "2001-09-09" "t 1.2.3"
.SH NAME
t\-do \- do it
.SH SYNOPSIS
\fBt do\fR [NAME] [flags]
.SH DESCRIPTION
\&.begins with a dot, and \ed
\(aqquoted\(aq \-x
.PP
.RS 0
.nf
  0  indented
  .  line
.fi
.RE
.SH OPTIONS
.TP
\fB\-f\fR, \fB\-\-file\fR=\fIstring\fR
the file (default "a")
.TP
\fB\-\-unpack\fR[=\fIstring\fR]
what to unpack
.TP
\fB\-h\fR, \fB\-\-help\fR
help for do
.SH EXAMPLES
.RS 0
.nf
  # a comment
  t do it
.fi
.RE
.SH SEE ALSO
\fBt\fR(1)
`
	if got := string(p.Roff("1.2.3", time.Unix(1e9, 0).UTC(), &Page{Command: []string{"t"}})); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for _, bad := range []string{"", "Usage:\n  t\n\nFlags:\n  nonsense\n", "Usage:\n  t\n\nAvailable Commands:\nnonsense\n"} {
		if _, err := new(Page).parse(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}
