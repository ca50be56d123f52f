package scan

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"depfetch/lock/dockerfile"
)

// compare compares the findings in one instruction, but for those about the image.
func compare(t *testing.T, file, want string) {
	t.Helper()
	got := strings.Join(findings(t, "FROM a@sha256:"+sum+"\n"+file+"\nUSER 1\n", Options{}), "\n")
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

const commit40 = "0123456789012345678901234567890123456789"

// TestOtherDownloads is about programs other than curl and wget that download.
func TestOtherDownloads(t *testing.T) {
	unverified := func(tool, address string) string {
		return "2:5 error unverified: " + tool + " downloads " + address + ", and nothing checks what arrives"
	}
	for _, test := range []struct{ name, run, want string }{
		{"rpm", "rpm -Uvh --nodeps https://h/a-1.rpm", unverified("rpm", "https://h/a-1.rpm")},
		{"rpm, long", "rpm --upgrade https://h/a-1.rpm", unverified("rpm", "https://h/a-1.rpm")},
		{"rpm, a key", "rpm --import https://h/k", unverified("rpm", "https://h/k")},
		{"rpm, a question", "rpm -qp https://h/a-1.rpm; rpm -i /a.rpm", ""},
		{"rpmkeys", "rpmkeys --import https://h/k", unverified("rpmkeys", "https://h/k")},
		{"apt-key", "apt-key adv --fetch-keys https://h/k", unverified("apt-key", "https://h/k")},
		{"apt-key of a key server", "apt-key adv --keyserver hkp://h:80 --recv-keys " + commit40, ""},
		{"add-apt-repository", "add-apt-repository -y 'deb https://h/d stable main'", "2:5 note package-source: add-apt-repository takes packages from deb https://h/d stable main"},
		{"add-apt-repository, trusted", "add-apt-repository 'deb [trusted=yes] https://h/d ./'", "2:5 error package-source: add-apt-repository takes packages from deb [trusted=yes] https://h/d ./ without checking their signatures"},
		{"add-apt-repository, removed", "add-apt-repository -r ppa:a/b; add-apt-repository universe", ""},
		{"a list of dnf", "dnf config-manager --add-repo https://h/a.repo", unverified("dnf", "https://h/a.repo")},
		{"a list of yum", "yum-config-manager --add-repo=https://h/a.repo", unverified("yum-config-manager", "https://h/a.repo")},
		{"pip", "pip install --no-cache-dir -U https://h/a-1.whl", unverified("pip", "https://h/a-1.whl")},
		{"pip, by its module", "python3 -m pip install a @ https://h/a-1.whl", unverified("pip", "https://h/a-1.whl")},
		{"pip, by name and address", "pip3 install 'a @ https://h/a-1.whl'", unverified("pip", "https://h/a-1.whl")},
		{"pip, with a sum", "pip install https://h/a-1.whl#sha256=" + sum, ""},
		{"pip, requirements", "pip install -r https://h/r.txt", unverified("pip", "https://h/r.txt")},
		{"pip, an index", "pip install --index-url https://h/simple a==1", ""},
		{"pip, a branch", "pip install git+https://h/a.git@main", "2:5 warning unpinned-source: pip takes https://h/a.git at main, which can be moved"},
		{"pip, no reference", "pip install git+https://h/a.git#egg=a", "2:5 warning unpinned-source: pip takes https://h/a.git without naming a commit"},
		{"pip, a user and a commit", "pip install -e git+ssh://git@h/a.git@" + commit40, ""},
		{"uv", "uv pip install https://h/a-1.whl", unverified("uv", "https://h/a-1.whl")},
		{"npm", "npm install -g https://h/a-1.tgz", unverified("npm", "https://h/a-1.tgz")},
		{"npm, a repository", "npm i o/r#v1 @s/p ./d a@1", "2:5 warning unpinned-source: npm takes https://github.com/o/r at v1, which can be moved"},
		{"npm, git+https", "npm i git+https://h/a.git#" + commit40, ""},
		{"yarn", "yarn global add https://h/a-1.tgz", unverified("yarn", "https://h/a-1.tgz")},
		{"go, newest", "go install -ldflags '-s -w' h.com/o/r@latest", "2:5 warning unpinned-url: go takes latest of h.com/o/r, which is whatever is newest"},
		{"go, a version", "go install h.com/o/r@v1.2.3 && go install ./cmd/a && go build ./...", ""},
		{"go, no database", "GOSUMDB=off go install h.com/o/r@v1.2.3", "2:5 error unverified: go downloads h.com/o/r, and the checksum database is not asked"},
		{"gem", "gem install https://h/a-1.gem", unverified("gem", "https://h/a-1.gem")},
		{"cargo", "cargo install --locked --git https://h/a a", "2:5 warning unpinned-source: cargo takes https://h/a without naming a commit"},
		{"cargo, a tag", "cargo install --git https://h/a --tag v1", "2:5 warning unpinned-source: cargo takes https://h/a at v1, which can be moved"},
		{"cargo, a commit", "cargo install --git=https://h/a --rev=" + commit40 + " && cargo install ripgrep", ""},
		{"curl.exe", `curl.exe -fo a https://h/a; C:\\Windows\\System32\\curl.EXE -fo b https://h/a`, unverified("curl", "https://h/a") + "\n2:33 error unverified: curl downloads https://h/a, and nothing checks what arrives"},
		{"python", `python3 -c "import urllib.request as u; u.urlretrieve('https://h/a', '/a')"`, unverified("python3", "https://h/a")},
		{"python, checked", `python3 -c "import urllib.request as u; u.urlretrieve('https://h/a', '/a')" && echo '` + sum + `  /a' | sha256sum -c`, ""},
		{"python, checks itself", `python3 -c "import hashlib,urllib.request as u; d=u.urlopen('https://h/a').read(); assert hashlib.sha256(d).hexdigest()=='` + sum + `'; open('/a','wb').write(d)"`, ""},
		{"python, prints a sum", `python3 -c "import hashlib,urllib.request as u; d=u.urlopen('https://h/a').read(); print(hashlib.sha256(d).hexdigest()=='` + sum + `')"`, unverified("python3", "https://h/a")},
		{"python, run", `python3 -c "import urllib.request as u; exec(u.urlopen('https://h/a').read())"`, "2:5 error pipe-to-shell: python3 runs what https://h/a sends, unseen"},
		{"python, printed", `python3 -c "import urllib.request as u; print(u.urlopen('https://h/a').read())" | sh`, "2:5 error pipe-to-shell: sh runs what https://h/a sends, unseen"},
		{"python, put together", `python3 -c "import os,requests; requests.get('https://h/' + os.environ['V'])"`, unverified("python3", "https://h/")},
		{"python, from elsewhere", `python3 -c "import os,requests; requests.get(os.environ['V'])"`, "2:5 note unread-script: this script is not read: python3 downloads from an address that it puts together"},
		{"python, no download", `python3 -c "print('https://h/a')"`, ""},
		{"php", `php -r "copy('https://h/i', 'i.php');" && php -r "if (hash_file('sha384', 'i.php') === '` + sum + sum[:32] + `') { echo 'ok'; } else { unlink('i.php'); }" && php i.php`, ""},
		{"php, unchecked", `php -r "copy('https://h/i', 'i.php');" && php i.php`, unverified("php", "https://h/i")},
		{"node", `node -e "require('https').get('https://h/a', r => r.pipe(require('fs').createWriteStream('a')))"`, unverified("node", "https://h/a")},
		{"pwsh", `pwsh -NoProfile -Command Invoke-WebRequest -Uri https://h/a -OutFile /a`, unverified("pwsh", "https://h/a")},
	} {
		t.Run(test.name, func(t *testing.T) { compare(t, "RUN "+test.run, test.want) })
	}
}

func TestGit(t *testing.T) {
	for _, test := range []struct{ name, run, want string }{
		{"newest", "git clone --depth 1 https://h/a.git /a", "2:5 warning unpinned-source: git takes https://h/a.git without naming a commit"},
		{"a tag", "git clone -b v1 https://h/a.git", "2:5 warning unpinned-source: git takes https://h/a.git at v1, which can be moved"},
		{"a tag, checked out", "git clone https://h/a && cd a && git checkout v1", "2:5 warning unpinned-source: git takes https://h/a at v1, which can be moved"},
		{"a commit", "git clone https://h/a && cd a && git checkout " + commit40, ""},
		{"a commit, elsewhere", "git clone https://h/a /x && git -C /x reset --hard " + commit40, ""},
		{"a commit in a subdirectory", "git clone https://h/a /x && cd /x/y && git checkout -q " + commit40, ""},
		{"a commit of another repository", "git clone https://h/a /x && git -C /y checkout " + commit40, "2:5 warning unpinned-source: git takes https://h/a without naming a commit"},
		{"files of a commit", "git clone https://h/a && cd a && git checkout " + commit40 + " -- b", "2:5 warning unpinned-source: git takes https://h/a without naming a commit"},
		{"a part of a commit", "git clone https://h/a && cd a && git checkout 0123abc", "2:5 note unpinned-source: git takes https://h/a at 0123abc, which is a part of a commit's name"},
		{"a commit that does not have to be", "git clone https://h/a; cd a; git checkout " + commit40 + "; make", "2:5 warning unpinned-source: git takes https://h/a, and that it finds commit 012345678901 does not have to be: the next command runs all the same: there is no set -e"},
		{"revision", "git clone --revision=" + commit40 + " https://h/a", ""},
		{"fetched", "git init a && cd a && git remote add origin https://h/a && git fetch --depth 1 origin " + commit40 + " && git checkout FETCH_HEAD", ""},
		{"fetched, a branch", "git init a && cd a && git remote add origin https://h/a && git fetch --depth 1 origin main && git checkout FETCH_HEAD", "2:64 warning unpinned-source: git takes https://h/a at main, which can be moved"},
		{"signed", "git clone -b v1 https://h/a /a && git -C /a verify-tag v1", ""},
		{"from here", "git clone /a /b && git clone ./c d", ""},
		{"ssh", "git clone git@h:o/a.git", "2:5 warning unpinned-source: git takes git@h:o/a.git without naming a commit"},
	} {
		t.Run(test.name, func(t *testing.T) { compare(t, "RUN "+test.run, test.want) })
	}
}

// TestGoodChecks is about checks in other forms than sha256sum -c.
func TestGoodChecks(t *testing.T) {
	for _, test := range []struct{ name, run string }{
		{"grep", "wget -O d https://h/d && sha256sum d | grep -q '^" + sum + " ' && tar xf d"},
		{"grep of a substitution", "wget -O d https://h/d && grep -q " + sum + " <(sha256sum d) && tar xf d"},
		{"awk and grep", "wget -O d https://h/d && sha256sum d | awk '{print $1}' | grep -Fxq " + sum},
		{"tee and a substitution", "set -o pipefail; wget -O- https://h/d | tee d | sha256sum -c <(echo '" + sum + "  -') && tar xf d"},
		{"substitution", "wget -O d https://h/d && sha256sum -c <(echo '" + sum + "  d') && tar xf d"},
		{"gpg", "wget https://h/d https://h/d.sig && gpg --batch --verify d.sig d && tar xf d"},
		{"gpg, odd names", "wget -O s https://h/s && wget -O d https://h/d && gpg --batch --status-fd 1 --verify s d && tar xf d"},
		{"gpgv", "wget https://h/d https://h/d.asc && gpgv --keyring /k.gpg d.asc d"},
		{"gpg of the input", "wget -O s.asc https://h/s.asc && wget -O- https://h/d | tee d | gpg --verify s.asc - && tar xf d"},
		{"cosign", "wget https://h/d https://h/d.pem https://h/d.sig && cosign verify-blob --certificate d.pem --signature d.sig --certificate-identity=a d"},
		{"minisign", "wget https://h/d https://h/d.minisig && minisign -QVm d -P RWQ && tar xf d"},
		{"minisign, options apart", "wget https://h/d https://h/d.minisig && minisign -V -P RWQ -x d.minisig -m d"},
		{"signify", "wget https://h/d https://h/d.sig && signify -V -p /k.pub -x d.sig -m d"},
	} {
		t.Run(test.name, func(t *testing.T) { compare(t, "SHELL [\"/bin/bash\", \"-c\"]\nRUN "+test.run, "") })
	}
}

// TestNoChecks is about what looks like a check and is none.
func TestNoChecks(t *testing.T) {
	const want = "2:5 error unverified: wget downloads https://h/d, and nothing checks what arrives"
	for _, test := range []struct{ name, run string }{
		{"grep for something else", "wget -O d https://h/d && sha256sum d | grep -q d"},
		{"grep -v", "wget -O d https://h/d && sha256sum d | grep -v " + sum},
		{"grep of another file", "wget -O d https://h/d && sha256sum e | grep -q " + sum},
		{"gpg of another file", "wget -O d https://h/d && gpg --verify e.sig e"},
	} {
		t.Run(test.name, func(t *testing.T) { compare(t, "RUN "+test.run, want) })
	}
}

func TestTargetPlatform(t *testing.T) {
	const finding = "depfetch runs on the build platform and is not told the platform that is built for: this stage has no ARG TARGETPLATFORM before it"
	run := "RUN [\"/depfetch\", \"fetch\"]\n"
	last := "\nFROM scratch\nUSER 1\n"
	for _, test := range []struct{ name, file, want string }{
		{"missing", "FROM --platform=$BUILDPLATFORM a\n" + run + last, "2:1 " + finding},
		{"declared", "FROM --platform=$BUILDPLATFORM a\nARG TARGETPLATFORM\n" + run + last, ""},
		{"declared too late", "FROM --platform=${BUILDPLATFORM} a\n" + run + "ARG TARGETPLATFORM" + last, "2:1 " + finding},
		{"declared in the stage before", "FROM --platform=$BUILDPLATFORM a AS b\nARG TARGETPLATFORM\nFROM b\n" + run + last, ""},
		{"in the next stage", "FROM --platform=$BUILDPLATFORM a AS b\nFROM b\n" + run + last, "3:1 " + finding},
		{"by an ARG", "ARG P=$BUILDPLATFORM\nFROM --platform=$P a\n" + run + last, "3:1 " + finding},
		{"by its parts", "FROM --platform=$BUILDOS/$BUILDARCH a\n" + run + last, "2:1 " + finding},
		{"the target", "FROM --platform=$TARGETPLATFORM a\n" + run + last, ""},
		{"no platform", "FROM a\n" + run + last, ""},
		{"said", "FROM --platform=$BUILDPLATFORM a\nRUN depfetch --platform linux/arm64 fetch" + last, ""},
		{"set for it", "FROM --platform=$BUILDPLATFORM a\nRUN TARGETPLATFORM=linux/arm64 depfetch" + last, ""},
		{"under another name", "FROM --platform=$BUILDPLATFORM a\nRUN --mount=from=depfetch,source=depfetch,target=/d /d fetch" + last, "2:53 " + finding},
		{"copied", "FROM --platform=$BUILDPLATFORM a\nCOPY --from=depfetch depfetch /usr/bin/d\nRUN d fetch" + last, "3:5 " + finding},
		{"one platform", "FROM --platform=linux/amd64 a\n" + run + "FROM --platform=linux/amd64 b\nUSER 1\n", ""},
		{"a fixed platform", "FROM --platform=linux/amd64 a\n" + run + last, "2:1 " + strings.Replace(finding, "the build platform", "linux/amd64", 1)},
		{"a default", "ARG TARGETARCH=amd64\nFROM a\nARG TARGETPLATFORM=linux/amd64 X=1\nARG TARGETOS" + last,
			"1:1 ARG TARGETARCH has a default, which is taken for every platform that is built for\n3:1 ARG TARGETPLATFORM has a default, which is taken for every platform that is built for"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, line := range findings(t, test.file, Options{Ignore: []string{"unpinned-image", "root-user"}}) {
				got = append(got, strings.Replace(line, "warning target-platform: ", "", 1))
			}
			if g := strings.Join(got, "\n"); g != test.want {
				t.Errorf("got\n%s\nwant\n%s", g, test.want)
			}
		})
	}
}

