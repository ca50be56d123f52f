//go:build bench

package main_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"

	"depfetch/cmd/internal/bench"
	"depfetch/lock"
)

const (
	checkWorkload   = "check: 2,000 locked lines"
	processWorkload = "the same in one process"

	toolCheck      = "deplock check"
	toolPackage    = "lock.Parse, Check, CheckComplete"
	toolToml       = "toml.Decode"
	toolTomlStruct = "toml.Decode, into a struct"
	lockedLines    = 2000
)

// decoderSource decodes a lockfile with the TOML library and does no more. The
// type layout is in a file of its own.
const decoderSource = `package main

import (
	"log"
	"os"

	"github.com/BurntSushi/toml"
)

func main() {
	var into any = new(layout)
	if os.Args[1] == "map" {
		into = new(map[string]any)
	}
	text, err := os.ReadFile(os.Args[2])
	if err == nil {
		_, err = toml.Decode(string(text), into)
	}
	if err != nil {
		log.Fatal(err)
	}
}
`

// layoutSource returns the file with the type layout, for a program.
func layoutSource(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("bench_layout_test.go")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Replace(string(text), "package main_test", "package main", 1)
}

// checkGroups compare reading and checking a large lockfile with decoding it.
func (b *benchmark) checkGroups() []*bench.Group {
	text := bigLockfile(lockedLines)
	name := b.Write("big.lock.toml", []byte(text))
	if meta, err := toml.Decode(text, new(layout)); err != nil {
		b.T.Fatal(err)
	} else if left := meta.Undecoded(); len(left) > 0 {
		b.T.Fatalf("the struct does not take %s", left[0])
	}
	read := func() error {
		f, err := lock.Parse(name, []byte(text))
		if err != nil {
			return err
		}
		lines := 0
		for _, d := range f.Deps {
			lines += len(d.Locked)
		}
		if lines != lockedLines {
			return fmt.Errorf("%d locked lines, want %d", lines, lockedLines)
		}
		return errors.Join(f.Check(), f.CheckComplete())
	}
	decode := func(into any) error {
		_, err := toml.Decode(text, into)
		return err
	}
	return []*bench.Group{
		b.server.counted(0, &bench.Group{Workload: checkWorkload, Rounds: checkRounds, Rows: []*bench.Row{
			{Tool: toolCheck, Argv: []string{b.Bin, "check", "-f", name}, Says: fmt.Sprintf("%d locked lines, all in order", lockedLines)},
			{Tool: toolToml, Argv: []string{b.decoder, "map", name}},
			{Tool: toolTomlStruct, Argv: []string{b.decoder, "struct", name}},
		}}),
		{Workload: processWorkload, Rounds: checkRounds, Rows: []*bench.Row{
			{Tool: toolPackage, Call: read},
			{Tool: toolToml, Call: func() error { return decode(new(map[string]any)) }},
			{Tool: toolTomlStruct, Call: func() error { return decode(new(layout)) }},
		}},
	}
}

// system is a platform, and what upstreams call it.
type system struct{ os, arch, uname, alias string }

// systems are in the order in which dependencies lock them: the first two, the
// first three or all.
var systems = []system{
	{"linux", "amd64", "x86_64", "x86_64-unknown-linux-musl"},
	{"linux", "arm64", "aarch64", "aarch64-unknown-linux-gnu"},
	{"darwin", "arm64", "arm64", "aarch64-apple-darwin"},
	{"linux", "ppc64le", "ppc64le", "powerpc64le-unknown-linux-gnu"},
}

// shape is a way in which upstreams publish. NAME stands for the dependency's.
type shape struct {
	url  string
	keys string // the further keys of the dependency
}

