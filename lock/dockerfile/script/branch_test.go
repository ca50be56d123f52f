package script

import (
	"strings"
	"testing"
)

// TestUnsure holds that nothing is known that only the build can tell.
func TestUnsure(t *testing.T) {
	for script, want := range map[string]string{
		`S=$(case $KIND in a) echo one ;; b) echo two ;; esac); curl -O https://h/$S-1`:   "?",
		`S=$(test "$(uname -m)" != aarch64 || echo "-emb"); curl -o t https://h/t$S`:      "https://h/t",
		`A=$([ "$(uname -m)" = x86_64 ] && echo x64 || echo arm64); curl -O https://h/$A`: "https://h/x64",
		`curl -O "https://h/p[1-3]"`:  "https://h/p1 https://h/p2 https://h/p3",
		`curl -gO "https://h/p[1-3]"`: "https://h/p[1-3]",
		`P=$(case $(uname --m) in x86_64) echo x64 ;; *) echo arm ;; esac); curl -O https://h/$P`: "https://h/x64",
		`wget /usr/src/t https://h/t`:    "https://h/t",
		`wget ${WGET_FLAGS} https://h/t`: "https://h/t",
		`wget $URL`:                      "?",
		`bash <<E` + "\nwget https://h/$UNSET\nwget https://h/b\nE\n":    "? https://h/b",
		`export $(curl -s https://h/l | grep d) && curl -O https://h/$d`: "https://h/l ?",
		`if ! wget https://h/a; then wget https://h/b; fi`:               "https://h/a https://h/b",
		`if foo; then V=1; else V=2; fi; wget https://h/$V`:              "?",
		`foo && V=1 || V=2; wget https://h/$V`:                           "?",
		`f() { local V=2; }; V=1; f; wget https://h/$V`:                  "https://h/1",
		`VERSION=1; . /etc/os-release; wget https://h/$VERSION`:          "?",
		`V=1; . /opt/vars; wget https://h/$V`:                            "?",
		`echo 1 > f; foo f; wget https://h/$(cat f)`:                     "?",
		`curl --retry-delay 3 --sigalgs x --proxy-pass y -O https://h/a`: "https://h/a",
		`wget https://h/*.tgz`:                                           "https://h/*.tgz",
		`for f in *.tgz; do wget https://h/$f; done`:                     "?",
		`curl -G -d a=b https://h/a`:                                     "?",
	} {
		m := New("linux/amd64")
		m.Unset["KIND"] = "ARG KIND has no default"
		if err := m.Run(Source{Text: script, Locate: func(i int) int { return i }}); err != nil {
			t.Errorf("%s: %v", script, err)
		}
		var got []string
		for _, f := range m.Fetches {
			text := "?"
			if f.URL.Known() {
				text = f.URL.Text
			}
			got = append(got, text)
		}
		if g := strings.Join(got, " "); g != want {
			t.Errorf("%s\ngot  %s\nwant %s", script, g, want)
		}
	}
}

// TestLists holds that lists of bash are read.
func TestLists(t *testing.T) {
	for script, want := range map[string]string{
		`declare -A M=([a]=1 [b]=2); for k in "${!M[@]}"; do wget https://h/$k-${M[$k]}; done`:     "https://h/a-1 https://h/b-2",
		`for i in {1..3}; do wget https://h/$i; done`:                                              "https://h/1 https://h/2 https://h/3",
		`while IFS=: read -r n v; do wget https://h/$n-$v; done <<< "a:1"`:                         "https://h/a-1",
		`A=(a b); A+=(c); for i in "${A[@]}"; do wget https://h/$i; done; wget https://h/${#A[@]}`: "https://h/a https://h/b https://h/c https://h/3",
		`for ((i=0; i<2; i++)); do wget https://h/$i; done`:                                        "https://h/0 https://h/1",
	} {
		m := New("linux/amd64")
		if err := m.Run(Source{Text: script, Locate: func(i int) int { return i }, Bash: true}); err != nil {
			t.Errorf("%s: %v", script, err)
		}
		var got []string
		for _, f := range m.Fetches {
			got = append(got, f.URL.Text)
		}
		if g := strings.Join(got, " "); g != want {
			t.Errorf("%s\ngot  %s\nwant %s", script, g, want)
		}
	}
}