// TestContext reads scripts of the build context.
func TestContext(t *testing.T) {
	dir := t.TempDir()
	outside := filepath.Join(t.TempDir(), "outside.sh")
	for name, text := range map[string]string{
		"install.sh":     "#!/bin/sh\nset -e\n# a comment\nwget -O /a https://h/$V/${1:-none}\n",
		"scripts/b.sh":   "#!/bin/bash -e\n. \"$(dirname \"$0\")/lib.sh\"\nget https://h/b\n",
		"scripts/lib.sh": "get() { wget -O /b \"$1\"; }\n",
		"loop.sh":        "./loop.sh\nwget https://h/loop\n",
		"check.sh":       "set -e\nwget -O /a https://h/a\necho '" + sum + "  /a' | sha256sum -c\ntrue\n",
		"private.sh":     "wget https://h/${W:-unset}\n",
		"ignored.sh":     "# deplock ignore=unverified\nwget https://h/a\n",
		"tool.py":        "import urllib.request\n\nurllib.request.urlretrieve('https://h/py', '/py')\n",
		"quiet.py":       "print()\n",
		"bad.sh":         "if\n",
		"large.sh":       "#" + strings.Repeat("x", 1<<20) + "\n",
		"noshebang":      "wget https://h/n\n",
	} {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(outside, []byte("wget https://h/outside\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "link.sh")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("noshebang", filepath.Join(dir, "inner.sh")); err != nil {
		t.Fatal(err)
	}
	const (
		install = "install.sh:4:1 error unverified: wget downloads https://h/1/none, and nothing checks what arrives"
		b       = "scripts/lib.sh:1:9 error unverified: wget downloads https://h/b, and nothing checks what arrives"
	)
	for _, test := range []struct{ name, file, want string }{
		{"a shell", "COPY install.sh /\nENV V=1\nRUN sh /install.sh", install},
		{"by itself", "ENV V=1\nCOPY --chmod=755 install.sh /x.sh\nRUN /x.sh", install},
		{"by its argument", "ENV V=1\nCOPY install.sh /x.sh\nRUN bash -ex /x.sh two", strings.Replace(install, "none", "two", 1)},
		{"in a directory", "ENV V=1\nWORKDIR /w\nCOPY install.sh .\nRUN chmod +x install.sh && ./install.sh", install},
		{"in a directory that is made", "ENV V=1\nWORKDIR /w\nCOPY . sub/\nRUN cd sub && sh install.sh", install},
		{"all", "ENV V=1\nWORKDIR /w\nCOPY . .\nRUN ./install.sh", install},
		{"a pattern", "ENV V=1\nCOPY inst*.sh /w/\nRUN sh /w/install.sh", install},
		{"from PATH", "ENV V=1\nCOPY install.sh /usr/local/bin/setup-it\nRUN setup-it", install},
		{"moved", "ENV V=1\nCOPY install.sh /tmp/\nRUN mv /tmp/install.sh /opt/i && /opt/i", install},
		{"ADD", "ENV V=1\nADD install.sh /i/\nRUN sh /i/install.sh", install},
		{"exec form", "ENV V=1\nADD install.sh /i/\nRUN [\"/i/install.sh\"]", install},
		{"under another program", "ENV V=1\nCOPY install.sh /\nRUN sudo -E timeout 10 /install.sh", install},
		{"a mount", "ENV V=1\nRUN --mount=type=bind,source=install.sh,target=/i.sh sh /i.sh", install},
		{"a mount of all", "ENV V=1\nRUN --mount=type=bind,target=/src sh /src/install.sh", install},
		{"in the next stage", "ENV V=1\nCOPY install.sh /\nFROM scratch AS c\nFROM a\nRUN sh /install.sh", ""},
		{"one that includes another", "COPY scripts /s\nRUN /s/b.sh", b},
		{"parents", "COPY --parents scripts/*.sh /\nRUN /scripts/b.sh", b},
		{"included", "COPY scripts/lib.sh /\nRUN . /lib.sh && get https://h/b", b},
		{"from another stage", "COPY --from=x install.sh /\nRUN sh /install.sh", ""},
		{"itself", "WORKDIR /\nCOPY loop.sh /\nRUN ./loop.sh", "loop.sh:1:1 note unread-script: this script is not read: scripts start one another too often\nloop.sh:2:1 error unverified: wget downloads https://h/loop, and nothing checks what arrives"},
		{"checked", "COPY check.sh /\nRUN sh /check.sh", ""},
		{"a check that is lost", "COPY check.sh /\nRUN sh /check.sh || true", "check.sh:3:79 error ineffective-check: this check of https://h/a cannot fail: what follows || makes up for its failure"},
		{"variables that are not exported", "COPY private.sh /\nRUN W=1; sh /private.sh", "private.sh:1:1 error unverified: wget downloads https://h/unset, and nothing checks what arrives"},
		{"variables that are", "COPY private.sh /\nRUN export W=1; sh /private.sh", "private.sh:1:1 error unverified: wget downloads https://h/1, and nothing checks what arrives"},
		{"a variable for it alone", "COPY private.sh /\nRUN W=2 sh /private.sh", "private.sh:1:1 error unverified: wget downloads https://h/2, and nothing checks what arrives"},
		{"ignored in the script", "COPY ignored.sh /\nRUN sh /ignored.sh", ""},
		{"python", "COPY tool.py /\nRUN python3 /tool.py", "tool.py:3:28 error unverified: python3 downloads https://h/py, and nothing checks what arrives"},
		{"python without a download", "COPY quiet.py /\nRUN python3 /quiet.py", "Dockerfile:3:5 note unread-script: this script is not read: /quiet.py is a script for python3"},
		{"no script", "COPY bad.sh /\nRUN sh /bad.sh", "Dockerfile:3:5 note unread-script: this script is not read: /bad.sh: 1:1: `if` must be followed by a statement list"},
		{"too large", "COPY large.sh /\nRUN sh /large.sh", "Dockerfile:3:5 note unread-script: this script is not read: large.sh of the build context: it is larger than 1048576 bytes"},
		{"missing", "COPY none.sh /\nRUN sh /none.sh", "Dockerfile:3:5 note unread-script: this script is not read: the build context has no none.sh"},
		{"missing in a directory", "COPY . /w\nRUN sh /w/none.sh", "Dockerfile:3:5 note unread-script: this script is not read: the build context has no none.sh"},
		{"a link out of the context", "COPY link.sh /\nRUN sh /link.sh", "Dockerfile:3:5 note unread-script: this script is not read: link.sh of the build context: path escapes from parent"},
		{"a path out of the context", "COPY ../../outside.sh /\nRUN sh /outside.sh", "Dockerfile:3:5 note unread-script: this script is not read: the build context has no outside.sh"},
		{"a link within", "COPY inner.sh /\nRUN sh /inner.sh", "inner.sh:1:1 error unverified: wget downloads https://h/n, and nothing checks what arrives"},
		{"changed", "COPY noshebang /n.sh\nRUN sed -i 's/h/i/' /n.sh && sh /n.sh", "Dockerfile:3:30 note unread-script: this script is not read: sed has changed /n.sh"},
		{"changed in its line ends", "COPY noshebang /n.sh\nRUN sed -i 's/\\r$//' /n.sh && sh /n.sh", "noshebang:1:1 error unverified: wget downloads https://h/n, and nothing checks what arrives"},
		{"appended to", "COPY quiet.py /n.sh\nRUN echo 'wget https://h/n' >> /n.sh && sh /n.sh", ""},
		{"no first line", "COPY noshebang /\nRUN /noshebang", "noshebang:1:1 error unverified: wget downloads https://h/n, and nothing checks what arrives"},
		{"a heredoc", "COPY <<EOF /x.sh\nset -e\nwget https://h/x\nEOF\nRUN sh /x.sh", "Dockerfile:4:1 error unverified: wget downloads https://h/x, and nothing checks what arrives"},
		{"written by the build", "RUN echo 'wget https://h/x' > /x.sh && sh /x.sh", "Dockerfile:2:40 error unverified: wget downloads https://h/x, and nothing checks what arrives"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, err := dockerfile.Parse("Dockerfile", []byte("FROM a\n"+test.file+"\nUSER 1\n"))
			if err != nil {
				t.Fatal(err)
			}
			context, err := dockerfile.OpenContext(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer context.Close()
			f.Context = context
			got := strings.Join(lines(File(f, Options{Ignore: []string{"unpinned-image"}}), dir), "\n")
			if got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}
