package pages

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var root = filepath.Join("..", "..", "..")

func read(t *testing.T) map[string]Page {
	t.Helper()
	all, err := Read(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 20 {
		t.Fatalf("only %d pages", len(all))
	}
	return all
}

// TestFirstPage holds that the README is short.
func TestFirstPage(t *testing.T) {
	if n := len(strings.Fields(read(t)["README.md"].Text)); n > 900 {
		t.Errorf("README.md has %d words; 900 at most, code and tables included", n)
	}
}

// TestLinks holds that what a page links to in this repository is there, and the heading
// that it names in it, and that every page can be reached.
func TestLinks(t *testing.T) {
	all := read(t)
	link := regexp.MustCompile(`\]\(([^()\s]+)\)|(?:src|srcset|href)="([^"]+)"`)
	linked := map[string]bool{"README.md": true}
	for name, page := range all {
		for _, m := range link.FindAllStringSubmatch(page.Text, -1) {
			address := m[1] + m[2]
			if strings.Contains(address, "://") {
				continue
			}
			file, anchor, _ := strings.Cut(address, "#")
			target := name
			if file != "" {
				target = path.Join(path.Dir(name), file)
			}
			info, err := os.Stat(filepath.Join(root, filepath.FromSlash(target)))
			if err != nil {
				t.Errorf("%s links to %s: %v", name, address, err)
				continue
			}
			if info.IsDir() {
				target = path.Join(target, "README.md")
			}
			if target != name {
				linked[target] = true
			}
			if anchor != "" && !slices.Contains(all[target].Anchors(), anchor) {
				t.Errorf("%s links to %s: no heading has that name", name, address)
			}
		}
	}
	for name := range all {
		if !linked[name] {
			t.Errorf("no page links to %s", name)
		}
	}
}

// TestNamedTests holds that a test to which a page links is in the file that it says.
func TestNamedTests(t *testing.T) {
	link := regexp.MustCompile(`\[((?:Test|Fuzz)\w+)\]\(([^()\s]+)\)`)
	found := 0
	for name, page := range read(t) {
		for _, m := range link.FindAllStringSubmatch(page.Text, -1) {
			found++
			text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path.Join(path.Dir(name), m[2]))))
			if err != nil || !strings.Contains(string(text), "\nfunc "+m[1]+"(") {
				t.Errorf("%s: %s is not in %s: %v", name, m[1], m[2], err)
			}
		}
	}
	if found < 10 {
		t.Errorf("only %d tests are named", found)
	}
}
