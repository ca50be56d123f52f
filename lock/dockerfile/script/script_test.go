package script

import (
	"fmt"
	"strings"
	"testing"

	"depfetch/lock"
)

const (
	sumA = "8b8f088da2dab964f853b38464033b1be15ede2839eca751482357c45abdd05a"
	sumB = "0ecf44450ee6063bf19dd166a103ee6df4a9034455c2abce626e6eea657d73fb"
)

// describe says in a line what is known about a download.
func describe(f *Fetch) string {
	parts := []string{f.URL.Text}
	if !f.URL.Known() {
		parts = append(parts, "("+f.URL.Why+")")
	}
	if f.Output != "" {
		parts = append(parts, "> "+f.Output)
	}
	add := func(ok bool, format string, args ...any) {
		if ok {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	for _, c := range f.Checks {
		what := c.Kind
		if c.Kind == "sum" && c.Sum.Known() {
			what = c.Algo + ":" + c.Sum.Text[:min(4, len(c.Sum.Text))]
		}
		if c.Lost != "" {
			what += "!"
		}
		parts = append(parts, what)
	}
	add(f.Evidence, "evidence")
	add(f.Query, "query")
	add(f.Probe, "probe")
	add(f.Depends, "depends")
	add(f.Insecure != "", "insecure")
	add(f.NoFail && f.Tool == "curl", "nofail")
	add(f.Piped != "" && f.Shell, "runs:%s", f.Piped)
	add(f.Piped != "" && !f.Shell, "into:%s", f.Piped)
	add(f.UsedAt != 0, "used:%s", f.Used)
	add(f.Mode != "", "mode:%s", f.Mode)
	add(f.Moved != "", "moved:%s", f.Moved)
	if u := f.Unpack; u != nil {
		parts = append(parts, fmt.Sprintf("unpack:%s,%d,%s", u.Dir, u.Strip, strings.Join(u.Members, "+")))
	}
	add(f.Removed, "removed")
	return strings.Join(parts, " ")
}

// TestScripts reads idioms as they are found in the Dockerfiles of public
// repositories.
func TestScripts(t *testing.T) {
	for _, test := range []struct {
		name, script string
		arm64        bool
		bash         bool
		want         []string
	}{
		{name: "curl to a file", script: `curl -fsSLo /usr/local/bin/tool https://h/tool-$VERSION && chmod +x /usr/local/bin/tool`,
			want: []string{"https://h/tool-1.2.3 > /usr/local/bin/tool mode:755"}},
		{name: "options together, value apart", script: `curl -sSLfo tool "https://h/tool"`, want: []string{"https://h/tool > /src/tool"}},
		{name: "long options", script: `curl --fail --silent --location --retry 3 --output=/a https://h/a`, want: []string{"https://h/a > /a"}},
		{name: "no -f", script: `curl -L https://h/a -o /a`, want: []string{"https://h/a > /a nofail"}},
		{name: "remote name", script: `cd /tmp && curl -fLO https://h/d/a.tgz?x=1`, want: []string{"https://h/d/a.tgz?x=1 > /tmp/a.tgz"}},
		{name: "several addresses", script: `curl -fO https://h/a -O https://h/b`, want: []string{"https://h/a > /src/a", "https://h/b > /src/b"}},
		{name: "globs of curl", script: `curl -fO --remote-name-all 'https://h/{a,b}.sig'`, want: []string{"https://h/a.sig > /src/a.sig", "https://h/b.sig > /src/b.sig"}},
		{name: "insecure", script: `curl -fkLo a https://h/a; wget --no-check-certificate https://h/b`, want: []string{"https://h/a > /src/a insecure", "https://h/b > /src/b insecure"}},
		{name: "redirection", script: `curl -f https://h/a > /a 2>/dev/null`, want: []string{"https://h/a > /a"}},
		{name: "tee", script: `curl -f https://h/a | sudo tee /etc/a >/dev/null`, want: []string{"https://h/a > /etc/a"}},
		{name: "no download", script: `curl --version; curl -I https://h/; curl -X POST https://h/; curl -fd x https://h/; wget --spider https://h/`},
		{name: "a probe", script: `curl -f -o /dev/null https://h/; curl -f https://h/`, want: []string{"https://h/ probe", "https://h/ probe"}},
		{name: "wget", script: `wget -qO /a https://h/a; wget -P /d -nv https://h/b; wget --progress=dot:giga -O- https://h/c | tar xz -C /c`,
			want: []string{"https://h/a > /a", "https://h/b > /d/b", "https://h/c into:tar unpack:/c,0,"}},
		{name: "wget names the file", script: `wget https://h/a?b=c`, want: []string{"https://h/a?b=c > /src/a?b=c"}},
		{name: "aria2c", script: `aria2c -x4 -d /d -o a --checksum=sha-256=` + sumA + ` https://h/x`, want: []string{"https://h/x > /d/a sha256:8b8f"}},
		{name: "no scheme", script: `wget h.example/a`, want: []string{"http://h.example/a > /src/a"}},
		{name: "wrappers", script: `sudo -u me env A=b curl -fO https://h/a; timeout -s 9 60 wget https://h/b; busybox wget https://h/c`,
			want: []string{"https://h/a > /src/a", "https://h/b > /src/b", "https://h/c > /src/c"}},

		{name: "dpkg", script: `arch="$(dpkg --print-architecture)"; curl -fo a https://h/a-${arch##*-}`, want: []string{"https://h/a-amd64 > /src/a"}},
		{name: "dpkg on arm64", arm64: true, script: `arch="$(dpkg --print-architecture)"; curl -fo a https://h/a-$arch`, want: []string{"https://h/a-arm64 > /src/a"}},
		{name: "uname", script: "curl -fo a https://h/`uname -s`-$(uname -m)", want: []string{"https://h/Linux-x86_64 > /src/a"}},
		{name: "uname through sed", arm64: true, script: `A=$(uname -m | sed -e 's/x86_64/amd64/' -e 's/aarch64/arm64/'); curl -fo a https://h/$A`, want: []string{"https://h/arm64 > /src/a"}},
		{name: "awk", script: `A=$(dpkg --print-architecture | awk -F- '{ print $NF }'); curl -fo a https://h/$A`, want: []string{"https://h/amd64 > /src/a"}},
		{name: "apk", arm64: true, script: `curl -fo a https://h/$(apk --print-arch)`, want: []string{"https://h/aarch64 > /src/a"}},
		{name: "rpm", script: `A="$(rpm --query --queryformat='%{ARCH}' rpm)"; curl -fo a https://h/$A`, want: []string{"https://h/x86_64 > /src/a"}},
		{name: "case", arm64: true, script: `set -eux; case "$(uname -m)" in x86_64) url=https://h/x sum=` + sumA + ` ;; aarch64|arm64) url=https://h/y; sum=` + sumB + ` ;; *) echo >&2 no; exit 1 ;; esac; wget -O /a "$url"; echo "$sum */a" | sha256sum -c -`,
			want: []string{"https://h/y > /a sha256:0ecf"}},
		{name: "case without this platform", arm64: true, script: `case $(uname -m) in x86_64) u=https://h/x ;; *) exit 1 ;; esac; wget $u`},
		{name: "case in a substitution", script: `A=$(case ${TARGETARCH} in amd64) echo x64 ;; *) echo other ;; esac) && curl -fO https://h/$A`, want: []string{"https://h/x64 > /src/x64"}},
		{name: "if on the architecture", arm64: true, bash: true, script: `if [ "$TARGETARCH" = "amd64" ]; then A=x64; elif [[ $TARGETARCH == arm* ]]; then A=arm; fi && curl -fO https://h/$A`, want: []string{"https://h/arm > /src/arm"}},
		{name: "short circuit", script: `[ "$TARGETARCH" = arm64 ] && A=aarch64 || A=x86_64; curl -fO https://h/$A`, want: []string{"https://h/x86_64 > /src/x86_64"}},
		{name: "test with -a and -o", script: `if [ "$TARGETARCH" = arm64 -o "$TARGETARCH" = amd64 ]; then curl -fO https://h/a; fi`, want: []string{"https://h/a > /src/a"}},

		{name: "parameters", script: `curl -fO https://h/${VERSION%.*}/${VERSION%%.*}/${VERSION#*.}/${VERSION##*.}`, want: []string{"https://h/1.2/1/2.3/3 > /src/3"}},
		{name: "patterns", script: `V=3.14.0rc1; curl -fO https://h/${V%%[a-z]*}/$V`, want: []string{"https://h/3.14.0/3.14.0rc1 > /src/3.14.0rc1"}},
		{name: "defaults", script: `curl -fO ${BASE:-https://h}/${NONE:+x/}a`, want: []string{"https://h/a > /src/a"}},
		{name: "bash", bash: true, script: `V=v1.2; curl -fO https://h/${V//./_}/${V:1}/${V/v/}`, want: []string{"https://h/v1_2/1.2/1.2 > /src/1.2"}},
		{name: "braces of bash", bash: true, script: `wget https://h/{a,b}`, want: []string{"https://h/a > /src/a", "https://h/b > /src/b"}},
		{name: "cut", script: `MM=$(echo $VERSION | cut -d. -f1-2); curl -fO https://h/$MM`, want: []string{"https://h/1.2 > /src/1.2"}},
		{name: "tr", script: `curl -fO https://h/$(echo $VERSION | tr . _)/$(uname -s | tr '[:upper:]' '[:lower:]')`, want: []string{"https://h/1_2_3/linux > /src/linux"}},
		{name: "grep", script: `A=arm64; if uname -m | grep -q x86_64; then A=amd64; fi; curl -fO https://h/$A`, want: []string{"https://h/amd64 > /src/amd64"}},
		{name: "basename", script: `U=https://h/d/a.tgz; F=$(basename "$U" .tgz); curl -fo /d/$F $U`, want: []string{"https://h/d/a.tgz > /d/a"}},
		{name: "printf", script: `printf '%s  %s\n' ` + sumA + ` /a > /sums; curl -fo /a https://h/a; sha256sum --check --strict /sums`, want: []string{"https://h/a > /a sha256:8b8f"}},

		{name: "for", script: `for f in a b; do curl -fO https://h/$f || exit 1; done`, want: []string{"https://h/a > /src/a", "https://h/b > /src/b"}},
		{name: "for over a variable", script: `L="a b"; for f in $L; do wget https://h/$f; done`, want: []string{"https://h/a > /src/a", "https://h/b > /src/b"}},
		{name: "for with mirrors until one answers", script: `f=; for u in https://h/a https://m/a; do if curl -fo /a $u && [ -s /a ]; then f=1; break; fi; done; [ -n "$f" ]; echo "` + sumA + ` /a" | sha256sum -c`,
			want: []string{"https://h/a > /a sha256:8b8f", "https://m/a > /a sha256:8b8f"}},
		{name: "continue", script: `for f in a b c; do if [ $f = b ]; then continue; fi; wget https://h/$f; done`, want: []string{"https://h/a > /src/a", "https://h/c > /src/c"}},
		{name: "argument that is not given", script: `if [ -n "$NOTGIVEN" ]; then U=$NOTGIVEN; else U=https://h/a; fi; wget $U; for u in $NOTGIVEN https://h/b; do wget $u; done; [ -z "$NOTGIVEN" ] || wget https://h/c`,
			want: []string{"https://h/a > /src/a", "https://h/b > /src/b", "https://h/c > /src/c depends"}},
		{name: "set elsewhere in the script", script: `case $TARGETARCH in arm64) S=1 ;; esac; if [ -n "$S" ]; then wget https://h/a; else wget https://h/b; fi`, want: []string{"https://h/b > /src/b"}},
		{name: "function", script: `get() { curl -fLo "$2" "$1"; echo "$3  $2" | sha256sum -c; }; set -e; get https://h/a /a ` + sumA + `; get https://h/b /b ` + sumB,
			want: []string{"https://h/a > /a sha256:8b8f", "https://h/b > /b sha256:0ecf"}},
		{name: "a mirror after ||", script: `wget -O /a https://h/a || wget -O /a https://m/a; echo "` + sumA + ` /a" | sha256sum -c`,
			want: []string{"https://h/a > /a sha256:8b8f", "https://m/a > /a sha256:8b8f depends"}},
		{name: "until it works", script: `until curl -fo /a https://h/a; do sleep 1; done`, want: []string{"https://h/a > /a"}},
		{name: "sh -c", script: `bash -euxo pipefail -c 'curl -fo /a https://h/$0'`, want: []string{"https://h/$0 (only the build can tell) > /a"}},
		{name: "file of variables", script: `echo "export A=amd64" > /env && . /env && curl -fO https://h/$A`, want: []string{"https://h/amd64 > /src/amd64"}},
		{name: "os-release", script: `. /etc/os-release; curl -f https://h/$ID | apt-key add -`, want: []string{"https://h/${ID} (ID is set by a file that only the build has) into:apt-key"}},
		{name: "temporary directory", script: `d="$(mktemp -d)"; cd "$d"; wget -O a https://h/a; echo "` + sumA + ` a" | sha256sum -c`, want: []string{"https://h/a > $(mktemp#1)/a sha256:8b8f"}},
		{name: "two temporary files", script: `a=$(mktemp) b=$(mktemp); wget -O $a https://h/a; wget -O $b https://h/b; echo "` + sumA + ` $a" | sha256sum -c`, want: []string{"https://h/a > $(mktemp#1) sha256:8b8f", "https://h/b > $(mktemp#2)"}},
		{name: "variable of the base image", script: `curl -fO https://h/$NODE_VERSION/a`, want: []string{"https://h/${NODE_VERSION}/a (NODE_VERSION is not set in this Dockerfile) > /src/a"}},
		{name: "version that is asked for", script: `V=$(curl -fs https://api/latest | jq -r .tag_name); curl -fLo /a https://h/$V/a`,
			want: []string{"https://api/latest query", "https://h/$(jq -r .tag_name)/a (only the build can tell what the server sends) > /a"}},
		{name: "either way", script: `if [ -f /x ]; then A=1; else A=2; fi; curl -fO https://h/$A`, want: []string{"https://h/${A} (A depends on what only the build can tell) > ${A}"}},
		{name: "either way the same", script: `if [ -f /x ]; then A=1; else A=1; fi; curl -fO https://h/$A`, want: []string{"https://h/1 > /src/1"}},

		{name: "sum on standard input", script: `curl -fo a https://h/a && echo "` + sumA + `  a" | sha256sum -c -`, want: []string{"https://h/a > /src/a sha256:8b8f"}},
		{name: "other algorithms", script: `curl -fo a https://h/a && echo "` + sumA + `  a" | shasum -a 256 -c && echo "0123 a" | md5sum -c`, want: []string{"https://h/a > /src/a sha256:8b8f md5:0123"}},
		{name: "here string", bash: true, script: `curl -fo a https://h/a && sha256sum -c <<< "` + sumA + `  a"`, want: []string{"https://h/a > /src/a sha256:8b8f"}},
		{name: "process substitution", bash: true, script: `curl -fo a https://h/a && sha256sum -c <(echo "` + sumA + `  a")`, want: []string{"https://h/a > /src/a sha256:8b8f"}},
		{name: "comparison", script: `set -e; curl -fo a https://h/a; [ "$(sha256sum a | cut -d' ' -f1)" = ` + sumA + ` ]`, want: []string{"https://h/a > /src/a sha256:8b8f"}},
		{name: "comparison that exits", script: `curl -fo a https://h/a; S=$(sha256sum a | awk '{print $1}'); if [ "$S" != "` + sumA + `" ]; then exit 1; fi`, want: []string{"https://h/a > /src/a sha256:8b8f"}},
		{name: "downloaded list", script: `curl -fO https://h/a && curl -fO https://h/SUMS && grep ' a$' SUMS | sha256sum -c -`, want: []string{"https://h/a > /src/a list", "https://h/SUMS > /src/SUMS evidence"}},
		{name: "downloaded sum", script: `curl -fo /a https://h/a && echo "$(curl -fs https://h/a.sha256)  /a" | sha256sum -c`, want: []string{"https://h/a > /a list", "https://h/a.sha256 evidence query"}},
		{name: "signature", script: `wget -O a https://h/a; wget -O a.asc https://h/a.asc; gpg --batch --verify a.asc a`, want: []string{"https://h/a > /src/a signature", "https://h/a.asc > /src/a.asc evidence"}},
		{name: "keys by fingerprint", script: `wget -O K https://h/K && gpg --batch --import K && gpg --batch --export --armor 4B0752C1BCA238C0B4EE14DC41DE058A4E7DCA05 > /k`, want: []string{"https://h/K > /src/K evidence used:gpg"}},
		{name: "changed on the way", script: `curl -f https://h/a | gpg --dearmor > /a`, want: []string{"https://h/a into:gpg"}},
		{name: "signed list", script: `set -e; wget https://h/a https://h/S.asc; gpg -d -o S S.asc; grep a S | sha256sum -c`, want: []string{"https://h/a > /src/a list", "https://h/S.asc > /src/S.asc evidence"}},

		{name: "lost by || true", script: `curl -fo a https://h/a; echo "` + sumA + ` a" | sha256sum -c || true`, want: []string{"https://h/a > /src/a sha256:8b8f!"}},
		{name: "lost by ;", script: `curl -fo a https://h/a; echo "` + sumA + ` a" | sha256sum -c; tar xf a`, want: []string{"https://h/a > /src/a sha256:8b8f! unpack:/src,0,"}},
		{name: "kept by set -e", script: `set -e; curl -fo a https://h/a; echo "` + sumA + ` a" | sha256sum -c; rm a`, want: []string{"https://h/a > /src/a sha256:8b8f removed"}},
		{name: "lost by && in spite of set -e", script: `set -e; curl -fo a https://h/a; echo "` + sumA + ` a" | sha256sum -c && tar xf a; rm b`, want: []string{"https://h/a > /src/a sha256:8b8f! unpack:/src,0,"}},
		{name: "kept at the end", script: `set -e; curl -fo a https://h/a; echo "` + sumA + ` a" | sha256sum -c && tar xf a`, want: []string{"https://h/a > /src/a sha256:8b8f unpack:/src,0,"}},
		{name: "lost in a pipe", script: `curl -fo a https://h/a; echo "` + sumA + ` a" | sha256sum -c | tee log`, want: []string{"https://h/a > /src/a sha256:8b8f!"}},
		{name: "kept by pipefail", script: `set -o pipefail; curl -fo a https://h/a; echo "` + sumA + ` a" | sha256sum -c | tee log`, want: []string{"https://h/a > /src/a sha256:8b8f"}},
		{name: "exit in spite of ||", script: `curl -fo a https://h/a; echo "` + sumA + ` a" | sha256sum -c || { echo bad; exit 1; }; rm a`, want: []string{"https://h/a > /src/a sha256:8b8f removed"}},
		{name: "if with else", script: `curl -fo a https://h/a; if echo "` + sumA + ` a" | sha256sum -c; then echo good; else echo bad; fi`, want: []string{"https://h/a > /src/a sha256:8b8f!"}},
		{name: "if not", script: `curl -fo a https://h/a; if ! echo "` + sumA + ` a" | sha256sum -c; then exit 1; fi; rm a`, want: []string{"https://h/a > /src/a sha256:8b8f removed"}},
		{name: "in the background", script: `set -e; curl -fo a https://h/a; echo "` + sumA + ` a" | sha256sum -c & rm a`, want: []string{"https://h/a > /src/a sha256:8b8f! removed"}},

		{name: "into a shell", script: `curl -fsSL https://h/i | bash -s -- -y`, want: []string{"https://h/i runs:bash"}},
		{name: "into a shell, filtered", script: `curl -fsSL https://h/i | sed s/a/b/ | sudo -E sh`, want: []string{"https://h/i runs:sh"}},
		{name: "as an argument", script: `bash -c "$(curl -fsSL https://h/i)"`, want: []string{"https://h/i runs:bash"}},
		{name: "as a file", bash: true, script: `bash <(curl -fsSL https://h/i)`, want: []string{"https://h/i runs:bash"}},
		{name: "eval", script: `eval "$(curl -fsSL https://h/i)"`, want: []string{"https://h/i runs:eval"}},
		{name: "a version in a script is not run", script: `V=$(curl -fs https://h/v); sh -c "echo $V"`, want: []string{"https://h/v query"}},
		{name: "into tar", script: `curl -fsSL https://h/a.tgz | tar -xz -C /opt --strip-components=1`, want: []string{"https://h/a.tgz into:tar unpack:/opt,1,"}},
		{name: "into tar, decompressed", script: `curl -fsSL https://h/a | gunzip -c | tar x`, want: []string{"https://h/a into:gunzip unpack:/src,0,"}},
		{name: "run before any check", script: `curl -fo i https://h/i && sh i`, want: []string{"https://h/i > /src/i used:sh"}},
		{name: "unpacked before the check", script: `curl -fo a https://h/a && tar xzf a && echo "` + sumA + ` a" | sha256sum -c`, want: []string{"https://h/a > /src/a sha256:8b8f used:tar unpack:/src,0,"}},
		{name: "tar of old", script: `wget -O a https://h/a; tar xvfz a -C /d m/n`, want: []string{"https://h/a > /src/a used:tar unpack:/d,0,m/n"}},
		{name: "unzip", script: `wget -O a https://h/a; unzip -qo a 'b/*' -d /d; rm a`, want: []string{"https://h/a > /src/a used:unzip unpack:/d,0,b/* removed"}},
		{name: "moved", script: `wget https://h/a; chmod 0755 a; mv a /usr/local/bin/b`, want: []string{"https://h/a > /usr/local/bin/b mode:755 moved:/usr/local/bin/b"}},
		{name: "installed", script: `wget https://h/a && install -o root -g root -m 0750 a /usr/local/bin/ && rm a`, want: []string{"https://h/a > /src/a mode:0750 moved:/usr/local/bin/a removed"}},
		{name: "heredoc", script: "cat > /u <<EOF\nhttps://h/a\nhttps://h/b\nEOF\nwget -i /u", want: []string{"https://h/a > /src/a", "https://h/b > /src/b"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := lock.Platform("linux/amd64")
			if test.arm64 {
				p = "linux/arm64"
			}
			m := New(p)
			m.Dir = "/src"
			m.Vars["VERSION"] = Text("1.2.3")
			m.Unset["NOTGIVEN"] = "ARG NOTGIVEN has no default"
			m.Vars["TARGETARCH"] = Text(strings.TrimPrefix(string(p), "linux/"))
			if err := m.Run(Source{Text: test.script, Locate: func(i int) int { return i + 1 }, Bash: test.bash}); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range m.Fetches {
				got = append(got, describe(f))
			}
			if g, w := strings.Join(got, "\n"), strings.Join(test.want, "\n"); g != w {
				t.Errorf("%s\ngot\n%s\nwant\n%s", test.script, g, w)
			}
		})
	}
}

func TestIdle(t *testing.T) {
	for script, want := range map[string]int{
		`echo "` + sumA + `  a" | sha256sum`: 1,
		`sha256sum a; if [ $? ]; then :; fi`: 1,
		`sha256sum a`:                        0,
		`[ $? -eq 0 ]`:                       0,
	} {
		m := New("linux/amd64")
		if err := m.Run(Source{Text: script, Locate: func(i int) int { return i }}); err != nil {
			t.Fatal(err)
		}
		if len(m.Idle) != want {
			t.Errorf("%s: %d commands that compare nothing, want %d", script, len(m.Idle), want)
		}
	}
}

// TestBounds holds that no script keeps the evaluation from ending.
func TestBounds(t *testing.T) {
	for _, script := range []string{
		`f() { f; f; }; f`,
		`while :; do :; done`,
		`for a in 1 2 3 4 5 6 7 8 9; do for b in 1 2 3 4 5 6 7 8 9; do for c in 1 2 3 4 5 6 7 8 9; do for d in 1 2 3 4 5 6 7 8 9; do for e in 1 2 3 4 5 6 7 8 9; do :; done; done; done; done; done`,
		strings.Repeat(`if [ -f /x ]; then A=$A1; else A=$A2; fi; `, 500),
		strings.Repeat(`if [ -f /x ]; then `, 14) + ":" + strings.Repeat(`; else :; fi`, 14),
		`A=a; ` + strings.Repeat(`A=$A$A; `, 40) + `echo $A`,
		`x=` + strings.Repeat(`$(echo `, 100) + strings.Repeat(`)`, 100),
		`eval "eval \"eval \\\"$0\\\"\""`,
	} {
		m := New("linux/amd64")
		err := m.Run(Source{Text: script, Locate: func(i int) int { return i }})
		if long := strings.Count(script, "for ") > 4; (err != nil) != long {
			t.Errorf("%.60s…: %v", script, err)
		}
	}
}
