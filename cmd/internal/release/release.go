package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"depfetch/cmd/internal/epoch"
	"depfetch/fetch"
)

// release is what is said of everything that one release holds.
type release struct {
	dir      string // of the programs; everything else is made there, too
	version  string
	url      string // where the files of the release are going to be; empty if not known
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
	var registry, nfpm string
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.StringVar(&r.dir, "dir", "dist", "the directory that make dist fills")
	flags.StringVar(&r.version, "version", "", "the version that the programs say they have")
	flags.StringVar(&r.source, "source", "", "the address of the repository")
	flags.StringVar(&r.url, "url", "", "the address of the folder that will hold the files of the release")
	flags.StringVar(&nfpm, "nfpm", "nfpm", "the program that makes packages")
	flags.StringVar(&registry, "registry", "", "where push puts the images: a registry, and what their names begin with there")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%s: unknown argument %q", args[0], flags.Arg(0))
	}
	switch args[0] {
	case "check":
		return r.check()
	case "push":
		return push(ctx, filepath.Join(r.dir, "images"), registry, stdout)
	}
	if err := r.date(ctx, getenv); err != nil {
		return err
	}
	switch args[0] {
	case "image":
		return r.writeImages(stdout)
	case "files":
		return r.write(ctx, nfpm, stdout)
	default:
		return fmt.Errorf("unknown command %q", args[0])
	}
}

// versions are those that archives, tags and packages can all have.
var versions = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$`)

// check refuses a version that a release cannot have.
func (r *release) check() error {
	if !versions.MatchString(r.version) {
		return fmt.Errorf("VERSION=%s: write it as 1.2.3 or 1.2.3-rc.1", r.version)
	}
	return nil
}

// write writes all that a release holds beside the programs.
func (r *release) write(ctx context.Context, nfpm string, stdout io.Writer) error {
	if err := r.check(); err != nil {
		return err
	}
	names := []string{"depfetch", "deplock", "depfetch-frontend"}
	if err := r.writeImages(stdout); err != nil {
		return err
	}
	more, err := r.documents(ctx)
	if err != nil {
		return err
	}
	for _, write := range []func() error{
		r.writeImageArchives,
		func() error { return r.writeArchives(more) },
		func() error { return r.writePackages(ctx, nfpm, more) },
		r.writeInstallers,
		func() error { return r.writeSBOMs(names) },
		func() error { return r.writeProvenance(names) },
		r.writeSums,
	} {
		if err := write(); err != nil {
			return err
		}
	}
	if r.revision == "" {
		fmt.Fprintln(stdout, "the release is of no commit: this is no clone, or one with changes")
	}
	if r.url == "" {
		fmt.Fprintln(stdout, "no formula was made, and install.sh wants --from: RELEASE_URL=… says where the files will be")
	}
	fmt.Fprintf(stdout, "release %s of %s is in %s\n", r.version, cmp.Or(r.revision, "these sources"), r.dir)
	return nil
}

// concurrently runs jobs, as many at a time as the machine has processors.
func concurrently(jobs []func() error) error {
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, job := range jobs {
		g.Go(job)
	}
	return g.Wait()
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
