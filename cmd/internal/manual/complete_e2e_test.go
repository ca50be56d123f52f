//go:build e2e

package manual

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestShells completes command lines in bash, zsh and fish as these do it for people, with
// the scripts that a release holds: those made here, and those that deplock prints.
func TestShells(t *testing.T) {
	dir := programs(t)
	root, err := Read("depfetch", "Do it", func(command ...string) (string, error) {
		out, err := exec.Command(filepath.Join(dir, "depfetch"), append(command, "--help")...).Output()
		return string(out), err
	})
	if err != nil {
		t.Fatal(err)
	}
	scripts := map[string]map[string][]byte{"depfetch": {"bash": root.Bash(), "zsh": root.Zsh(), "fish": root.Fish()}, "deplock": {}}
	for _, shell := range []string{"bash", "zsh", "fish"} {
		if scripts["deplock"][shell], err = exec.Command(filepath.Join(dir, "deplock"), "completion", shell).Output(); err != nil {
			t.Fatal(err)
		}
	}
	const zsh = `zmodload zsh/zpty
zpty z "zsh -f -i"
zpty -w z "source start"
while [ ! -e ready ]; do sleep 0.05; done
zpty -w -n z "$1"$'\t'
zpty -w -n z $'\C-x'
while [ ! -s line ]; do sleep 0.05; done
cat line
zpty -d z
`
	const start = `autoload -U compinit; compinit -u -D
source ./script
dump() { print -r -- "$BUFFER" > made; mv made line }
zle -N dump
bindkey '^X' dump
: > ready
`
	const bash = `. ./script
COMP_LINE=$1 COMP_POINT=${#1}
read -ra COMP_WORDS <<< "$1"
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
spec=$(complete -p "${COMP_WORDS[0]}")
function=${spec#*-F }
"${function%% *}" "${COMP_WORDS[0]}" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
printf '%s\n' "${COMPREPLY[@]}"
`
	for _, test := range []struct{ line, want string }{
		{"depfetch ver", "verify"},
		{"depfetch fetch --sb", "--sbom"},
		{"depfetch --downl", "--download-only"},
		{"deplock chec", "check"},
		{"deplock update --accept-s", "--accept-signer"},
		{"deplock update alp", "alpha"},
	} {
		for _, shell := range []string{"bash", "zsh", "fish"} {
			name, _, _ := strings.Cut(test.line, " ")
			if name == "deplock" && shell == "bash" {
				continue // it takes functions of the package bash-completion
			}
			t.Run(shell+" "+test.line, func(t *testing.T) {
				work := t.TempDir()
				for file, text := range map[string]string{
					"script": string(scripts[name][shell]), "start": start,
					"deps.lock.toml": "version = 1\n[deps.alpha]\nurl = \"https://example.com/alpha\"\n",
				} {
					if err := os.WriteFile(filepath.Join(work, file), []byte(text), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				args := map[string][]string{
					"bash": {"bash", "-c", bash, "bash", test.line},
					"zsh":  {"zsh", "-f", "-c", zsh, "zsh", test.line},
					"fish": {"fish", "-c", "source script; complete -C '" + test.line + "'"},
				}[shell]
				cmd := exec.CommandContext(ctx, args[0], args[1:]...)
				cmd.Dir = work
				cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "HOME="+work, "TERM=dumb", "XDG_CONFIG_HOME="+work, "XDG_DATA_HOME="+work)
				out, err := cmd.CombinedOutput()
				if err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				words := strings.Fields(string(out))
				last := ""
				switch {
				case len(words) == 0:
				case shell == "zsh": // the whole line
					last = words[len(words)-1]
				default: // what may follow, with what it is
					last = words[0]
				}
				if last = strings.TrimRight(last, "= "); last != test.want {
					t.Errorf("got %q, want %q\n%s", last, test.want, out)
				}
			})
		}
	}
}
