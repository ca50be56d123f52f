//go:build e2e

package examples_test

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"depfetch/lock"
)

// dockerCommand is the first `docker buildx build` of a README, over all of its
// continued lines.
var dockerCommand = regexp.MustCompile(`(?m)^ *docker buildx build ((?:.*\\\n)*.*)$`)

// readCommand returns the build that an example's README tells people to run, in
// the terms of these tests, so that the command is tested with the Dockerfile.
func readCommand(t *testing.T, example string, secrets map[string]string) build {
	t.Helper()
	found := dockerCommand.FindStringSubmatch(read(t, filepath.Join(example, "README.md")))
	if found == nil {
		t.Fatalf("%s/README.md: no `docker buildx build` command", example)
	}
	words := strings.Fields(strings.ReplaceAll(found[1], "\\\n", " "))
	b := build{secrets: map[string]string{}}
	for len(words) >= 2 {
		flag, value := words[0], words[1]
		words = words[2:]
		switch flag {
		case "--tag":
		case "--build-arg": // the environment has its value
			if b.args == nil {
				b.args = map[string]string{}
			}
			b.args[value] = ""
		case "--build-context":
			if value != "depfetch=bin" {
				t.Errorf("%s/README.md: %s %s: want depfetch=bin, where `make build` puts it", example, flag, value)
			}
		case "--platform":
			b.platforms = strings.Split(value, ",")
		case "--secret":
			id, _, _ := strings.Cut(strings.TrimPrefix(value, "id="), ",")
			file, ok := secrets[id]
			if !ok {
				t.Fatalf("%s/README.md: no secret %q is known", example, id)
			}
			b.secrets[id] = file
		default:
			t.Fatalf("%s/README.md: this test does not know the flag %s", example, flag)
		}
	}
	if want := "examples/" + example; len(words) != 1 || words[0] != want {
		t.Errorf("%s/README.md: the context is %q; want %s", example, words, want)
	}
	return b
}

// downloaded fails the test unless all that a lockfile has for addresses of a
// platform is in the image, under the names of the addresses' last elements.
func (im image) downloaded(t *testing.T, u *upstream, lockfile, platform string) {
	t.Helper()
	f, err := lock.Parse("deps.lock.toml", []byte(lockfile))
	if err != nil {
		t.Fatal(err)
	}
	_, arch, _ := strings.Cut(platform, "/")
	for _, pin := range f.URLs {
		if !strings.Contains(pin.URL, arch) {
			continue
		}
		name, _, _ := strings.Cut(path.Base(pin.URL), "_")
		got, ok := im.files["usr/local/bin/"+name]
		if !ok || sumOf(got.body) != pin.Digest.String() || got.mode != 0o755 {
			t.Errorf("%s: /usr/local/bin/%s is not what %s has", platform, name, pin.URL)
		}
		if n := u.served()[strings.TrimPrefix(pin.URL, u.URL)]; n != 1 {
			t.Errorf("%s was downloaded %d times", pin.URL, n)
		}
	}
}

// readdress gives the addresses of a Dockerfile u as their host.
func (u *upstream) readdress(t *testing.T, dir string) {
	t.Helper()
	name := filepath.Join(dir, "Dockerfile")
	write(t, name, strings.ReplaceAll(read(t, name), "https://", u.URL+"/"))
}

// block is a block of code of a README that says in which language it is.
var block = regexp.MustCompile("(?ms)^```(dockerfile|toml)\n(.*?)^```$")

