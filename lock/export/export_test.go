package export_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"depfetch/lock"
	"depfetch/lock/export"
)

var update = flag.Bool("update", false, "rewrite the files of testdata")

const sum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// parse returns a lockfile with SUM in the place of a sha256.
func parse(t *testing.T, text string) *lock.File {
	t.Helper()
	f, err := lock.Parse("deps.lock.toml", []byte(strings.ReplaceAll(text, "SUM", sum)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// stages returns the Dockerfile of a lockfile, and what it lacks.
func stages(t *testing.T, text string) (dockerfile string, left []string) {
	t.Helper()
	f := parse(t, text)
	var b bytes.Buffer
	left, err := export.Dockerfile{Lockfile: "deps.lock.toml", Platforms: export.StagePlatforms(f), Deps: f.Deps, Pins: f.URLs}.Write(&b)
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), left
}

// TestDockerfile compares the stages of a lockfile that has all of it with a file.
func TestDockerfile(t *testing.T) {
	text, err := os.ReadFile("testdata/all.toml")
	if err != nil {
		t.Fatal(err)
	}
	got, left := stages(t, string(text))
	for _, l := range left {
		got += "left: " + l + "\n"
	}
	if *update {
		if err := os.WriteFile("testdata/all.Dockerfile", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/all.Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestDockerfileLeft holds what stages do not do, and that they say so in both places.
func TestDockerfileLeft(t *testing.T) {
	for _, c := range []struct{ url, keys, want string }{
		{"https://example.com/a.tar.gz", ``, "it has no path"},
		{"file:///srv/a", `path = "/a"`, "ADD takes no file URL; COPY a file of the build context"},
		{"https://example.com/a.git?x=1", `path = "/a"`, "ADD takes an address that ends in .git for a repository"},
		{"https://example.com/a", `path = "/b\u202ec/d"`, "its path holds characters that cannot be seen"},
		{"https://example.com/a", `path = "/b /d"`, "its path holds characters that cannot be seen"},
		{"https://example.com/a.zip", `path = "/a"` + "\n" + `unpack = true`, "ADD unpacks tar archives alone, and the name does not say that it is one"},
		{"https://example.com/a.deb", `path = "/a"` + "\n" + `member = "usr/bin/a"`, "ADD unpacks tar archives alone, and the name does not say that it is one"},
		{"https://example.com/a.gz", `path = "/a"` + "\n" + `member = "a"`, "ADD unpacks tar archives alone, and the name does not say that it is one"},
		{"https://example.com/a.tgz", `path = "/a"` + "\n" + `member = "*/a"`, `member = "*/a" may be a glob, and COPY does not hold it to one file; write the name`},
		{"https://example.com/a.tgz", `path = "/a"` + "\n" + `unpack = { modes = { "bin/*" = "0755" }, drop_special_bits = true }`, "ADD and COPY cannot unpack with modes, drop_special_bits"},
		{"https://example.com/a.tgz", `path = "/a"` + "\n" + `unpack = { include = ["bin/*", "[ab]", "a**"] }`, `ADD and COPY cannot unpack with include = "[ab]", include = "a**"`},
	} {
		text := fmt.Sprintf("version = 1\n[deps.a]\nurl = %q\n%s\nlocked.any = { url = %q, sha256 = \"SUM\" }\n", c.url, c.keys, c.url)
		got, left := stages(t, text)
		if want := "a: left out: " + c.want; !slices.Equal(left, []string{want}) || !strings.Contains(got, "\n# "+want+"\n") {
			t.Errorf("%s: left is %q; want %q, here too:\n%s", c.keys, left, want, got)
		}
		if strings.Contains(got, "\nADD ") || strings.Contains(got, "\nCOPY ") {
			t.Errorf("%s: something is done all the same:\n%s", c.keys, got)
		}
	}
	got, left := stages(t, "version = 1\n[deps.a]\nurl = \"https://example.com/a\"\npath = \"/a\"\n")
	if want := []string{"a: left out: nothing is locked for it"}; !slices.Equal(left, want) || !strings.Contains(got, "\nFROM scratch AS deps\n") {
		t.Errorf("left is %q; want %q\n%s", left, want, got)
	}
}

// TestDockerfileNames holds that every stage has a name of its own.
func TestDockerfileNames(t *testing.T) {
	dep := func(name, lines string) string {
		return fmt.Sprintf("[deps.%q]\nurl = \"https://example.com/a.tgz\"\npath = \"/%s\"\nmember = \"a\"\n%s", name, name, lines)
	}
	line := ` = { url = "https://example.com/a.tgz", sha256 = "SUM" }` + "\n"
	got, left := stages(t, "version = 1\n"+
		dep("a-linux-amd64", "locked.any"+line)+
		dep("a", `locked."linux/amd64"`+line+`locked."linux/arm/v7"`+line)+
		dep("a+b", "locked.any"+line)+dep("a-b", "locked.any"+line))
	if len(left) > 0 {
		t.Error(left)
	}
	names := make(map[string]bool)
	for l := range strings.Lines(got) {
		words := strings.Fields(l)
		if len(words) != 4 || words[0] != "FROM" {
			continue
		}
		if name := words[3]; names[name] || strings.ToLower(name) != name || strings.Contains(name, "+") {
			t.Errorf("the stage %s is there twice, or has a name that no stage can have", name)
		} else {
			names[name] = true
		}
	}
	for _, want := range []string{"deps", "deps-linux-amd64", "deps-linux-armv7", "archive-a-linux-amd64", "archive-a-linux-amd64-2", "archive-a-b-2"} {
		if !names[want] {
			t.Errorf("no stage %s; there are %v", want, names)
		}
	}
}

// TestAddQuotes holds that what means something to a shell is taken as it is.
func TestAddQuotes(t *testing.T) {
	f := parse(t, `version = 1
[deps.a]
url = "https://example.com/$a'b"
path = "/a\"b'$c"
locked.any = { url = "https://example.com/$a'b", sha256 = "SUM" }`)
	var b bytes.Buffer
	if err := export.Add(&b, export.Lines(f.Deps)); err != nil {
		t.Fatal(err)
	}
	if want := `["https://example.com/\\$a\\'b", "/a\\\"b\\'\\$c"]`; !strings.Contains(b.String(), want) {
		t.Errorf("got %s; want %s", b.String(), want)
	}
}

// TestPolicyOnce holds that an address has one rule, and that what has none is named.
func TestPolicyOnce(t *testing.T) {
	f := parse(t, `version = 1
[deps.a]
url = "https://example.com/a"
locked.any = { url = "https://example.com/a", sha256 = "SUM" }
[deps.b]
url = "file:///b"
locked.any = { url = "file:///b", sha256 = "SUM" }
[urls]
"https://example.com/a" = { sha256 = "SUM" }
"https://example.com/n" = { unpinned = "it moves" }`)
	var b bytes.Buffer
	left, err := export.Policy(&b, export.Lines(f.Deps), f.URLs)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"b: left out: a build takes no file URL", "https://example.com/n: left out: it is unpinned: it moves"}
	if n := strings.Count(b.String(), `"http.checksum": "sha256:`+sum); n != 1 || !slices.Equal(left, want) {
		t.Errorf("%d rules, and left is %q; want 1 and %q", n, left, want)
	}
}
