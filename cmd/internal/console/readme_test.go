package console

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEventsInManual holds that the manual of a build has a row for each event of --progress json.
func TestEventsInManual(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	readme, err := os.ReadFile(filepath.Join(root, "cmd", "depfetch", "README.md"))
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
			t.Errorf("cmd/depfetch/README.md does not explain the event %s", kind[1])
		}
	}
}

// TestHintsInReadme holds that the hints which the page for companies explains are given.
func TestHintsInReadme(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "..", "fetch", "source", "README.md"))
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
		t.Errorf("fetch/source/README.md explains %d hints about proxies and CAs", len(hints))
	}
	for _, hint := range hints {
		if !strings.Contains(string(source), hint[1]) {
			t.Errorf("no hint says %s", hint[1])
		}
	}
}
