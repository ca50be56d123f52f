package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/lockfile"
	"depfetch/fetch"
	"depfetch/fetch/cmdline"
	"depfetch/fetch/regular"
	"depfetch/fetch/source"
	"depfetch/fetch/tempfile"
	"depfetch/lock"
	"depfetch/lock/dockerfile"
	"depfetch/lock/record"
)

// recordBuild runs a build with a Dockerfile that mounts the recording into each RUN,
// takes the journal out of the builder, and locks what is in it once it has asked for
// all of that itself: what a RUN has written is only a list of addresses.
func (c *command) recordBuild(ctx context.Context, o recordFlags, to target, build *record.Build) error {
	text, err := buildText(build)
	if err != nil {
		return err
	}
	file, err := dockerfile.Parse(cmp.Or(build.Dockerfile, "-"), text)
	if err != nil {
		return console.Usagef("", "%w", err)
	}
	if reason := oldSyntax(text); reason != nil {
		return console.Usagef(reason.Hint, "%s: %s", build.Dockerfile, reason.What)
	}
	tempfile.Sweep(os.TempDir())
	private, err := tempfile.NewDir(os.TempDir())
	if err != nil {
		return err
	}
	defer private.Remove()
	kit, folder, out := filepath.Join(private.Path, "kit"), filepath.Join(private.Path, "dockerfile"), filepath.Join(private.Path, "out")
	id := "deplock-record-" + strings.ToLower(rand.Text())
	recipe, err := record.Mounted(file, id)
	if err != nil {
		return console.Usagef("", "%w", err)
	}
	platforms := recipe.Platforms
	if recipe.Target {
		platforms = append(platforms, build.Platforms...)
	}
	if err := c.makeKit(o, to, platforms, kit, id); err != nil {
		return fmt.Errorf("preparing the recording: %w", err)
	}
	if err := writeRecipe(build, folder, recipe.Text); err != nil {
		return fmt.Errorf("preparing the recording: %w", err)
	}
	env := append(os.Environ(), "DOCKER_BUILDKIT=1")
	if err := c.runRecorded(ctx, build.Recorded(folder, kit), env); err != nil {
		return err
	}
	requests, err := collect(ctx, build.Collecting(kit, out), env, out)
	if err != nil {
		return err
	}
	if requests, err = c.askAgain(ctx, o, to, requests); err != nil {
		return err
	}
	return c.addRecorded(ctx, o.online, to, requests)
}

// buildText reads the Dockerfile of a build.
func buildText(build *record.Build) (text []byte, err error) {
	if build.Dockerfile == "-" {
		text, err = io.ReadAll(io.LimitReader(os.Stdin, lock.MaxSize))
	} else {
		text, err = regular.Read(build.Dockerfile, lock.MaxSize)
	}
	if err != nil {
		return nil, console.Usagef("", "reading the Dockerfile: %w", err)
	}
	return text, nil
}

// writeRecipe writes the Dockerfile that the builder is given, with the file beside
// it that says what to ignore.
func writeRecipe(build *record.Build, folder string, text []byte) error {
	name := filepath.Join(folder, build.Name)
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	ignore, err := os.ReadFile(build.Dockerfile + ".dockerignore")
	if err == nil {
		err = os.WriteFile(name+".dockerignore", ignore, 0o600)
		if err != nil {
			return err
		}
	}
	return os.WriteFile(name, text, 0o600)
}