var shapes = []shape{
	{"https://github.com/acme/NAME/releases/download/v{version}/NAME_{version}_{os}_{arch}.tar.gz",
		`sums    = "https://github.com/acme/NAME/releases/download/v{version}/NAME_{version}_checksums.txt"
latest  = { github = "acme/NAME", min-age = "7d" }
member  = "NAME_{version}_{os}_{arch}/NAME"
path    = "/usr/local/bin/NAME"
mode    = "0755"
`},
	{"https://dl.k8s.io/release/v{version}/bin/{os}/{arch}/NAME",
		`sums    = "{url}.sha256"   # one list for each file
path    = "/usr/local/bin/NAME"
mode    = "0755"
groups  = ["kubernetes", "build"]
`},
	{"https://downloads.example.com/NAME/{major}.{minor}/NAME-{version}-{alias}.tar.xz",
		`mirrors = ["https://mirror.example.org/NAME/NAME-{version}-{alias}.tar.xz"]
alias   = { "linux/amd64" = "x86_64-unknown-linux-musl", "linux/arm64" = "aarch64-unknown-linux-gnu", "linux/ppc64le" = "powerpc64le-unknown-linux-gnu", "darwin/arm64" = "aarch64-apple-darwin" }
path    = "/opt/NAME"
unpack  = { strip = 1, include = ["bin/*", "lib/*"] }
`},
	{"https://releases.example.com/NAME/NAME-{os}-{uname}-{version}.zip",
		`sums      = "https://releases.example.com/NAME/SHA256SUMS-{version}"
signature = "https://releases.example.com/NAME/SHA256SUMS-{version}.asc"
path      = "/usr/local/share/NAME.zip"
owner     = "1000:1000"
`},
}

const bigHeader = `# The tools that our images are built from. Nobody edits the locked lines by
# hand: deplock update NAME@VERSION writes them.
version = 1
platforms = ["linux/amd64", "linux/arm64"]

[policy]
hosts = ["github.com", "*.githubusercontent.com", "dl.k8s.io", "*.example.com", "mirror.example.org"]
trust = "tofu" # not every upstream publishes sums
`

// bigLockfile returns a lockfile with so many locked lines, all in order. It is
// the same in every run.
func bigLockfile(lines int) string {
	random := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	b.WriteString(bigHeader)
	for i := 0; lines > 0; i++ {
		n := min(2+random.IntN(3), lines)
		if lines-n == 1 { // no dependency has a single one
			n = lines
		}
		lines -= n
		writeDep(&b, random, i, systems[:n])
	}
	return b.String()
}

// writeDep writes dependency i, locked for each of the systems, as deplock lays
// one out.
func writeDep(b *strings.Builder, random *rand.Rand, i int, locked []system) {
	s := shapes[i%len(shapes)]
	name := fmt.Sprintf("tool-%03d", i)
	major, minor := random.IntN(20), random.IntN(50)
	version := fmt.Sprintf("%d.%d.%d", major, minor, random.IntN(10))
	url := strings.ReplaceAll(s.url, "NAME", name)

	b.WriteByte('\n')
	if i%3 == 0 {
		fmt.Fprintf(b, "# %s: the next version needs a newer base image, see the\n# notes of the last upgrade before you raise it.\n", name)
	}
	fmt.Fprintf(b, "[deps.%s]\nversion = %q\nurl     = %q\n", name, version, url)
	b.WriteString(strings.ReplaceAll(s.keys, "NAME", name))
	if len(locked) > 2 {
		b.WriteString("platforms = [")
		for i, p := range locked {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(b, "%q", p.os+"/"+p.arch)
		}
		b.WriteString("]\n")
	}
	fmt.Fprintf(b, "\n[deps.%s.locked]\n", name)
	for _, p := range locked {
		expanded := strings.NewReplacer("{version}", version, "{major}", fmt.Sprint(major), "{minor}", fmt.Sprint(minor),
			"{os}", p.os, "{arch}", p.arch, "{uname}", p.uname, "{alias}", p.alias).Replace(url)
		trust := "tofu"
		if strings.Contains(s.keys, "sums") {
			trust = "published"
		}
		fmt.Fprintf(b, "%q = { url = %q, sha256 = \"%016x%016x%016x%016x\", size = %d, trust = %q }\n", p.os+"/"+p.arch,
			expanded, random.Uint64(), random.Uint64(), random.Uint64(), random.Uint64(), random.IntN(200<<20), trust)
	}
}
