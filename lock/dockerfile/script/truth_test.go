//go:build e2e && linux

package script_test

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"depfetch/fetch/cmdline/curl"
	"depfetch/lock"
	"depfetch/lock/dockerfile/script"
)

// tools are the programs that fragments may really run: those that make text of text.
var tools = strings.Fields(`basename cat cut dirname egrep env expr fgrep find grep head id ls mktemp nl paste printenv
	rev sed seq sort stat tail tee test timeout tr uniq wc xargs mawk awk cp install mkdir mv rm rmdir touch ln chmod`)

// stubs are programs that stand for others. Those that a fragment names and that are
// not among them do nothing, with success.
var stubs = map[string]string{
	"curl":    `for a; do printf '%s\0' "$a" >> /log; done; while [ $# -gt 0 ]; do case $1 in *://*/?*) echo sent > "${1##*/}" ;; -i) cat "$2" | tr '\n' '\0' >> /log ;; -o|-*o) [ -z "$2" ] || echo sent > "$2" ;; esac; shift; done; echo sent`,
	"sudo":    `while :; do case $1 in -u|-g) shift 2 ;; -*|*=*) shift ;; *) break ;; esac; done; exec "$@"`,
	"bash":    `exec /tools/bash "$@"`,
	"gawk":    `exec awk "$@"`,
	"mawk":    `exec awk "$@"`,
	"su":      `while [ $# != 0 ] && [ "$1" != -c ]; do shift; done; [ $# = 0 ] || exec sh "$@"`,
	"busybox": `exec "$@"`,
	"uname":   `case $* in -m|--m*) echo UNAME ;; -s|'') echo Linux ;; '-s -m'|-sm) echo Linux UNAME ;; *) echo Linux host 6 UNAME ;; esac`,
	"arch":    `echo UNAME`,
	"dpkg":    `case $1 in --print-architecture) echo DPKG ;; esac`,
	"apk":     `case $1 in --print-arch) echo APK ;; esac`,
	"rpm":     `case $* in *ARCH*|*_arch*) echo UNAME ;; esac`,
	"mktemp":  `n=$(/tools/mktemp -u /tmp/XXXXXX); case $* in *d*) mkdir -p $n ;; *) mkdir -p /tmp; echo > $n ;; esac; echo $n`,
	"sh":      `exec SHELL "$@"`,
	"which":   `command -v "$@"`,
}

// machines are what uname, dpkg and apk call them.
var machines = map[lock.Platform][3]string{
	"linux/amd64": {"x86_64", "amd64", "x86_64"}, "linux/arm64": {"aarch64", "arm64", "aarch64"},
	"linux/arm/v7": {"armv7l", "armhf", "armv7"}, "linux/386": {"i686", "i386", "x86"},
	"linux/arm/v6": {"armv6l", "armel", "armhf"}, "linux/ppc64le": {"ppc64le", "ppc64el", "ppc64le"},
	"linux/s390x": {"s390x", "s390x", "s390x"}, "linux/riscv64": {"riscv64", "riscv64", "riscv64"},
}

// quiet are programs that do what they do where they can, and succeed, since the
// evaluation takes them to.
var quiet = strings.Fields("cp install mkdir mv rm rmdir touch ln chmod")

func init() {
	for _, name := range []string{"wget", "wget2", "aria2c", "axel"} {
		stubs[name] = stubs["curl"]
	}
	for _, name := range []string{"sha256sum", "sha512sum", "sha1sum", "md5sum", "shasum"} {
		stubs[name] = `case $* in *-c*) ;; *) echo "SUM1  $1" ;; esac`
	}
	for _, name := range quiet {
		stubs[name] = `/tools/` + name + ` "$@" 2>/dev/null || :`
	}
}

// system is where fragments run: a shell, and the directory of its tools.
type system struct{ shell, tools string }

var (
	dash    = system{"/tools/dash", "/tools"}
	bash    = system{"/tools/bash", "/tools"}
	busybox = system{"/busybox/sh", "/busybox"}
)

// root is a directory in which fragments run as in a container.
type root string

