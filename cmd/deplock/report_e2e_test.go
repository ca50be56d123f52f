//go:build e2e

package main

import (
	"bytes"
	"context"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// chromium runs the browser over a page, as a reader of that colour scheme, and returns
// what it prints and what its log says.
func chromium(t *testing.T, page string, dark bool, width string, args ...string) (stdout, log string) {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is needed: Debian's package, which .ci/run installs")
	}
	scheme := "--blink-settings=preferredColorScheme=1"
	if dark {
		scheme = "--blink-settings=preferredColorScheme=0"
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--hide-scrollbars", "--enable-logging=stderr",
		"--user-data-dir=" + t.TempDir(), "--window-size=" + width + ",1600", scheme,
	}, append(args, "file://"+page)...)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("chromium: %v\n%s", err, errs.String())
	}
	return out.String(), errs.String()
}

// hostileRepository writes a repository whose names, addresses and lines try to be more
// than text, and returns the page of it.
func hostileRepository(t *testing.T) (file, page string) {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	evil := `<script>document.title='evil'</script><img src=x onerror="document.title='evil'">`
	text := "FROM debian:12\nRUN curl -fsSLO 'https://example.com/z" + evil + "'\nRUN --mount=type=bind,from=depfetch,source=depfetch,target=/usr/local/bin/curl curl -fsSLO https://example.com/a-1.0\n" +
		"RUN wget https://example.com/" + strings.Repeat("long/", 60) + "name\n"
	for name, data := range map[string]string{
		"Dockerfile": text, "Dockerfile.<img src=x onerror=\"document.title='evil'\">": "FROM scratch\nADD https://example.com/b /b\n",
		"deps.lock.toml": "version = 1\nplatforms = [\"linux/amd64\"]\n[urls]\n\"https://example.com/a-1.0\" = { sha256 = \"" + strings.Repeat("8", 64) + "\", trust = \"published\" }\n",
	} {
		if err := os.WriteFile(name, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file = filepath.Join(dir, "report.html")
	if code, _, stderr := deplock(t, "report", "--html", "--title", "A "+evil, "-o", file); code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return file, string(data)
}

// TestReportBrowser holds that a browser runs the page's own script and style and nothing
// else, and asks for nothing.
func TestReportBrowser(t *testing.T) {
	file, _ := hostileRepository(t)
	dom, log := chromium(t, file, false, "1280", "--dump-dom")
	for _, want := range []string{`<body class="sortable">`, `<button type="button">Where</button>`, "<title>A &lt;script&gt;"} {
		if !strings.Contains(dom, want) {
			t.Errorf("the page in the browser lacks %s", want)
		}
	}
	if strings.Contains(dom, "<title>evil") || strings.Contains(dom, "<img") {
		t.Error("a name of the repository has become more than text")
	}
	for _, word := range []string{"Content Security Policy", "CONSOLE", "Refused"} {
		if strings.Contains(log, word) {
			t.Errorf("the browser complains of the page:\n%s", log)
		}
	}
}

// TestReportSorting holds that a header sorts its table, both ways, and that the page is
// not wider than a narrow screen. What looks into the page is no part of it, so that the
// copy has no policy against it.
func TestReportSorting(t *testing.T) {
	_, page := hostileRepository(t)
	start := strings.Index(page, "<meta http-equiv")
	end := start + strings.Index(page[start:], "\n")
	const look = `<script>
const states = () => [...document.querySelectorAll("#downloads + table tbody tr")].map(r => r.cells[3].textContent).join(",");
const button = document.querySelector("#downloads + table thead th:last-child button");
const before = states(); button.click(); const up = states(); button.click(); const down = states();
document.body.dataset.orders = [before, up, down].join("|");
document.body.dataset.aria = button.parentNode.getAttribute("aria-sort");
document.body.dataset.wide = document.documentElement.scrollWidth - innerWidth;
document.getElementById("only").click();
document.body.dataset.shown = [...document.querySelectorAll("#downloads + table tbody tr")].filter(r => getComputedStyle(r).display !== "none").length;
</script></body>`
	file := filepath.Join(t.TempDir(), "looked-into.html")
	if err := os.WriteFile(file, []byte(strings.Replace(page[:start]+page[end:], "</body>", look, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, width := range []string{"1280", "420"} {
		dom, _ := chromium(t, file, false, width, "--dump-dom")
		for _, want := range []string{
			`data-orders="unchecked,published,unchecked,unchecked|unchecked,unchecked,unchecked,published|published,unchecked,unchecked,unchecked"`,
			`data-aria="descending"`, `data-wide="0"`, `data-shown="3"`,
		} {
			if !strings.Contains(dom, want) {
				_, body, _ := strings.Cut(dom, "<body")
				body, _, _ = strings.Cut(body, "\n")
				t.Errorf("%s wide: the page lacks %s: <body%s", width, want, body)
			}
		}
	}
}

// TestReportPictures takes screenshots of the page, light, dark and narrow, and prints it;
// DEPFETCH_SCREENSHOTS names a folder to keep them in, for people to look at.
func TestReportPictures(t *testing.T) {
	file, _ := hostileRepository(t)
	dir := os.Getenv("DEPFETCH_SCREENSHOTS")
	if dir == "" {
		dir = t.TempDir()
	}
	for _, picture := range []struct {
		name, width string
		dark        bool
	}{{"light", "1280", false}, {"dark", "1280", true}, {"light-narrow", "420", false}, {"dark-narrow", "420", true}} {
		name := filepath.Join(dir, picture.name+".png")
		chromium(t, file, picture.dark, picture.width, "--screenshot="+name)
		data, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(data)
		data.Close()
		if err != nil {
			t.Fatal(err)
		}
		if r, _, _, _ := img.At(2, 2).RGBA(); (r < 0x4000) != picture.dark {
			t.Errorf("%s: the background is %x", picture.name, r)
		}
	}
	name := filepath.Join(dir, "print.pdf")
	chromium(t, file, true, "1280", "--print-to-pdf="+name)
	if data, err := os.ReadFile(name); err != nil || !bytes.HasPrefix(data, []byte("%PDF")) {
		t.Errorf("the page is not printed: %v", err)
	}
}
