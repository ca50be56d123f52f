package frontend

import (
	"context"
	"encoding/json"
	"maps"
	"path"
	"strconv"
	"strings"
	"sync"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	"github.com/moby/buildkit/frontend/dockerfile/builder"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/frontend/subrequests/lint"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"

	"depfetch/fetch/source"
	"depfetch/lock"
)

// These build arguments are the frontend's: the Dockerfile does not get them.
const (
	argLock   = "build-arg:DEPFETCH_LOCK"   // names the lockfile in the build context
	argStrict = "build-arg:DEPFETCH_STRICT" // says whether what is left is an error
)

// argRewrite is a build argument, and a variable of depfetch: see source.Rewrites.
const argRewrite = "DEPFETCH_REWRITE"

// lockName is the usual name of a lockfile.
const lockName = "deps.lock.toml"

// frontend is one build.
type frontend struct {
	client client.Client
	ui     *dockerui.Client
	opts   map[string]string // of the build, without those of the frontend
	strict bool
	source *dockerui.Source // the Dockerfile
	file   *lock.File
	locked *dockerui.Source // the lockfile; nil if there is none
	shims  *shims
	// lockPath is where the lockfile is in the build context; empty if it is elsewhere.
	lockPath string

	rewrite  string // of argRewrite
	rewrites *source.Rewrites

	mu       sync.Mutex
	warned   map[string]bool
	failures map[string]int // of the addresses of a file, by its digest
}

// Build builds a Dockerfile, or a lockfile, as the options of the client say. It is the
// function that BuildKit's package grpcclient runs.
func Build(ctx context.Context, c client.Client) (*client.Result, error) {
	f := &frontend{client: c, opts: maps.Clone(c.BuildOpts().Opts), warned: make(map[string]bool), failures: make(map[string]int)}
	if f.opts == nil {
		f.opts = make(map[string]string)
	}
	asked := f.opts[argLock]
	if s, ok := f.opts[argStrict]; ok {
		strict, err := strconv.ParseBool(s)
		if err != nil {
			return nil, fault("", "DEPFETCH_STRICT=%s: write 1 or 0", s)
		}
		f.strict = strict
	}
	if err := f.readRewrites(); err != nil {
		return nil, err
	}
	delete(f.opts, argLock)
	delete(f.opts, argStrict)
	if _, ok := f.opts["cmdline"]; !ok {
		f.opts["cmdline"] = f.opts["source"] // the syntax line is ours, also where none led here
	}
	var err error
	if f.ui, err = dockerui.NewClient(&view{Client: c, opts: maps.Clone(f.opts)}); err != nil {
		return nil, err
	}
	if f.source, err = f.ui.ReadEntrypoint(ctx, "Dockerfile"); err != nil {
		return nil, err
	}
	f.shims = &shims{frontend: f}
	request := f.opts["requestid"] != "" // about the Dockerfile itself
	if isLockfile(f.source.Filename) && !request {
		return f.buildLockfile(ctx)
	}
	if err := f.readLock(ctx, asked); err != nil {
		return nil, err
	}
	if request {
		return f.build(ctx, f.ui.BuildPlatforms[0], f.opts, false)
	}
	return f.buildPlatforms(ctx)
}

// readRewrites reads the rules by which addresses are asked for elsewhere.
func (f *frontend) readRewrites() error {
	f.rewrite, f.rewrites = f.opts["build-arg:"+argRewrite], &source.Rewrites{}
	for _, rule := range strings.FieldsFunc(f.rewrite, func(r rune) bool { return strings.ContainsRune(", \t\n", r) }) {
		if err := f.rewrites.Add(rule); err != nil {
			return fault("write the beginning of addresses and what takes its place, as https://github.com=https://proxy.example/github", argRewrite+": %w", err)
		}
	}
	return nil
}

// isLockfile reports whether a name is that of a lockfile and not of a Dockerfile.
func isLockfile(name string) bool { return strings.HasSuffix(path.Base(name), ".lock.toml") }

// buildPlatforms builds the Dockerfile for each platform by itself, since a RUN may
// download other files on each, and puts the results together.
func (f *frontend) buildPlatforms(ctx context.Context) (*client.Result, error) {
	if len(f.ui.TargetPlatforms) <= 1 {
		spec := f.ui.BuildPlatforms[0]
		if len(f.ui.TargetPlatforms) == 1 {
			spec = f.ui.TargetPlatforms[0]
		}
		return f.build(ctx, spec, f.opts, false)
	}
	results := make([]*client.Result, len(f.ui.TargetPlatforms))
	eg, ctx := errgroup.WithContext(ctx)
	for i, p := range f.ui.TargetPlatforms {
		opts := maps.Clone(f.opts)
		opts["platform"], opts["multi-platform"] = platforms.FormatAll(p), "true"
		eg.Go(func() (err error) {
			results[i], err = f.build(ctx, p, opts, i > 0)
			return err
		})
	}
	if err := eg.Wait(); err != nil {
		return nil, err
	}
	return merge(results)
}

// build builds the Dockerfile for one platform, quietly for all but one of them.
func (f *frontend) build(ctx context.Context, spec ocispecs.Platform, opts map[string]string, quiet bool) (*client.Result, error) {
	t, err := newTarget(f, spec, maps.Clone(opts))
	if err != nil {
		return nil, err
	}
	t.quiet = quiet
	if err := t.offer(ctx); err != nil {
		return nil, err
	}
	res, err := builder.Build(ctx, t)
	if err == nil && opts["requestid"] == lint.RequestLint {
		return t.lint(ctx, res)
	}
	return res, err
}

// merge puts the results of several platforms together.
func merge(results []*client.Result) (*client.Result, error) {
	all := client.NewResult()
	var targets exptypes.Platforms
	for _, r := range results {
		for key, ref := range r.Refs {
			all.AddRef(key, ref)
		}
		for key, value := range r.Metadata {
			if key != exptypes.ExporterPlatformsKey {
				all.AddMeta(key, value)
				continue
			}
			var own exptypes.Platforms
			if err := json.Unmarshal(value, &own); err != nil {
				return nil, err
			}
			targets.Platforms = append(targets.Platforms, own.Platforms...)
		}
		for key, attestations := range r.Attestations {
			for _, a := range attestations {
				all.AddAttestation(key, a)
			}
		}
	}
	data, err := json.Marshal(targets)
	if err != nil {
		return nil, err
	}
	all.AddMeta(exptypes.ExporterPlatformsKey, data)
	return all, nil
}
