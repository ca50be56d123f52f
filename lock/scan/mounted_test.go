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

// TestFrontend holds that what depfetch-frontend adopts is pinned, and what it leaves to
// the image's own programs is not.
func TestFrontend(t *testing.T) {
	for _, test := range []struct {
		syntax, lines string
		want          string // the rules that find something
	}{
		{"registry.example.com/depfetch-frontend:1@sha256:0123", "RUN curl -fsSLO https://example.com/a-1.0\nADD https://example.com/b-1.0 /b", ""},
		{"depfetch-frontend", "RUN wget https://example.com/a-1.0", ""},
		{"registry.example.com/depfetch-frontend/other", "RUN curl -fsSLO https://example.com/a-1.0", "unpinned-image unverified"},
		{"docker/dockerfile:1", "ADD https://example.com/b-1.0 /b", "unpinned-image add-unverified"},
		{"depfetch-frontend", "RUN /usr/bin/curl -fsSLO https://example.com/a-1.0", "unverified"},
		{"depfetch-frontend", "RUN sudo curl -fsSLO https://example.com/a-1.0", "unverified"},
		{"depfetch-frontend", "RUN curl -fsSLO https://example.com/$(cat v)/a", "unverified"},
		{"depfetch-frontend", "RUN pip install https://example.com/a-1.0-py3-none-any.whl", "unverified"},
		{"depfetch-frontend", "ADD https://example.com/latest/b /b", "add-unverified"},
		{"depfetch-frontend", "ARG TARGETARCH\nADD https://example.com/b-1.0-$TARGETARCH https://example.com/c-1.0 /b/", ""},
		{"depfetch-frontend", "ADD https://example.com/b-1.0 https://example.com/latest/c /b/", "add-unverified add-unverified"},
		{"depfetch-frontend", "RUN curl -fsSLO https://example.com/a-1.0\nFROM debian:13\nUSER a", "unpinned-image"},
	} {
		f, err := dockerfile.Parse("Dockerfile", []byte("# syntax="+test.syntax+"\nFROM debian:12\nUSER a\n"+test.lines+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, x := range File(f, Options{LockedImage: func(name string) bool { return name == "docker.io/library/debian:12" }}) {
			if x.Level > Note && x.Rule.ID != "unpinned-url" {
				got = append(got, x.Rule.ID)
			}
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s, %s: %v, want %s", test.syntax, test.lines, got, test.want)
		}
	}
}
