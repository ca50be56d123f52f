package console

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEventsInReadme holds that README has a row for each event of --progress json.
func TestEventsInReadme(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(filepath.Join(root, "fetch", "event.go"))
	if err != nil {
		t.Fatal(err)
	}
	kinds := regexp.MustCompile(`EventKind = "(.*)"`).FindAllStringSubmatch(string(source), -1)
	if len(kinds) < 9 {
		t.Fatalf("only %d kinds of events", len(kinds))
	}
	for _, kind := range append(kinds, []string{"", "protocol"}, []string{"", "result"}) {
		if kind[1] == "read" || kind[1] == "sending" { // of deplock, which has no --progress
			continue
		}
		if !strings.Contains(string(readme), "\n| `"+kind[1]+"` |") {
			t.Errorf("README does not explain the event %s", kind[1])
		}
	}
}

// TestHintsInReadme holds that the hints which README explains are given.
func TestHintsInReadme(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("report.go")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(readme), "\n| hint | it was |\n")
	table, _, _ = strings.Cut(table, "\n\n")
	hints := regexp.MustCompile("(?m)^\\| `(.*?)` \\|").FindAllStringSubmatch(table, -1)
	if len(hints) < 5 {
		t.Errorf("README explains %d hints about proxies and CAs", len(hints))
	}
	for _, hint := range hints {
		if !strings.Contains(string(source), hint[1]) {
			t.Errorf("no hint says %s", hint[1])
		}
	}
}
