package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"depfetch/cmd/internal/epoch"
	"depfetch/fetch"
)

// release is what is said of everything that one release holds.
type release struct {
	dir      string // of the programs; everything else is made there, too
	version  string
	source   string // the address of the repository, if it is given
	revision string // the commit that it is of, if that is known
	time     time.Time
}

// command runs one of the commands, in the repository that is the current directory.
func command(ctx context.Context, args []string, getenv func(string) string, stdout io.Writer) error {
	if len(args) == 0 {
		return errors.New("which command? The Makefile has them")
	}
	var r release
	var registry string
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.StringVar(&r.dir, "dir", "dist", "the directory that make dist fills")
	flags.StringVar(&r.version, "version", "", "the version that the programs say they have")
	flags.StringVar(&r.source, "source", "", "the address of the repository")
	flags.StringVar(&registry, "registry", "", "where push puts the images: a registry, and what their names begin with there")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%s: unknown argument %q", args[0], flags.Arg(0))
	}
	if args[0] == "push" {
		return push(ctx, filepath.Join(r.dir, "images"), registry, stdout)
	}
	if err := r.date(ctx, getenv); err != nil {
		return err
	}
	switch args[0] {
	case "image":
		return r.writeImages(stdout)
	default:
		return fmt.Errorf("unknown command %q", args[0])
	}
}

// date sets the commit and its time by the clone that the current directory is. The time
// is SOURCE_DATE_EPOCH where that is set, and that of files of depfetch where nothing says.
// Of a clone with changes there is no commit.
func (r *release) date(ctx context.Context, getenv func(string) string) (err error) {
	if r.time, err = epoch.Parse(getenv("SOURCE_DATE_EPOCH")); err != nil {
		return err
	}
	prefix, err := git(ctx, "rev-parse", "--show-prefix")
	if err != nil || prefix != "" { // no clone, or one that the sources have been put into
		if r.time.IsZero() {
			r.time = fetch.DefaultMtime
		}
		return nil
	}
	commit, err := git(ctx, "log", "-1", "--format=%H %ct")
	if err != nil {
		return err
	}
	revision, seconds, _ := strings.Cut(commit, " ")
	if r.time.IsZero() {
		if r.time, err = epoch.Parse(seconds); err != nil {
			return err
		}
	}
	changes, err := git(ctx, "status", "--porcelain")
	if err == nil && changes == "" {
		r.revision = revision
	}
	return err
}

// git returns what a command of git says.
func git(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "git", args...).Output()
	if err != nil {
		err = fmt.Errorf("git %s: %w", args[0], err)
	}
	return string(bytes.TrimSpace(out)), err
}

// program is one of the files that make dist makes.
type program struct {
	name              string
	os, arch, variant string
	path              string
}

// platform is how the platform is written, with slash or hyphen between its parts.
func (p program) platform(sep string) string {
	s := p.os + sep + p.arch
	if p.variant != "" && sep == "/" {
		s += sep
	}
	return s + p.variant
}

// programs returns the programs of a name in the directory, sorted by platform.
func (r *release) programs(name string) ([]program, error) {
	entries, err := os.ReadDir(r.dir)
	if err != nil {
		return nil, err
	}
	var all []program
	for _, e := range entries {
		system, ok := strings.CutPrefix(e.Name(), name+"-")
		parts := strings.Split(strings.TrimSuffix(system, ".exe"), "-")
		if !ok || len(parts) != 2 || !e.Type().IsRegular() || strings.Contains(parts[1], ".") {
			continue
		}
		p := program{name: name, os: parts[0], arch: parts[1], path: filepath.Join(r.dir, e.Name())}
		if arch, variant, ok := strings.Cut(p.arch, "v"); ok && arch == "arm" {
			p.arch, p.variant = arch, "v"+variant
		}
		all = append(all, p)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no %s-OS-ARCH in %s: make dist makes them", name, r.dir)
	}
	return all, nil
}