// makeKit fills the folder that the builder is given: the recording programs, what
// the shims read, and the Dockerfile that brings the journal out.
func (c *command) makeKit(o recordFlags, to target, platforms []string, kit, id string) error {
	if err := os.MkdirAll(filepath.Join(kit, "record"), 0o755); err != nil {
		return err
	}
	text, err := to.text()
	if err != nil {
		return err
	}
	files := map[string][]byte{
		filepath.Join("record", lockfile.Default): text,
		"record/id":  []byte(id + "\n"), // no RUN is taken from the builder's cache
		"Dockerfile": record.Collector(id),
	}
	if o.allowHTTP {
		files["record/"+allowHTTPName] = nil
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(kit, name), text, 0o644); err != nil {
			return err
		}
	}
	wanted := map[string]bool{"linux/" + runtime.GOARCH: true}
	for _, p := range platforms {
		if p = strings.TrimSpace(p); p != "" && p != "local" && !strings.Contains(p, "$") {
			wanted[p] = true
		}
	}
	for p := range wanted {
		name := record.Program(p)
		program, err := findProgram("--programs", o.programs, name, "", lock.Platform(p))
		if err == nil {
			err = os.WriteFile(filepath.Join(kit, name), program, 0o755)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// collect runs the build that brings the journal out, and reads it.
func collect(ctx context.Context, args, env []string, out string) ([]record.Request, error) {
	run := exec.CommandContext(ctx, args[0], args[1:]...)
	run.Env = env
	if text, err := run.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("bringing the recording out of the builder: %w\n%s", err, text)
	}
	names, err := filepath.Glob(filepath.Join(out, "calls-*.json"))
	if err != nil {
		return nil, err
	}
	var all []record.Request
	for _, name := range names {
		data, err := regular.Read(name, maxJournal)
		if err != nil {
			return nil, err
		}
		requests, err := record.Read(bytes.NewReader(data))
		if err != nil { // a RUN that was killed, or wrote there itself
			requests = append(requests, record.Request{Call: "a call of curl or wget", Problem: err.Error()})
		}
		all = append(all, requests...)
	}
	slices.SortStableFunc(all, func(a, b record.Request) int { return cmp.Or(cmp.Compare(a.URL, b.URL), cmp.Compare(a.Call, b.Call)) })
	return all, nil
}

// maxJournal is how much of what one call has written is read, in bytes.
const maxJournal = 1 << 24

// question is one address as a build has asked for it.
type question struct {
	url, header string
}

// askAgain downloads what a build has asked for, and returns the requests with what
// came. What came otherwise in the build is a problem.
func (c *command) askAgain(ctx context.Context, o recordFlags, to target, requests []record.Request) ([]record.Request, error) {
	client, err := c.client(o.online, to.file)
	if err != nil {
		return nil, err
	}
	var result []record.Request
	problem := func(url, what string) {
		result = append(result, record.Request{Call: source.Redact(url), Problem: what})
	}
	config, err := c.config(o.online, to.file)
	if err != nil {
		return nil, err
	}
	var manners []manner
	alike := make(map[manner][]fetch.Artifact)
	got := make(map[question][]fetch.Digest) // the digests that came in the build
	for _, r := range requests {
		if r.Problem != "" {
			result = append(result, r)
			continue
		}
		if _, there := to.file.Pin(r.URL); there { // a RUN may have forged that
			continue
		}
		key := question{r.URL, strings.Join(record.Plain(r.Header), "\n")}
		if got[key] == nil {
			if !acceptable(r.URL, o.allowHTTP) {
				problem(r.URL, "it is no address that can be locked; plain http can with --allow-http")
				got[key] = []fetch.Digest{}
				continue
			}
			m := mannerOf(r.URL, key.header)
			if alike[m] == nil {
				manners = append(manners, m)
			}
			alike[m] = append(alike[m], artifactOf(r.URL))
		}
		got[key] = append(got[key], r.Digest)
	}
	digests := make(map[string]fetch.Digest)
	for _, asked := range manners {
		from, err := withHeader(client.Fetch, config, alike[asked][0].URL, asked.header)
		if err != nil {
			return nil, err
		}
		measured, err := from.Measure(ctx, alike[asked])
		if err != nil {
			return nil, err
		}
		for i, m := range measured {
			url := alike[asked][i].URL
			other := func(d fetch.Digest) bool { return d != m.Digest }
			switch {
			case m.Err != nil:
				problem(url, "the build got it, and asking for it again outside of the build fails: "+m.Err.Error())
			case slices.ContainsFunc(got[question{url, asked.header}], other):
				problem(url, "the build got other bytes than come now outside of it: it changes from request to request, or depends on who asks")
			case !digests[url].IsZero() && other(digests[url]):
				problem(url, "it has other bytes when it is asked for with other header fields")
				result = slices.DeleteFunc(result, func(r record.Request) bool { return r.URL == url })
			default:
				digests[url] = m.Digest
				result = append(result, requestOf(url, m))
			}
		}
	}
	return result, nil
}

// acceptable reports whether an address is one that is locked.
func acceptable(url string, allowHTTP bool) bool {
	a, err := cmdline.Normalize(url, "", false)
	return err == nil && a.URL == url && !a.HasUser && (a.Scheme == "https" || allowHTTP && a.Scheme == "http")
}

// collectCommand is what runs in the builder to bring the journal out.
func (c *command) collectCommand() *cobra.Command {
	return &cobra.Command{
		Use: "record-collect FROM TO ID", Hidden: true, Args: cobra.ExactArgs(3),
		RunE: func(_ *cobra.Command, args []string) error { return moveJournal(args[0], args[1]) },
	}
}

// moveJournal copies the files of a journal, and empties its folder.
func moveJournal(from, to string) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := filepath.Join(from, e.Name())
		if e.Type().IsRegular() && strings.HasPrefix(e.Name(), "calls-") {
			data, err := regular.Read(name, maxJournal)
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(to, e.Name()), data, 0o644); err != nil {
				return err
			}
		}
		if err := os.RemoveAll(name); err != nil {
			return err
		}
	}
	return nil
}
