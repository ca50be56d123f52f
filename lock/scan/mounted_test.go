package scan

import (
	"strings"
	"testing"

	"depfetch/lock/dockerfile"
)

// TestMounted holds that what a mounted depfetch downloads is pinned, and what passes
// it by is not.
func TestMounted(t *testing.T) {
	const mount = "RUN --mount=type=bind,from=depfetch,source=depfetch,target=/usr/local/bin/curl "
	for _, test := range []struct {
		lines  string
		pinned bool
	}{
		{mount + "curl -fsSLO https://example.com/a-1.0", true},
		{mount + "curl -fsSL https://example.com/a-1.0.tgz | tar -xz", true},
		{mount + "<<EOF\ncurl -fsSLO https://example.com/a-1.0\nEOF", true},
		{"RUN curl -fsSLO https://example.com/a-1.0", false},
		{mount + "wget https://example.com/a-1.0", false},
		{mount + "/usr/bin/curl -fsSLO https://example.com/a-1.0", false},
		{mount + "sudo curl -fsSLO https://example.com/a-1.0", false},
		{mount + "curl -fsSL https://example.com/latest/install.sh | sh", false},
		{"ENV PATH=/usr/bin:/bin\n" + mount + "curl -fsSLO https://example.com/a-1.0", false},
		{mount + "true\nRUN curl -fsSLO https://example.com/a-1.0", false},
		{strings.Replace(mount, "source=depfetch", "source=curl", 1) + "curl -fsSLO https://example.com/a-1.0", false},
	} {
		f, err := dockerfile.Parse("Dockerfile", []byte("FROM debian:12\n"+test.lines+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		pinned := true
		for _, x := range File(f, Options{}) {
			if id := x.Rule.ID; id == "unverified" || strings.HasPrefix(id, "pipe-to-") {
				pinned = false
			}
		}
		if pinned != test.pinned {
			t.Errorf("%s: pinned: %v, want %v", test.lines, pinned, test.pinned)
		}
	}
}
