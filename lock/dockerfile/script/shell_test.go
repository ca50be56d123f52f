package script_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"depfetch/lock/dockerfile/script"
)

// idioms returns lines as they stand in Dockerfiles: each way to get a value with
// each way to choose by it and each way to use it.
func idioms() []string {
	values := []string{
		`A=$(uname -m)`, `A=$(uname --m)`, `A=$(uname -s -m | cut -d' ' -f2)`, `A=$(uname -a)`, `A=$UNSET`, `A="$(cat /nonexistent 2>/dev/null)"`,
		`A=$(test "$(uname -m)" != aarch64 || echo x86_64)`, `A=$(case $UNSET in a) echo x86_64;; *) echo b;; esac)`,
		`A=$(if [ -f /nonexistent ]; then echo x86_64; else echo b; fi)`, `A=$(false || echo x86_64)`, `A=x86_64; (A=b)`, `A=x86_64; A=b | true`,
		`f() { local A; A=b; }; A=x86_64; f`, `f() { if [ -e /nonexistent ]; then A=b; return; fi; A=x86_64; }; f`, `A=$(printf '%s_%d' x86 64)`,
		`A=b; for i in 1 2 3; do if [ -e /nonexistent ]; then continue; fi; A=x86_64; done`, `A=b; while [ ! -e / ]; do A=x86_64; done`,
		`echo b > v; if [ -e /nonexistent ]; then echo x86_64 > v; fi; A=$(cat v)`, `A=x86_64; sh -c 'A=b'`, `A=$(sh -c 'echo $A')`,
		`set -- a b x86_64; shift 2; A=$1`, `A=x86_64-1; A=${A%-*}`, `A=$(echo v-x86_64 | sed 's/^v-//')`, `A=$(echo X86_64 | tr A-Z a-z)`,
		`read -r A B <<E
x86_64 b
E`, `A=$((86+0)); A=x${A}_64`, `export $(echo A=x86_64)`, `eval "A=x86_64"`, `unset A`, `A=$(basename /a/x86_64.tgz .tgz)`,
	}
	uses := []string{
		`curl -fsSLO https://h/$A.tgz`, `wget -q "https://h/${A}/t" -O t`, `wget -P /tmp/none https://h/$A --header "X: $A"`,
		`case $A in x86_64) u=https://h/one;; aarch64) u=https://h/two;; *) u=https://h/three;; esac; curl -o t "$u"`,
		`[ "$A" = x86_64 ] && u=one || u=two; wget https://h/$u`, `if [ "$A" = x86_64 ]; then wget https://h/one; else wget https://h/two; fi`,
		`for k in $A b; do curl -O https://h/$k; done`, `curl -O --retry-delay 3 --ciphers "$A" https://h/x ${FLAGS}`, `echo $A b | xargs -n1 -I{} wget https://h/{}.tgz`,
		`u=$([ "$A" = x86_64 ] && echo one || echo two); curl -O https://h/$u`, `wget https://h/${A:-none} https://h/${A:+some}`,
	}
	var all []string
	for _, v := range values {
		for _, u := range uses {
			all = append(all, v+"; "+u)
			if strings.HasSuffix(v, "\nE") {
				all[len(all)-1] = v + "\n" + u
			}
		}
	}
	return all
}

// TestShell holds that an address that is known is one that shells ask for: each
// script runs in those that are there, with programs that only note their arguments.
func TestShell(t *testing.T) {
	bin := t.TempDir()
	log := filepath.Join(t.TempDir(), "log")
	stubs := map[string]string{
		"curl":  "#!/bin/sh\nfor a; do printf '%s\\n' \"$a\" >> " + log + "; done\n",
		"uname": "#!/bin/sh\ncase $* in '-m'|'--m') echo x86_64;; '-s -m') echo Linux x86_64;; *) echo Linux host 6 x86_64;; esac\n",
	}
	stubs["wget"] = stubs["curl"]
	for name, text := range stubs {
		if err := os.WriteFile(filepath.Join(bin, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	all := idioms()
	if len(all) < 300 {
		t.Fatalf("%d scripts", len(all))
	}
	known := 0
	for i, text := range all {
		shell := []string{"sh", "bash"}[i%2]
		m := script.New("linux/amd64")
		m.Dir = "/work"
		if err := m.Run(script.Source{Text: text, Locate: func(i int) int { return i }, Bash: shell == "bash"}); err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if err := os.WriteFile(log, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(shell, "-c", text)
		cmd.Dir = t.TempDir()
		cmd.Env = []string{"PATH=" + bin + ":" + os.Getenv("PATH")}
		if out, err := cmd.CombinedOutput(); cmd.ProcessState == nil {
			t.Fatalf("%s: %v %s", shell, err, out)
		}
		asked, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range addresses(m) {
			if !a.known {
				continue
			}
			if known++; !a.depends && !slices.Contains(strings.Split(string(asked), "\n"), a.text) {
				t.Errorf("%s: %s is known, and not asked for; %s asks for\n%s", text, a.text, shell, asked)
			}
		}
	}
	if known < len(all)/2 {
		t.Errorf("only %d addresses of %d scripts are known", known, len(all))
	}
}