// TestReadmeSync makes of the first Dockerfile of the project's README, by the first
// of the commands that it shows, the second one and the lockfile below it. Then it runs
// the command lines of sync in the README of deplock.
func TestReadmeSync(t *testing.T) {
	text := read(t, "../README.md")
	blocks := block.FindAllStringSubmatch(text, 3)
	if len(blocks) != 3 || blocks[0][1]+blocks[1][1]+blocks[2][1] != "dockerfiledockerfiletoml" {
		t.Fatal("the README does not begin with a Dockerfile before and after, and its lockfile")
	}
	u := newUpstream(t)
	u.rewrite(t, blocks[2][2])
	dir := t.TempDir()
	name := filepath.Join(dir, "Dockerfile")
	write(t, name, blocks[0][2])
	u.readdress(t, dir)
	deplock := buildProgram(t, "deplock")
	synced(t, deplock, dir)
	if got := strings.ReplaceAll(read(t, name), u.URL+"/", "https://"); got != blocks[1][2] {
		t.Errorf("sync makes of it\n%s\nwant\n%s", got, blocks[1][2])
	}
	want, err := lock.Parse("README.md", []byte(blocks[2][2]))
	if err != nil {
		t.Fatal(err)
	}
	got, err := lock.Parse("deps.lock.toml", []byte(read(t, filepath.Join(dir, "deps.lock.toml"))))
	if err != nil {
		t.Fatal(err)
	}
	for i, pin := range want.URLs {
		if len(got.URLs) != len(want.URLs) || strings.ReplaceAll(got.URLs[i].URL, u.URL+"/", "https://") != pin.URL {
			t.Fatalf("sync has locked %v; want %v", got.URLs, want.URLs)
		}
	}
	base := []string{"--opt", "context:buildpack-deps:bookworm-curl=local:debian"}
	build{dir: dir, flags: base}.run(t).image(t)
	command := regexp.MustCompile(`(?m)^git add .*$`).FindString(text)
	commit := exec.Command("sh", "-ec", "git init -q && "+command)
	commit.Dir = dir
	commit.Env = append(os.Environ(), "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
	if out, err := commit.CombinedOutput(); err != nil || command == "" {
		t.Errorf("%q: %v\n%s", command, err, out)
	}

	// The other command lines of sync, against what is there now.
	text = read(t, "../cmd/deplock/README.md")
	commands := regexp.MustCompile(`(?m)^deplock (sync\b[^#\n]*)`).FindAllStringSubmatch(text, -1)
	if len(commands) < 5 {
		t.Errorf("cmd/deplock/README.md shows %d command lines of sync", len(commands))
	}
	for _, m := range commands {
		args := append(strings.Fields(m[1]), "--allow-http")
		if strings.Contains(m[1], "--vendor") {
			args = append(args, "--vendor-from", makePrograms(t, "amd64", "arm64"))
		}
		if out, code := deplockIn(t, deplock, dir, args...); code != 0 {
			t.Errorf("deplock %s: exit code %d\n%s", strings.Join(args, " "), code, out)
		}
	}
	if got := strings.ReplaceAll(read(t, name), u.URL+"/", "https://"); got != blocks[0][2] {
		t.Errorf("after --undo it is\n%s", got)
	}
}

// TestReadmes builds every example as its README says and finds every file in
// its place, for each platform.
func TestReadmes(t *testing.T) {
	dir := t.TempDir()
	netrc, ca := filepath.Join(dir, "netrc"), filepath.Join(dir, "ca.pem")
	write(t, netrc, "machine 127.0.0.1 login ci-robot password swordfish\n")
	write(t, ca, otherCA(t))
	for _, example := range folders(t) {
		t.Run(example, func(t *testing.T) {
			u := newUpstream(t)
			lockfile := u.lockfile(t, example)
			b := readCommand(t, example, map[string]string{"netrc": netrc, "ca": ca})
			b.dir = stage(t, example, lockfile)
			u.readdress(t, b.dir)
			frontendIn(t, b.dir)
			want := b.platforms
			if len(want) == 0 {
				want = []string{native}
			}
			images := b.run(t).images(t)
			for _, p := range want {
				im, ok := images[p]
				if !ok {
					t.Errorf("no image for %s", p)
					continue
				}
				im.filled(t, pinned(t, lockfile, p))
				im.downloaded(t, u, lockfile, p)
				// What the build mounts, it takes away again.
				for _, name := range []string{"depfetch", "deps.lock.toml", "cache/", "out/", "run/"} {
					if _, ok := im.files[name]; ok {
						t.Errorf("%s: the image has a /%s", p, name)
					}
				}
			}
		})
	}
}
