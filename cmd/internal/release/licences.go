package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// noticeFile are the names of files that say how a module may be passed on.
var noticeFile = regexp.MustCompile(`(?i)^(licen[sc]e|copying|notice|patents)([.-].*)?$`)

// licences returns the licences of Go and of all modules that the programs link, on any
// system. A module that has none is an error: nobody may pass it on.
func licences(ctx context.Context) ([]byte, error) {
	dirs := make(map[string]string) // by module and version
	for _, system := range []string{"linux", "darwin", "windows"} {
		cmd := exec.CommandContext(ctx, "go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}\t{{.Dir}}{{end}}{{end}}", "./cmd/depfetch", "./cmd/deplock", "./cmd/depfetch-frontend")
		cmd.Env = append(os.Environ(), "GOOS="+system, "CGO_ENABLED=0")
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("go list, for %s: %w", system, err)
		}
		for line := range strings.Lines(string(out)) {
			if module, dir, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
				dirs[module] = dir
			}
		}
	}
	goroot, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	var b bytes.Buffer
	b.WriteString("What depfetch, deplock and depfetch-frontend are made of beside their own code, and the terms of each.\n")
	add := func(module, dir string) error {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		found := false
		for _, e := range entries {
			if !noticeFile.MatchString(e.Name()) || strings.HasSuffix(e.Name(), ".go") || e.IsDir() {
				continue
			}
			text, err := os.ReadFile(filepath.Join(dir, e.Name()))
			if err != nil {
				return err
			}
			found = true
			fmt.Fprintf(&b, "\n== %s: %s\n\n%s\n", module, e.Name(), bytes.TrimSpace(bytes.ReplaceAll(text, []byte("\r"), nil)))
		}
		if !found {
			return fmt.Errorf("%s has no licence", module)
		}
		return nil
	}
	if err := add("The Go programming language", strings.TrimSpace(string(goroot))); err != nil {
		return nil, err
	}
	for _, module := range slices.Sorted(maps.Keys(dirs)) {
		if err := add(module, dirs[module]); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}
