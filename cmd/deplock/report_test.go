package main

import (
	"os"
	"strings"
	"testing"
)

// TestReportImages holds that tags that have moved on are on the page, and that a registry
// that does not know an image is, too.
func TestReportImages(t *testing.T) {
	config(t, "{}")
	r := memory(t, "")
	old := r.push(t, "tools/go:1.26", true)
	now := r.push(t, "tools/go:1.26", true)
	stays := r.push(t, "debian:12", false)
	t.Chdir(t.TempDir())
	text := "FROM " + r.host + "/tools/go:1.26@" + old + "\nFROM " + r.host + "/debian:12@" + stays + "\nFROM " + r.host + "/gone:1@" + stays + "\nFROM " + r.host + "/tools/go@" + old + "\n"
	if err := os.WriteFile("Dockerfile", []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	code, page, stderr := deplock(t, "report", "--html", "--images")
	if code != 3 || !strings.Contains(stderr, "gone:1: the registry has no such image") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	for _, want := range []string{
		"its tag is " + now + " now", `<span class="chip warn">moved on</span>`, "its tag is still that", "it has no tag that could have moved",
		"whether its tag has moved is not known: " + r.host + "/gone:1: the registry has no such image",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if code, page, _ := deplock(t, "report", "--html"); code != 0 || strings.Contains(page, "moved on</span>") || !strings.Contains(page, "deplock report --html --images") {
		t.Errorf("without --images: exit code %d, or the page says more than it knows", code)
	}
}
