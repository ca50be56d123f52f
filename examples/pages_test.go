package examples_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// pages returns the text of every page of the repository, by its path from the root.
func pages(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir("..", func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && (e.Name() == "testdata" || e.Name() == "node_modules" || e.Name() == "bin" || e.Name() == "dist" ||
			len(e.Name()) > 2 && e.Name()[0] == '.') {
			return fs.SkipDir
		}
		if path.Ext(e.Name()) == ".md" {
			text, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			rel, err := filepath.Rel("..", name)
			if err != nil {
				return err
			}
			found[filepath.ToSlash(rel)] = string(text)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 20 {
		t.Fatalf("only %d pages", len(found))
	}
	return found
}

// TestFirstPage holds that the README is short.
func TestFirstPage(t *testing.T) {
	if n := len(strings.Fields(pages(t)["README.md"])); n > 900 {
		t.Errorf("README.md has %d words; 900 at most, code and tables included", n)
	}
}

// TestPageLinks holds that what a page links to in this repository is there, and the
// heading that it names in it.
func TestPageLinks(t *testing.T) {
	all := pages(t)
	link := regexp.MustCompile(`\]\(([^()\s]+)\)`)
	linked := map[string]bool{"README.md": true}
	for name, text := range all {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			file, anchor, _ := strings.Cut(m[1], "#")
			target := name
			if file != "" {
				target = path.Join(path.Dir(name), file)
			}
			info, err := os.Stat(filepath.Join("..", filepath.FromSlash(target)))
			if err != nil {
				t.Errorf("%s links to %s: %v", name, m[1], err)
				continue
			}
			if info.IsDir() {
				target = path.Join(target, "README.md")
			}
			if target != name {
				linked[target] = true
			}
			if anchor != "" && !slices.Contains(anchors(all[target]), anchor) {
				t.Errorf("%s links to %s: no heading has that name", name, m[1])
			}
		}
	}
	for name := range all {
		if !linked[name] {
			t.Errorf("no page links to %s", name)
		}
	}
}

// anchors returns the names that GitHub gives the headings of a page.
func anchors(text string) []string {
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		name := strings.ReplaceAll(strings.ToLower(m[1]), " ", "-")
		names = append(names, regexp.MustCompile(`[^\p{L}\p{N}_-]`).ReplaceAllString(name, ""))
	}
	return names
}