// newRoot makes one with the real shells and tools.
func newRoot(t *testing.T) root {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("fragments run in a root directory of their own, which only root can make")
	}
	r := root(t.TempDir())
	for _, dir := range []string{"tools", "proc", "dev"} {
		r.mkdir(t, "/"+dir)
	}
	for name, device := range map[string]int{"null": 1<<8 | 3, "zero": 1<<8 | 5} {
		if err := syscall.Mknod(filepath.Join(string(r), "dev", name), syscall.S_IFCHR|0o666, device); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range map[string]string{"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"} {
		if err := os.Symlink(to, filepath.Join(string(r), "dev", name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range append([]string{"bash", "dash", "sleep"}, tools...) {
		p, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		r.copy(t, p, "/tools/"+name)
		libraries, _ := exec.Command("ldd", p).Output() // a script has none
		for _, lib := range regexp.MustCompile(`/\S+`).FindAllString(string(libraries), -1) {
			r.copy(t, lib, lib)
		}
	}
	// Some tools are scripts, and so are files of stages.
	r.mkdir(t, "/bin")
	for name, shell := range map[string]string{"sh": "dash", "bash": "bash"} {
		if err := os.Symlink("/tools/"+shell, filepath.Join(string(r), "bin", name)); err != nil {
			t.Fatal(err)
		}
	}
	p, err := exec.LookPath("busybox")
	if err != nil {
		t.Fatal(err)
	}
	r.copy(t, p, "/busybox/busybox")
	for _, name := range append([]string{"sh"}, tools...) {
		if err := os.Symlink("busybox", filepath.Join(string(r), "busybox", name)); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func (r root) mkdir(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(string(r), dir), 0o755); err != nil {
		t.Fatal(err)
	}
}

func (r root) copy(t *testing.T, from, to string) {
	t.Helper()
	to = filepath.Join(string(r), to)
	if _, err := os.Stat(to); err == nil {
		return
	}
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

func (r root) write(t *testing.T, name, text string) {
	t.Helper()
	r.mkdir(t, path.Dir(name))
	if err := os.WriteFile(filepath.Join(string(r), name), []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

// clean removes what a fragment has left.
func (r root) clean(t *testing.T) {
	t.Helper()
	entries, err := os.ReadDir(string(r))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !slices.Contains([]string{"bin", "tools", "busybox", "proc", "dev", "lib", "lib64"}, e.Name()) {
			if err := os.RemoveAll(filepath.Join(string(r), e.Name())); err != nil {
				t.Fatal(err)
			}
		}
	}
}

var (
	names     = regexp.MustCompile(`[A-Za-z][\w.+-]*`)
	absolute  = regexp.MustCompile(`/[\w./-]+`)
	entered   = regexp.MustCompile(`(?:cd|pushd)\s+"?([\w./-]+)`)
	shellFlag = map[string][]string{"errexit": {"-e"}, "pipefail": {"-o", "pipefail"}}
)

// awaited is the first process of a fragment. It runs the shell and then waits until
// nothing else runs: bash does not wait for <( … ), which would end with the first process.
const awaited = `"$@"; status=$?
for i in 1 2 3 4 5 6 7 8 9 10; do
	set -- /proc/[0-9]*
	[ $# -gt 1 ] || break
	PATH=/tools sleep 0.1
done
exit $status`

// ask runs a fragment, and returns the arguments that curl and wget get.
func (r root) ask(t *testing.T, f fragment, on system, there bool) []string {
	t.Helper()
	r.clean(t)
	machine := machines[f.platform]
	fill := strings.NewReplacer("UNAME", machine[0], "DPKG", machine[1], "APK", machine[2], "SHELL", on.shell)
	stub := func(name, text string) {
		r.write(t, "/stubs/"+name, "#!/tools/dash\n"+digests.Replace(fill.Replace(text))+"\n")
	}
	for _, name := range names.FindAllString(f.text, -1) {
		if !slices.Contains(tools, name) && name != "bash" && name != "dash" {
			stub(name, ":")
		}
	}
	for name, text := range stubs {
		stub(name, text)
	}
	// Where images have them, for fragments that copy them.
	for p, name := range map[string]string{"/usr/bin/curl": "curl", "/usr/bin/wget": "wget", "/bin/busybox": "busybox"} {
		r.write(t, p, "#!/tools/dash\n"+stubs[name]+"\n")
	}
	for p, file := range f.files {
		if file.Why == "" {
			r.write(t, p, file.Text)
		}
	}
	r.mkdir(t, "/src")
	r.mkdir(t, "/tmp")
	for _, p := range absolute.FindAllString(f.text, -1) {
		r.mkdir(t, path.Dir(p))
	}
	for _, m := range entered.FindAllStringSubmatch(f.text, -1) {
		dir := m[1]
		if !path.IsAbs(dir) {
			dir = path.Join("/src", dir)
		}
		r.mkdir(t, dir)
	}
	if there {
		r.write(t, "/x", "")
	}
	env := []string{"PATH=/usr/local/bin:/usr/bin:/stubs:" + on.tools, "HOME=/root", "VERSION=1.2.3", "LC_ALL=C"}
	for name, value := range script.TargetVars(f.platform) {
		env = append(env, name+"="+value)
	}
	for name, value := range f.set {
		env = append(env, name+"="+value)
	}
	for _, text := range regexp.MustCompile(`#: (run|stage)\n`).Split(digests.Replace(f.text), -1) {
		if on == busybox {
			// Its shell has programs of its own, which go before those of $PATH.
			for name := range stubs {
				text = name + "() { /stubs/" + name + ` "$@"; }; ` + text
			}
		}
		args := []string{"-mpnf", "--kill-child", "--root=" + string(r), "--wd=/src", "--mount-proc", "/tools/dash", "-c", awaited, "dash", on.shell}
		for word, flags := range shellFlag {
			if f.words[word] {
				args = append(args, flags...)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		cmd := exec.CommandContext(ctx, "unshare", append(args, "-c", text)...)
		cmd.Env, cmd.WaitDelay = env, time.Second
		out, err := cmd.CombinedOutput()
		cancel()
		if ctx.Err() == context.DeadlineExceeded {
			t.Fatalf("%s: it does not end: %v", f.name, err)
		}
		if testing.Verbose() {
			t.Logf("%s: %v\n%s", on.shell, err, out)
		}
	}
	log, err := os.ReadFile(filepath.Join(string(r), "log"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Split(string(log), "\x00")
}

// meant returns the addresses that arguments of curl and wget stand for.
func meant(args []string) []string {
	var all []string
	for _, a := range args {
		for _, line := range strings.Fields(a) {
			all = append(all, line, "http://"+line)
		}
		if globs, err := curl.Globs(a); err == nil {
			all = append(all, globs...)
		}
	}
	return all
}

// TestTruth holds that the shells ask for what the evaluation says that they do, and
// for nothing else: each case of the tables runs in those that /bin/sh may be, with
// programs in the place of curl and wget that note their arguments. What is asked for
// only if something is so that the evaluation cannot know need not be asked for.
//
// Of a case with the word "depends", addresses that are known may be of that kind,
// too; the word "unseen" is for one of which the evaluation does not see all,
// "gnu" for one that needs more than busybox has, and "stubs" for one with programs
// that are not really there.
func TestTruth(t *testing.T) {
	r := newRoot(t)
	for table, cases := range commandTables(t) {
		for _, f := range cases {
			if f.words["stubs"] {
				continue
			}
			t.Run(table+"/"+f.name, func(t *testing.T) {
				for _, on := range systemsOf(f) {
					compare(t, f, on.shell, r.ask(t, f, on, false))
					if strings.Contains(f.text, "-f /x ]") {
						compare(t, f, on.shell, r.ask(t, f, on, true))
					}
				}
			})
		}
	}
}

// compare compares what is known of a case with what a shell asks for.
func compare(t *testing.T, f fragment, shell string, args []string) {
	t.Helper()
	asked := meant(args)
	var known []string
	vague := f.words["unseen"]
	for _, a := range addresses(evaluate(t, f)) {
		switch known = append(known, a.text); {
		case !a.known:
			vague = true
		case !a.depends && !f.words["depends"] && !slices.Contains(asked, a.text):
			t.Errorf("%s\n%s is known, and %s asks for\n%q", f.text, a.text, shell, args)
		}
	}
	for _, a := range args {
		if u, _, _ := strings.Cut(a, "{"); strings.Contains(u, "://") && !vague && !slices.Contains(known, a) && !strings.ContainsAny(a, "[{ ") {
			t.Errorf("%s\n%s is asked for by %s, and only these are known:\n%q", f.text, a, shell, known)
		}
	}
}

// systemsOf returns where a case is to run.
func systemsOf(f fragment) []system {
	switch {
	case f.words["bash"]:
		return []system{bash}
	case f.words["gnu"]:
		return []system{dash, bash}
	}
	return []system{dash, bash, busybox}
}
