package scan

import (
	"slices"
	"strings"
	"testing"

	"depfetch/lock"
	"depfetch/lock/dockerfile"
)

// TestDownloads holds what is listed of each kind of download, and what guards it.
func TestDownloads(t *testing.T) {
	const (
		mount  = "RUN --mount=type=bind,from=depfetch,source=depfetch,target=/usr/local/bin/curl "
		sum    = "8b8f088da2dab964f853b38464033b1be15ede2839eca751482357c45abdd05a"
		commit = "0123456789012345678901234567890123456789"
	)
	for _, test := range []struct {
		lines, tool, url string
		guard            Guard
		rule             string
	}{
		{"RUN curl -fsSLO https://example.com/a-1.0", "curl", "https://example.com/a-1.0", NoGuard, "unverified"},
		{"RUN wget -qO- https://example.com/a-1.0.sh | sh", "wget", "https://example.com/a-1.0.sh", NoGuard, "pipe-to-shell"},
		{"RUN curl -fsSL https://example.com/a-1.0.tgz | tar -xz", "curl", "https://example.com/a-1.0.tgz", NoGuard, "pipe-to-tar"},
		{"RUN curl -fsSLo a https://example.com/a-1.0 && echo '" + sum + "  a' | sha256sum -c -", "curl", "https://example.com/a-1.0", ByChecksum, ""},
		{"RUN curl -fsSLo a https://example.com/a-1.0; echo '" + sum + "  a' | sha256sum -c - || true", "curl", "https://example.com/a-1.0", WeakGuard, "ineffective-check"},
		{"RUN curl -fsSL https://example.com/a-1.0.tgz -o a && tar -xf a && echo '" + sum + "  a' | sha256sum -c -", "curl", "https://example.com/a-1.0.tgz", WeakGuard, "used-before-check"},
		{"RUN v=$(curl -fsSL https://example.com/version) && echo $v", "curl", "https://example.com/version", Answer, ""},
		{mount + "curl -fsSLO https://example.com/a-1.0", "curl", "https://example.com/a-1.0", Mounted, ""},
		{mount + "curl -fsSLO https://example.com/latest/a", "curl", "https://example.com/latest/a", Mounted, ""},
		{"ADD https://example.com/a-1.0 /a", "ADD", "https://example.com/a-1.0", NoGuard, "add-unverified"},
		{"ADD --checksum=sha256:" + sum + " https://example.com/a-1.0 /a", "ADD", "https://example.com/a-1.0", ByChecksum, ""},
		{"ADD https://example.com/a.git#" + commit + " /a", "ADD", "https://example.com/a.git#" + commit, ByCommit, ""},
		{"ADD https://example.com/a.git#v1 /a", "ADD", "https://example.com/a.git#v1", NoGuard, "add-unverified"},
		{"RUN git clone https://example.com/a.git /a", "git", "https://example.com/a.git", NoGuard, "unpinned-source"},
		{"RUN git clone https://example.com/a.git /a && git -C /a checkout " + commit, "git", "https://example.com/a.git", ByCommit, ""},
		{"RUN go install example.com/a@v1.2.3", "go", "example.com/a", ByDatabase, ""},
		{"RUN GOSUMDB=off go install example.com/a@v1.2.3", "go", "example.com/a", NoGuard, "unverified"},
		{"RUN --mount=type=bind,from=depfetch,source=depfetch,target=/depfetch /depfetch", "depfetch", "", Mounted, ""},
	} {
		all := downloadsOf(t, test.lines)
		if len(all) != 1 {
			t.Errorf("%s: %d downloads, want 1: %+v", test.lines, len(all), all)
			continue
		}
		d := all[0]
		if d.Tool != test.tool || d.URL.Text != test.url || d.Guard != test.guard || d.Rule != test.rule || d.Ignored {
			t.Errorf("%s:\ngot  %s %s guard %d rule %q ignored %v\nwant %s %s guard %d rule %q", test.lines,
				d.Tool, d.URL.Text, d.Guard, d.Rule, d.Ignored, test.tool, test.url, test.guard, test.rule)
		}
		if d.File != "Dockerfile" || d.At.Line != 2 || len(d.Platforms) != 2 {
			t.Errorf("%s: at %s:%d for %v", test.lines, d.File, d.At.Line, d.Platforms)
		}
	}
}

// TestDownloadsPlatforms holds that a download is listed once with its platforms where its
// address is the same, and once for each where it is not.
func TestDownloadsPlatforms(t *testing.T) {
	all := downloadsOf(t, "ARG TARGETARCH\nRUN curl -fsSLO https://example.com/a-$TARGETARCH && curl -fsSLO https://example.com/b\n"+
		"# deplock ignore=unverified\nRUN curl -fsSLO https://example.com/c; curl -s https://example.com/ping >/dev/null")
	var got []string
	for _, d := range all {
		got = append(got, d.URL.Text+" "+strings.Join(platformNames(d.Platforms), ","))
	}
	want := []string{
		"https://example.com/a-amd64 linux/amd64", "https://example.com/a-arm64 linux/arm64",
		"https://example.com/b linux/amd64,linux/arm64", "https://example.com/c linux/amd64,linux/arm64",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if last := all[len(all)-1]; !last.Ignored || last.Rule != "unverified" {
		t.Errorf("the comment before %s is not seen: %+v", last.URL.Text, last)
	}
}

// TestDownloadsAgree holds that of the examples of the rules, what File reports as a
// download that nothing checks is what Downloads lists as that.
func TestDownloadsAgree(t *testing.T) {
	about := []string{"unverified", "pipe-to-shell", "pipe-to-tar", "ineffective-check", "used-before-check", "add-unverified", "unpinned-source"}
	compared := 0
	for name, text := range examples(t) {
		if !strings.Contains(text, "FROM ") {
			text = "FROM debian:12\n" + text
		}
		f, err := dockerfile.Parse("Dockerfile", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		listed := make(map[string]bool)
		for _, d := range Downloads(f, Options{}) {
			listed[d.Rule] = true
		}
		for _, x := range File(f, Options{}) {
			if slices.Contains(about, x.Rule.ID) {
				compared++
				if !listed[x.Rule.ID] {
					t.Errorf("%s: %s is reported (%s) and not listed", name, x.Rule.ID, x.Message)
				}
			}
		}
	}
	if compared < len(about) {
		t.Errorf("%d findings compared, want at least %d", compared, len(about))
	}
}

func downloadsOf(t *testing.T, lines string) []Download {
	t.Helper()
	f, err := dockerfile.Parse("Dockerfile", []byte("FROM debian:12\n"+lines+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	return Downloads(f, Options{})
}

func platformNames(platforms []lock.Platform) (all []string) {
	for _, p := range platforms {
		all = append(all, p.String())
	}
	return all
}
