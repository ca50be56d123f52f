package lock

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"
)

// bigLockfile returns a lockfile of 500 dependencies with four lines each.
func bigLockfile() string {
	var b strings.Builder
	b.WriteString("version = 1\n[policy]\nhosts = [\"*.example.com\"]\ntrust = \"published\"\n")
	for i := range 500 {
		fmt.Fprintf(&b, `
[deps.tool-%[1]d]
version = "1.%[1]d.0"
url     = "https://dl.example.com/tool-%[1]d/v{version}/tool-{os}-{arch}.tar.gz"
sums    = "{url}.sha256sum"
member  = "{os}-{arch}/tool"
path    = "/usr/local/bin/tool-%[1]d"
mode    = "0755"
[deps.tool-%[1]d.locked]
`, i)
		for j, arch := range []string{"amd64", "arm64", "ppc64le", "s390x"} {
			fmt.Fprintf(&b, "\"linux/%[3]s\" = { url = \"https://dl.example.com/tool-%[1]d/v1.%[1]d.0/tool-linux-%[3]s.tar.gz\", sha256 = \"%064[4]x\", size = %[2]d, trust = \"published\" }\n",
				i, 1000+i, arch, 4*i+j+1)
		}
	}
	return b.String()
}

// BenchmarkParseAndCheck reads 2,000 locked lines. In the same breath it decodes
// the same bytes with the TOML library alone, and reports how many times as
// long reading them takes.
func BenchmarkParseAndCheck(b *testing.B) {
	text := bigLockfile()
	var read, toMap, toStruct time.Duration
	for b.Loop() {
		read += elapsed(b, func() error {
			f, err := Parse("deps.lock.toml", []byte(text))
			if err != nil {
				return err
			}
			return f.Check()
		})
		b.StopTimer()
		toMap += elapsed(b, func() error { return decodeInto(text, new(map[string]any)) })
		toStruct += elapsed(b, func() error { return decodeInto(text, new(layout)) })
		b.StartTimer()
	}
	b.ReportMetric(float64(read)/float64(toMap), "x-map")
	b.ReportMetric(float64(read)/float64(toStruct), "x-struct")
}

// elapsed returns how long f takes.
func elapsed(b *testing.B, f func() error) time.Duration {
	start := time.Now()
	if err := f(); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}

// decodeInto decodes text with the TOML library.
func decodeInto(text string, v any) error {
	_, err := toml.Decode(text, v)
	return err
}

// layout is a lockfile as a program without checks would read it.
type layout struct {
	Version int
	Policy  struct {
		Hosts []string
		Trust string
	}
	Deps map[string]struct {
		Version, URL, Sums, Member, Path, Mode string
		Locked                                 map[string]struct {
			URL, SHA256, Trust string
			Size               int64
		}
	}
}
