package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestPackageTable holds that CONTRIBUTING names every package and none besides.
func TestPackageTable(t *testing.T) {
	root := filepath.Join("..", "..")
	text, err := os.ReadFile(filepath.Join(root, "CONTRIBUTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "\n## Packages\n")
	var named []string
	for _, row := range regexp.MustCompile(`(?m)^\| [^|]*`).FindAllString(table, -1) {
		for _, m := range regexp.MustCompile("`((?:cmd|fetch|lock)[^`]*)`").FindAllStringSubmatch(row, -1) {
			named = append(named, m[1])
		}
	}
	var packages []string
	for _, top := range []string{"cmd", "fetch", "lock"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(path string, e fs.DirEntry, err error) error {
			if err == nil && filepath.Ext(path) == ".go" {
				dir, _ := filepath.Rel(root, filepath.Dir(path))
				packages = append(packages, filepath.ToSlash(dir))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(named)
	slices.Sort(packages)
	for _, p := range slices.Compact(packages) {
		if !slices.Contains(named, p) {
			t.Errorf("the table of packages in CONTRIBUTING.md lacks %s", p)
		}
	}
	for _, p := range named {
		if !slices.Contains(packages, p) {
			t.Errorf("the table of packages in CONTRIBUTING.md names %s, which is none", p)
		}
	}
}
