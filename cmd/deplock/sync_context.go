package main

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"

	"depfetch/cmd/internal/console"
	"depfetch/fetch/regular"
	"depfetch/lock/dockerfile"
	"depfetch/lock/sync"
)

// contextOf returns the build context of a Dockerfile: the one that was asked for;
// what a compose or bake file says; or the nearest folder, from the Dockerfile's own
// upwards, in which the sources of its COPY and ADD lines exist. What is outside of the
// repository, or without one of the working directory, is nobody's context: a machine's
// root has a folder called root, too.
func (r *reader) contextOf(asked, name string, f *dockerfile.File) (string, error) {
	if asked != "" {
		if info, err := os.Stat(asked); err != nil || !info.IsDir() {
			return "", console.Usagef("", "--context %s is no folder", asked)
		}
		return asked, nil
	}
	if dir, _, ok := r.declaredContext(name); ok {
		return dir, nil
	}
	own := filepath.Dir(name)
	sources := f.Sources()
	abs, err := filepath.Abs(own)
	if err != nil {
		return "", err
	}
	top, err := topOf(abs)
	if err != nil {
		return "", err
	}
	for up, dir := 0, abs; ; up, dir = up+1, filepath.Dir(dir) {
		if holds(dir, sources) {
			return filepath.Join(own, strings.Repeat("../", up)), nil
		}
		if dir == top {
			return own, nil
		}
	}
}

// topOf returns the folder above which no build context of a folder is looked for: that of
// its repository, else the working directory, else the folder itself.
func topOf(dir string) (string, error) {
	for up := dir; ; up = filepath.Dir(up) {
		if _, err := os.Lstat(filepath.Join(up, ".git")); err == nil {
			return up, nil
		}
		if filepath.Dir(up) == up {
			break
		}
	}
	working, err := os.Getwd()
	if err != nil {
		return "", err
	}
	if below, err := filepath.Rel(working, dir); err == nil && filepath.IsLocal(below) {
		return working, nil
	}
	return dir, nil
}

// holds reports whether a folder has all sources; patterns are those of COPY.
func holds(dir string, sources []string) bool {
	for _, s := range sources {
		found, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(s)))
		if err != nil || len(found) == 0 {
			return false
		}
	}
	return true
}

// mounted returns what the builds of a Dockerfile mount or copy from their context, by
// its names there.
func (g *group) mounted(f syncFlags, u *unit) []string {
	names := []string{u.source.Lock}
	for _, v := range g.file.Vendor {
		names = append(names, path.Join(path.Dir(u.source.Lock), v.Path))
	}
	if f.vendor != "" {
		for _, p := range g.platforms() {
			names = append(names, path.Join(f.vendor, sync.Binary(p)))
		}
	}
	return names
}

var syntaxVersion = regexp.MustCompile(`^(?:docker\.io/)?docker/dockerfile:1\.(\d+)(?:\.\d+)?(-experimental|-labs)?(?:@|$)`)

// blocked says why nothing of a Dockerfile can be adopted: its syntax line names a
// frontend without mounts, or what it would mount is not sent with the build context.
func blocked(dir, name string, mounted []string, data []byte) *sync.Reason {
	if reason := oldSyntax(data); reason != nil {
		return reason
	}
	for _, ignore := range []string{name + ".dockerignore", filepath.Join(dir, ".dockerignore")} {
		text, err := regular.Read(ignore, maxDeclared)
		if err != nil {
			continue
		}
		patterns, err := ignorefile.ReadAll(bytes.NewReader(text))
		if err != nil {
			return nil
		}
		for _, m := range mounted {
			if hidden, err := patternmatcher.MatchesOrParentMatches(m, patterns); err == nil && hidden {
				return &sync.Reason{What: ignore + " keeps " + m + " out of the build", Hint: "add a line to it: !" + m}
			}
		}
		return nil
	}
	return nil
}

// oldSyntax says that the syntax line of a Dockerfile names a frontend without
// mounts.
func oldSyntax(data []byte) *sync.Reason {
	ref, _, _, ok := parser.DetectSyntax(data)
	if !ok {
		return nil
	}
	if m := syntaxVersion.FindStringSubmatch(ref); m != nil {
		if minor, _ := strconv.Atoi(m[1]); minor < 2 {
			return &sync.Reason{What: fmt.Sprintf("# syntax=%s knows no mounts", ref), Hint: "write # syntax=docker/dockerfile:1"}
		}
	}
	return nil
}
