package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// imageFiles writes a lockfile and files that pin images of a registry, and leave one
// unpinned, and changes to their folder. It returns the digests of an index and an image.
func imageFiles(t *testing.T, r images) (index, single string) {
	t.Helper()
	name, _ := mirrorLock(t, 1)
	index, single = r.push(t, "tools/go:1.26", true), r.push(t, "debian:12", false)
	t.Chdir(filepath.Dir(name))
	for name, text := range map[string]string{
		"Dockerfile":   "ARG TAG=12@" + single + "\nFROM HOST/tools/go:1.26@" + index + " AS build\nFROM HOST/debian:$TAG\nCOPY --from=HOST/tools/go@" + index + " /a /a\nFROM HOST/open:1\n",
		"compose.yaml": "services: {a: {image: HOST/debian:12@" + single + "}}\n",
	} {
		if err := os.WriteFile(name, []byte(strings.ReplaceAll(text, "HOST", r.host)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return index, single
}

// testMirrorImages copies images from one registry to another and from there to a
// directory, and says what is where.
func testMirrorImages(t *testing.T, from, to images) {
	t.Helper()
	index, single := imageFiles(t, from)
	run := func(want int, args ...string) (stdout, stderr string) {
		t.Helper()
		code, stdout, stderr := deplock(t, append([]string{"mirror"}, args...)...)
		if code != want {
			t.Fatalf("%v: exit %d, want %d\n%s%s", args, code, want, stdout, stderr)
		}
		return stdout, stderr
	}
	target := to.host + "/team/deps"
	run(0, "push", "oci://"+target)
	if out, _ := run(1, "check", "--images", "oci://"+target); !strings.Contains(out, "images: 0 present, 2 missing, 0 wrong, 0 unreachable\n") ||
		!strings.Contains(out, "missing      "+from.host+"/debian:12@"+single+"\n") {
		t.Error(out)
	}
	out, stderr := run(0, "push", "--images", "oci://"+target)
	below := target + "/" + strings.ReplaceAll(from.host, ":", "_")
	if !strings.Contains(out, "pushed 2 images, ") || !strings.Contains(out, "; 0 there already\n"+below+" is a mirror of "+from.host+"\n") {
		t.Error(out)
	}
	if !strings.Contains(stderr, "deplock: warning: Dockerfile:5:6: "+from.host+"/open:1 has no digest, and is left out\ndeplock: hint: deplock pin writes the digests\n") ||
		!strings.Contains(stderr, "pushed      "+from.host+"/debian:12 (3 parts, ") {
		t.Error(stderr)
	}
	if out, _ := run(0, "push", "--images=.", "oci://"+target); !strings.Contains(out, "pushed 0 images, 0 B; 2 there already\n") {
		t.Error(out)
	}
	out, _ = run(0, "check", "--images", "--deep", "--json", "oci://"+target)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var line mirroredImage
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &line); err != nil || len(lines) != 3 || line.Status != "present" ||
		line.Image != from.host+"/tools/go:1.26" || line.At != below+"/tools/go@"+index {
		t.Errorf("%v, %s", err, out)
	}
	dir := t.TempDir()
	run(0, "pull", "--images", "oci://"+target, dir)
	run(0, "check", "--images", "--deep", dir)
	blobs, err := filepath.Glob(filepath.Join(dir, "blobs/sha256/*"))
	if err != nil {
		t.Fatal(err)
	}
	// What the images have stays in a cache that is pruned.
	code, _, stderr := deplock(t, "cache", "prune", "--cache", dir)
	if left, _ := filepath.Glob(filepath.Join(dir, "blobs/sha256/*")); code != 0 || len(left) != len(blobs) {
		t.Errorf("prune: exit %d, leaves %d of %d\n%s", code, len(left), len(blobs), stderr)
	}
	run(0, "check", "--images", "--deep", dir)
	run(0, "push", "--images", "--offline", "--cache", dir, "oci://"+to.host+"/other")
	run(0, "check", "--images", "oci://"+to.host+"/other")
}

// TestMirrorImagesDamaged: a file of the cache, or of a directory that is TARGET, which is
// damaged is named, and not TARGET in its place.
func TestMirrorImagesDamaged(t *testing.T) {
	from := memory(t, "")
	config(t, "{}")
	imageFiles(t, from)
	dir := t.TempDir()
	if code, _, stderr := deplock(t, "mirror", "push", "--images", dir); code != 0 {
		t.Fatal(stderr)
	}
	blobs, err := filepath.Glob(filepath.Join(dir, "blobs/sha256/*"))
	if err != nil || len(blobs) < 5 {
		t.Fatal(blobs, err)
	}
	for _, blob := range blobs {
		text, err := os.ReadFile(blob)
		if err != nil {
			t.Fatal(err)
		}
		text[0] ^= 1
		if err := os.WriteFile(blob, text, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, test := range []struct {
			hint string
			args []string
		}{
			{"remove it, and what it should have is taken from elsewhere, without --offline", []string{"push", "--images", "--offline", "--cache", dir, "oci://" + memory(t, "").host + "/team/deps"}},
			{"this replaces it: deplock mirror push " + word(dir), []string{"pull", "--images", dir, t.TempDir()}},
		} {
			code, _, stderr := deplock(t, append([]string{"mirror"}, test.args...)...)
			if code != 4 || !strings.Contains(stderr, blob+": ") || !strings.Contains(stderr, test.hint) && !strings.Contains(stderr, "without --offline, replaces it") {
				t.Errorf("%v: exit %d\n%s", test.args, code, stderr)
			}
		}
		text[0] ^= 1
		if err := os.WriteFile(blob, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestMirrorImages copies images between registries that want a login each.
func TestMirrorImages(t *testing.T) {
	from, to := memory(t, "right"), memory(t, "other")
	config(t, strings.TrimSuffix(from.login("right"), "}}")+", "+strings.TrimPrefix(to.login("other"), `{"auths": {`))
	testMirrorImages(t, from, to)
}

// TestMirrorImagesLogin: what the registry of an image refuses is said of it, not of the
// target, and the other way about.
func TestMirrorImagesLogin(t *testing.T) {
	from, to := memory(t, "right"), memory(t, "other")
	config(t, from.login("right"))
	imageFiles(t, from)
	for _, test := range []struct{ logins, host string }{{from.login("right"), to.host}, {to.login("other"), from.host}} {
		config(t, test.logins)
		code, _, stderr := deplock(t, "mirror", "push", "--images", "oci://"+to.host+"/team/deps")
		if code != 3 || !strings.Contains(stderr, "hint: docker login "+test.host+"\n") {
			t.Errorf("exit %d\n%s", code, stderr)
		}
	}
}

// TestMirrorHosts: a policy that would keep depfetch from a mirror is said when it is filled.
func TestMirrorHosts(t *testing.T) {
	config(t, "{}")
	r := memory(t, "")
	name, _ := mirrorLock(t, 1)
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	host := strings.Replace(r.host, "127.0.0.1", "localhost", 1)
	for hosts, want := range map[string]bool{`"127.0.0.1"`: true, `"127.0.0.1", "localhost"`: false} {
		lock := strings.Replace(string(text), "[urls]", "[policy]\nhosts = ["+hosts+"]\n[urls]", 1)
		if err := os.WriteFile(name, []byte(lock), 0o600); err != nil {
			t.Fatal(err)
		}
		code, _, stderr := deplock(t, "-f", name, "mirror", "push", "oci://"+host+"/team/deps")
		if got := strings.Contains(stderr, "policy.hosts of the lockfile does not have "+host); code != 0 || got != want {
			t.Errorf("%s: exit %d\n%s", hosts, code, stderr)
		}
	}
}

// TestMirrorImagesLocked: an image comes along by its line in the lockfile, where no
// Dockerfile has its digest.
func TestMirrorImagesLocked(t *testing.T) {
	from, to := memory(t, ""), memory(t, "")
	config(t, "{}")
	digest := from.push(t, "debian:12", false)
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{
		"Dockerfile":     "FROM HOST/debian:12\nFROM HOST/open:1\n",
		"deps.lock.toml": "version = 1\n[images]\n\"HOST/debian:12\" = { digest = \"" + digest + "\" }\n",
	} {
		if err := os.WriteFile(name, []byte(strings.ReplaceAll(text, "HOST", from.host)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	code, stdout, stderr := deplock(t, "mirror", "push", "--images", "oci://"+to.host+"/team/deps")
	if code != 0 || !strings.Contains(stdout, "pushed 1 image, ") || strings.Count(stderr, " has no digest, and is left out") != 1 || !strings.Contains(stderr, "/open:1 has no digest") {
		t.Errorf("exit %d\n%s%s", code, stdout, stderr)
	}
}
