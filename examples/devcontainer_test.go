//go:build e2e

package examples_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// feature is where the feature for dev containers is.
const feature = "devcontainer/.devcontainer/depfetch"

// container is a root file system into which a feature is installed.
type container struct{ root string }

// newContainer makes one that has busybox and no more, as Alpine has.
func newContainer(t *testing.T) container {
	t.Helper()
	c := container{t.TempDir()}
	if err := makeDebian(c.root); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"dev/null", "etc/passwd"} {
		c.put(t, name, "", 0o666)
	}
	return c
}

// put makes a file.
func (c container) put(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	file := filepath.Join(c.root, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// remove takes programs of busybox away.
func (c container) remove(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := os.Remove(filepath.Join(c.root, "bin", name)); err != nil {
			t.Fatal(err)
		}
	}
}

// add puts a real program of this machine there, with its libraries, under a name.
func (c container) add(t *testing.T, program, name string) {
	t.Helper()
	program, err := exec.LookPath(program)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("ldd", program).Output()
	if err != nil {
		t.Fatal(err)
	}
	to := map[string]string{name: program}
	for _, library := range regexp.MustCompile(`/\S+`).FindAllString(string(out), -1) {
		to[library] = library
	}
	for name, file := range to {
		name = filepath.Join(c.root, name)
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := copyFile(name, file, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// install runs install.sh there as the tools for dev containers do: in a copy of the
// feature's folder, with the options as variables.
func (c container) install(t *testing.T, uid uint32, programs string, options ...string) (string, error) {
	t.Helper()
	const folder = "tmp/dev-container-features/depfetch_0"
	at := filepath.Join(c.root, folder)
	if err := os.RemoveAll(at); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(at, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"devcontainer-feature.json", "install.sh"} { // not what somebody has laid beside them
		if err := copyFile(filepath.Join(at, name), filepath.Join(feature, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if programs != "" {
		if err := os.CopyFS(at, os.DirFS(programs)); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("/bin/sh", "-c", "cd /"+folder+" && ./install.sh")
	cmd.Env = append([]string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}, options...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: c.root, Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(c.root, "tmp/tmp.*")); len(left) > 0 {
		t.Errorf("it has left %v", left)
	}
	return string(out), err
}

// holds lists what has been put below /usr.
func (c container) holds(t *testing.T) (files []string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(c.root, "usr"), func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, strings.TrimPrefix(path, c.root))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// makeRelease makes a release for this machine's architecture, of the real programs, and
// returns its folder and one with the programs alone, as make build leaves them.
func makeRelease(t *testing.T) (release, programs string) {
	t.Helper()
	release, programs = t.TempDir(), t.TempDir()
	run := func(args ...string) {
		t.Helper()
		cmd := exec.Command("go", args...)
		cmd.Dir = ".."
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go %q: %v\n%s", args, err, out)
		}
	}
	for _, name := range []string{"depfetch", "deplock", "depfetch-frontend"} {
		run("build", "-trimpath", "-ldflags", "-s -w -X main.version=1.2.3", "-o", filepath.Join(release, name+"-linux-"+runtime.GOARCH), "./cmd/"+name)
		if name != "depfetch-frontend" {
			if err := copyFile(filepath.Join(programs, name), filepath.Join(release, name+"-linux-"+runtime.GOARCH), 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	run("run", "./cmd/internal/release", "files", "-dir", release, "-version", "1.2.3", "-nfpm", filepath.Join(os.Getenv("DEPFETCH_BUILDKIT_BIN"), "nfpm"))
	return release, programs
}

// TestFeature installs the feature into root file systems, from a release on loopback and
// from its own folder; and what is missing or wrong is said, and nothing is in place then.
func TestFeature(t *testing.T) {
	release, programs := makeRelease(t)
	archive := "/depfetch-1.2.3-linux-" + runtime.GOARCH + ".tar.gz"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		folder, name := filepath.Split(r.URL.Path)
		body, err := os.ReadFile(filepath.Join(release, name))
		switch {
		case err != nil || folder == "/none/":
			http.NotFound(w, r)
		case folder == "/script/" && name == "install.sh", folder == "/archive/" && "/"+name == archive:
			body[len(body)/2] ^= 1
			fallthrough
		default:
			w.Write(body)
		}
	}))
	defer server.Close()
	sum := regexp.MustCompile(`(?m)^([0-9a-f]{64})  install\.sh$`).FindStringSubmatch(read(t, filepath.Join(release, "SHA256SUMS")))
	if sum == nil {
		t.Fatal("SHA256SUMS has no install.sh")
	}
	pinned := func(folder string) []string { return []string{"RELEASE=" + server.URL + folder, "SHA256=" + sum[1]} }
	broken := t.TempDir()
	for _, name := range []string{"depfetch", "deplock"} {
		write(t, filepath.Join(broken, name), "\x7fELF of another machine")
	}
	half := t.TempDir()
	if err := copyFile(filepath.Join(half, "depfetch"), filepath.Join(programs, "depfetch"), 0o755); err != nil {
		t.Fatal(err)
	}

	both := []string{"/usr/local/bin/depfetch", "/usr/local/bin/deplock"}
	for name, test := range map[string]struct {
		options  []string
		programs string
		add      []string // of Debian: curl, and dash, which does not bring applets as busybox's sh does
		without  []string
		shells   []string
		uid      uint32
		folder   string   // that there is
		files    []string // below /usr, if it is installed
		want     string   // at the beginning of a line of what is printed
	}{
		"wget":     {options: pinned("/good"), files: both, want: "installed /usr/local/bin/deplock\n"},
		"slash":    {options: pinned("/good/"), files: both, want: "downloading " + server.URL + "/good" + archive},
		"curl":     {options: pinned("/good"), add: []string{"curl", "dash"}, without: []string{"wget"}, files: both, want: "installed /usr/local/bin/depfetch\n"},
		"programs": {programs: programs, without: []string{"wget", "sha256sum"}, files: both, want: "installed /usr/local/bin/deplock\n"},
		"empty":    {options: []string{"RELEASE=", "SHA256="}, programs: programs, files: both, want: "installed /usr/local/bin/deplock\n"},
		"shells": {programs: programs, shells: []string{"bash", "fish", "zsh"}, files: append(slices.Clone(both), "/usr/share/bash-completion/completions/deplock",
			"/usr/share/fish/vendor_completions.d/deplock.fish", "/usr/share/zsh/site-functions/_deplock"), want: "installed /usr/local/bin/deplock\n"},

		"nothing":         {want: "depfetch feature: error: there is nothing to install: no release is given, and no depfetch lies beside install.sh\ndepfetch feature: hint: give release and sha256, or copy what make build has made"},
		"half":            {programs: half, want: "depfetch feature: error: there is nothing to install: no release is given, and no deplock lies beside install.sh\n"},
		"no sum":          {options: pinned("/good")[:1], want: "depfetch feature: error: release is given without sha256\ndepfetch feature: hint: give that of install.sh: SHA256SUMS"},
		"no release":      {options: pinned("/good")[1:], want: "depfetch feature: error: sha256 is given without release\n"},
		"both":            {options: pinned("/good"), programs: programs, want: "depfetch feature: error: release is given, and depfetch lies beside install.sh, too\n"},
		"short sum":       {options: []string{"RELEASE=x", "SHA256=abc"}, want: "depfetch feature: error: sha256 is \"abc\"\n"},
		"upper sum":       {options: []string{"RELEASE=x", "SHA256=" + strings.ToUpper(strings.Repeat("ab", 32))}, want: "depfetch feature: error: sha256 is \"ABAB"},
		"other script":    {options: pinned("/script"), want: "depfetch feature: error: " + server.URL + "/script/install.sh: wrong bytes, nothing has been run or installed\n  want  sha256 " + sum[1]},
		"other archive":   {options: pinned("/archive"), want: "install.sh: error: " + archive[1:] + ": wrong bytes, nothing has been installed\n"},
		"no such release": {options: pinned("/none"), want: "depfetch feature: error: could not download " + server.URL + "/none/install.sh\n"},
		"a login":         {options: []string{strings.Replace(pinned("/none")[0], "//", "//me:s3cret@", 1), pinned("/none")[1]}, want: "depfetch feature: error: could not download " + server.URL + "/none/install.sh\n"},
		"no such, curl":   {options: pinned("/none"), add: []string{"curl", "dash"}, want: "depfetch feature: error: could not download " + server.URL + "/none/install.sh\n"},
		"no downloader":   {options: pinned("/good"), add: []string{"dash"}, without: []string{"wget"}, want: "depfetch feature: error: neither curl nor wget is here\ndepfetch feature: hint: put one, and ca-certificates, into the image"},
		"no sha256sum":    {options: pinned("/good"), add: []string{"dash"}, without: []string{"sha256sum"}, want: "depfetch feature: error: sha256sum is not here, so nothing can be verified\n"},
		"not root":        {options: pinned("/good"), uid: 1000, want: "depfetch feature: error: user 1000 cannot write /usr/local/bin\n"},
		"a folder":        {options: pinned("/good"), folder: both[1], want: "install.sh: error: /usr/local/bin/deplock is a directory, nothing has been installed\n"},
		"another folder":  {programs: programs, folder: both[1], want: "depfetch feature: error: /usr/local/bin/deplock is a directory, nothing has been installed\n"},
		"other machine":   {programs: broken, want: "depfetch feature: error: depfetch beside install.sh does not run on Linux "},
	} {
		t.Run(name, func(t *testing.T) {
			c := newContainer(t)
			c.remove(t, test.without...)
			for _, program := range test.add {
				name := program
				if program == "dash" {
					name = "sh"
				}
				c.add(t, program, "/bin/"+name)
			}
			for _, shell := range test.shells {
				c.put(t, "bin/"+shell, "", 0o755)
			}
			if err := os.MkdirAll(filepath.Join(c.root, test.folder), 0o755); err != nil {
				t.Fatal(err)
			}
			before := c.holds(t)
			out, err := c.install(t, test.uid, test.programs, test.options...)
			if (err == nil) != (test.files != nil) || !strings.Contains("\n"+out, "\n"+test.want) {
				t.Errorf("%v; want %q in\n%s", err, test.want, out)
			}
			now := slices.DeleteFunc(c.holds(t), func(f string) bool { return slices.Contains(before, f) })
			if !slices.Equal(now, test.files) {
				t.Errorf("now there are %q; want %q", now, test.files)
			}
			for _, name := range []string{"depfetch", "deplock"} {
				if test.files != nil && read(t, filepath.Join(c.root, "usr/local/bin", name)) != read(t, filepath.Join(programs, name)) {
					t.Errorf("%s is not the program", name)
				}
			}
			if test.shells != nil && !strings.Contains(read(t, filepath.Join(c.root, test.files[2])), "__start_deplock") {
				t.Error("bash does not complete deplock")
			}
		})
	}
	output, err := exec.Command("shellcheck", "--shell=sh", filepath.Join(feature, "install.sh")).CombinedOutput()
	if err != nil {
		t.Errorf("shellcheck: %v\n%s", err, output)
	}
}

// TestFeaturePackage has the tool of the specification's authors read the example, package
// the feature, and publish it in a registry.
func TestFeaturePackage(t *testing.T) {
	tool := func(args ...string) string {
		t.Helper()
		out, err := fromNPM(t, "@devcontainers/cli/devcontainer.js", append([]string{"features"}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("devcontainer features %q: %v\n%s", args, err, out)
		}
		return string(out)
	}
	if out := tool("resolve-dependencies", "--workspace-folder", "devcontainer"); !strings.Contains(out, `"id": "./depfetch"`) {
		t.Errorf("devcontainer.json has not the feature:\n%s", out)
	}
	to := t.TempDir()
	tool("package", feature, "--force-clean-output-folder", "--output-folder", to)
	in := tar.NewReader(bytes.NewReader([]byte(read(t, filepath.Join(to, "devcontainer-feature-depfetch.tgz")))))
	found := map[string]int64{}
	for {
		h, err := in.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		found[strings.TrimPrefix(h.Name, "./")] = h.Mode & 0o777
	}
	if found["install.sh"]&0o111 != 0o111 || found["devcontainer-feature.json"] == 0 {
		t.Errorf("the package holds %v", found)
	}
	// The tool speaks plain HTTP to a registry of this name alone.
	registry := strings.Replace(startRegistry(t), "127.0.0.1", "localhost", 1)
	if out := tool("publish", feature, "--registry", registry, "--namespace", "tools"); !strings.Contains(out, `"publishedTags":["0","0.1","0.1.0","latest"]`) {
		t.Errorf("devcontainer features publish:\n%s", out)
	}
}
