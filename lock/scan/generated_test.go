package scan

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"depfetch/lock"
	"depfetch/lock/dockerfile"
	"depfetch/lock/dockerfile/script"
)

// names are what upstreams call a platform.
type names struct{ arch, uname, apk, alias string }

var platforms = map[lock.Platform]names{
	"linux/amd64":  {"amd64", "x86_64", "x86_64", "x64"},
	"linux/arm64":  {"arm64", "aarch64", "aarch64", "arm64"},
	"linux/arm/v7": {"arm", "armv7l", "armv7", "armv7l"},
}

// idiom is a way to download one file: @N stands for its name, @V for its
// version, @S for a sum. url is the address, with words in
// braces for the platform. Checked says that a check can fail.
type idiom struct {
	text, url string
	checked   bool
}

var idioms = []idiom{
	{"RUN curl -fsSLo /usr/local/bin/@N https://h/@N/@V/@N && chmod +x /usr/local/bin/@N", "https://h/@N/@V/@N", false},
	{"ARG TARGETARCH\nRUN curl -fsSLo /@N \"https://h/@N/@V/@N-${TARGETARCH}\" && \\\n  echo \"@S  /@N\" | sha256sum -c -", "https://h/@N/@V/@N-{arch}", true},
	{"ENV TOOL_VERSION @V\nRUN set -eux; \\\n\twget -O /@N.tgz \"https://h/@N/$TOOL_VERSION/@N-${TOOL_VERSION%.*}.tgz\"; \\\n\techo '@S */@N.tgz' | sha256sum -c -; \\\n# a comment\n\ttar -xzf /@N.tgz -C /usr/local --strip-components=1; \\\n\trm /@N.tgz", "https://h/@N/@V/@N-{mm}.tgz", true},
	{"ARG TOOL=@V\nRUN case \"$(uname -m)\" in \\\n    x86_64) A=x64 ;; \\\n    aarch64|arm64) A=arm64 ;; \\\n    armv7l) A=armv7l ;; \\\n    *) exit 1 ;; \\\n  esac && \\\n  curl -fLO https://h/@N-v$TOOL-$A.tar.xz && tar xJf @N-v$TOOL-$A.tar.xz", "https://h/@N-v@V-{alias}.tar.xz", false},
	{"RUN apk add --no-cache curl && arch=\"$(apk --print-arch)\"; url=; case \"$arch\" in 'x86_64') url='https://h/@N-x86_64';; 'aarch64') url='https://h/@N-aarch64';; 'armv7') url='https://h/@N-armv7';; esac; curl -fo /@N \"$url\"", "https://h/@N-{apk}", false},
	{"RUN for f in @N; do curl -fL -o \"/tmp/$f\" \"https://h/@V/$f\" || exit 1; done", "https://h/@V/@N", false},
	{"RUN <<EOF\nset -e\nget() { curl -fLo \"$2\" \"$1\"; echo \"$3  $2\" | sha256sum -c; }\nget https://h/@N-$(uname -m | sed 's/armv7l/arm/') /@N @S\nEOF", "https://h/@N-{sed}", true},
	{"RUN curl -fsSL https://h/@N-$(uname -s)-$(uname -m).tar.gz | tar -xz -C /opt", "https://h/@N-Linux-{uname}.tar.gz", false},
	{"ARG TARGETARCH\nRUN if [ \"$TARGETARCH\" = \"amd64\" ]; then A=x64; elif [ \"$TARGETARCH\" = arm64 ]; then A=arm64; else A=armv7l; fi && \\\n    wget -qO- \"https://h/@N/$A\" | bash -s -- -y", "https://h/@N/{alias}", false},
	{"SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\nRUN V=@V; curl -fLo /@N https://h/@N/${V//./_} && [[ \"$(sha256sum /@N | cut -d' ' -f1)\" == \"@S\" ]] || exit 1", "https://h/@N/{under}", true},
}

// generated is a Dockerfile with the addresses that it downloads.
type generated struct {
	text string
	want map[lock.Platform][]string
	// unchecked is how many of the downloads nothing checks.
	unchecked int
}

// generate returns the i-th of the Dockerfiles, which are the same in every run.
func generate(i int) generated {
	random := rand.New(rand.NewPCG(7, uint64(i)))
	g := generated{text: "# syntax=docker/dockerfile:1\nFROM debian:bookworm-slim AS build\n", want: make(map[lock.Platform][]string)}
	for k := range 2 + random.IntN(8) {
		x := idioms[random.IntN(len(idioms))]
		name := fmt.Sprintf("tool%d", k)
		version := fmt.Sprintf("%d.%d.%d", random.IntN(9), random.IntN(30), random.IntN(9))
		sum := strings.Repeat(fmt.Sprintf("%04x", random.IntN(1<<16)), 16)
		g.text += strings.NewReplacer("@N", name, "@V", version, "@S", sum).Replace(x.text) + "\n"
		if !x.checked {
			g.unchecked++
		}
		for p, n := range platforms {
			sed := strings.Replace(n.uname, "armv7l", "arm", 1)
			words := strings.NewReplacer("{arch}", n.arch, "{uname}", n.uname, "{apk}", n.apk, "{alias}", n.alias, "{sed}", sed,
				"{mm}", version[:strings.LastIndexByte(version, '.')], "{under}", strings.ReplaceAll(version, ".", "_"), "@N", name, "@V", version)
			g.want[p] = append(g.want[p], words.Replace(x.url))
		}
	}
	g.text += "FROM scratch\nCOPY --from=build / /\nUSER 1000\n"
	return g
}

// TestGenerated holds that every address of 500 Dockerfiles is resolved to the
// right one, on three platforms, and that just what is unchecked is found.
func TestGenerated(t *testing.T) {
	for i := range 500 {
		g := generate(i)
		f, err := dockerfile.Parse("Dockerfile", []byte(g.text))
		if err != nil {
			t.Fatalf("%v\n%s", err, g.text)
		}
		for p, want := range g.want {
			var got []string
			for _, x := range script.Downloads(f.Trace(p).Stages[0].Events) {
				if x.URL.Known() {
					got = append(got, x.URL.Text)
				}
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%s\n%s: got\n%s\nwant\n%s", g.text, p, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
		n := 0
		for _, x := range File(f, Options{}) {
			switch x.Rule.ID {
			case "unverified", "pipe-to-shell", "pipe-to-tar":
				n++
			case "unpinned-image", "tools-left":
			default:
				t.Fatalf("%s\n%d:%d %s: %s", g.text, x.Start.Line, x.Start.Col, x.Rule.ID, x.Message)
			}
		}
		if n != g.unchecked {
			t.Fatalf("%s\n%d unchecked downloads found, want %d", g.text, n, g.unchecked)
		}
	}
}

// BenchmarkScan reads 500 Dockerfiles. With SCAN_KEEP, a directory, it leaves them
// there, to give them to other programs.
func BenchmarkScan(b *testing.B) {
	var texts [][]byte
	for i := range 500 {
		texts = append(texts, []byte(generate(i).text))
		if dir := os.Getenv("SCAN_KEEP"); dir != "" {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("Dockerfile.%d", i)), texts[i], 0o644); err != nil {
				b.Fatal(err)
			}
		}
	}
	for b.Loop() {
		n := 0
		for i, text := range texts {
			f, err := dockerfile.Parse(fmt.Sprint(i), text)
			if err != nil {
				b.Fatal(err)
			}
			n += len(File(f, Options{}))
		}
		if n == 0 {
			b.Fatal("nothing found")
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/5, "s/100files")
}
