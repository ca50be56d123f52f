package frontend

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	gosync "sync"

	"github.com/containerd/platforms"
	"github.com/distribution/reference"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"depfetch/fetch/cmdline"
	"depfetch/lock"
	"depfetch/lock/dockerfile"
	"depfetch/lock/sync"
)

// target is the build for one platform: the client that BuildKit's builder uses for it.
type target struct {
	view
	build    *frontend
	platform lock.Platform
	spec     ocispecs.Platform

	mu    gosync.Mutex
	bases map[string]*sync.Base // by reference
	// own is what the stages of the target platform ask for, and others what those of
	// other platforms do. They are read when all bases are known: with the variables of
	// the bases first, and then without, as package sync reads them.
	own, others []*sync.Reading
	pins        pins
}

func newTarget(f *frontend, spec ocispecs.Platform, opts map[string]string) (*target, error) {
	p, err := lock.NormalizePlatform(platforms.Format(spec))
	if err != nil {
		return nil, err
	}
	t := &target{
		view: view{Client: f.client, opts: opts}, build: f, platform: p, spec: spec,
		bases: make(map[string]*sync.Base), pins: sync.Lines(f.file),
	}
	// What is not locked for this platform is not asked for here, or is refused.
	artifacts, _ := f.file.Artifacts(p, lock.Selection{})
	for _, a := range artifacts {
		if address, err := cmdline.Normalize(a.URL, "", false); err == nil {
			if pin := t.pins[address.URL]; pin.Digest == a.Digest && len(pin.Mirrors) == 0 {
				pin.Mirrors = a.Mirrors
				t.pins[address.URL] = pin
			}
		}
	}
	return t, nil
}

// ResolveImageConfig implements client.Client, and remembers the base. An image that the
// lockfile has the digest of is that one.
func (t *target) ResolveImageConfig(ctx context.Context, ref string, opt sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	asked := ref
	if name, ok := lock.ImageName(ref); ok {
		if image, ok := t.build.file.Image(name); ok {
			asked = name + "@sha256:" + image.Digest.String()
		}
	}
	got, dgst, config, err := t.Client.ResolveImageConfig(ctx, asked, opt)
	if err == nil {
		t.remember(ref, config)
	}
	return got, dgst, config, err
}

// remember keeps the PATH, SHELL and variables of a base.
func (t *target) remember(ref string, config []byte) {
	var image struct {
		Config struct{ Env, Shell, OnBuild []string }
	}
	if json.Unmarshal(config, &image) != nil {
		return
	}
	b := &sync.Base{Shell: image.Config.Shell, Env: image.Config.Env, OnBuild: image.Config.OnBuild}
	for _, env := range image.Config.Env {
		if list, ok := strings.CutPrefix(env, "PATH="); ok {
			b.Path = list
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if other := t.bases[normal(ref)]; other != nil && !(slices.Equal(other.Env, b.Env) && slices.Equal(other.OnBuild, b.OnBuild)) {
		b.Env, b.OnBuild = nil, nil // it is another on each platform
	}
	t.bases[normal(ref)] = b
}

// normal returns a reference in its long form.
func normal(ref string) string {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return ref
	}
	return reference.TagNameOnly(named).String()
}

// read reads the Dockerfile as it is built here, once.
func (t *target) read(ctx context.Context) error {
	if t.own != nil {
		return nil
	}
	builds := t.build.ui.BuildPlatforms[0]
	buildPlatform, err := lock.NormalizePlatform(platforms.Format(builds))
	if err != nil {
		return err
	}
	args := map[string]string{
		"BUILDPLATFORM": platforms.Format(builds), "BUILDOS": builds.OS, "BUILDARCH": builds.Architecture, "BUILDVARIANT": builds.Variant,
	}
	for key, value := range t.opts {
		if name, ok := strings.CutPrefix(key, "build-arg:"); ok {
			args[name] = value
		}
	}
	own := []lock.Platform{t.platform}
	for _, variables := range []bool{true, false} {
		if variables && !t.variables() {
			continue
		}
		for _, r := range []struct {
			to        *[]*sync.Reading
			platforms []lock.Platform
		}{{&t.own, own}, {&t.others, slices.Compact(append(own, buildPlatform))}} {
			file, err := t.build.parse()
			if err != nil {
				return err
			}
			file.BuildArgs = args
			file.Context = dockerfile.NewContext(&contextFiles{frontend: t.build, ctx: ctx})
			bases := t.basesOf(file, variables)
			*r.to = append(*r.to, sync.Read(file, sync.Options{
				Platforms: r.platforms, Each: true, Base: func(image string) *sync.Base { return bases[image] },
			}))
		}
	}
	return nil
}

// variables reports whether a base has others than PATH, or may set some by ONBUILD.
func (t *target) variables() bool {
	for _, b := range t.bases {
		if len(b.OnBuild) > 0 || slices.ContainsFunc(b.Env, func(kv string) bool { return !strings.HasPrefix(kv, "PATH=") }) {
			return true
		}
	}
	return false
}

// basesOf returns the bases of a Dockerfile by what FROM says, with their variables or
// without.
func (t *target) basesOf(file *dockerfile.File, variables bool) map[string]*sync.Base {
	bases := make(map[string]*sync.Base)
	for _, image := range file.Images() {
		if b := t.bases[normal(image.Ref.Text)]; b != nil && image.Where == "FROM" {
			known := *b
			if !variables {
				known.Env, known.OnBuild = nil, nil
			}
			bases[image.Stage.Image] = &known
		}
	}
	return bases
}

// parse reads the Dockerfile. An error shows its line.
func (f *frontend) parse() (*dockerfile.File, error) {
	file, err := dockerfile.Parse(f.source.Filename, f.source.Data)
	var at *dockerfile.Error
	if errors.As(err, &at) {
		return nil, place{f.source.SourceMap, []*pb.Range{position(max(1, at.Line), 1)}}.locate(err)
	}
	return file, err
}

// Solve implements client.Client. It changes the definitions of builds.
func (t *target) Solve(ctx context.Context, req client.SolveRequest) (*client.Result, error) {
	if req.Definition == nil || req.Frontend != "" {
		return t.Client.Solve(ctx, req)
	}
	for {
		c := &change{target: t, ctx: ctx, blobs: make(map[string]blob), adds: make(map[string]place)}
		def, err := c.apply(req.Definition)
		if err != nil {
			return nil, err
		}
		changed := req
		changed.Definition = def
		// What BuildKit cannot download is to be known here.
		changed.Evaluate = req.Evaluate || len(c.blobs) > 0
		res, err := t.Client.Solve(ctx, changed)
		b, failed := c.failed(err)
		if !failed || ctx.Err() != nil {
			return res, err
		}
		if !t.build.again(ctx, b, err) {
			return nil, b.at.locate(fmt.Errorf("%s: %v", b.shown, err)) // of a wrapped error of BuildKit, only its own text would arrive
		}
	}
}

// mine reports whether a source is the Dockerfile, or the lockfile, of this build.
func (f *frontend) mine(info *pb.SourceInfo) bool {
	return info.Filename == f.source.Filename && string(info.Data) == string(f.source.Data)
}

// warn shows a warning at a place, once.
func (f *frontend) warn(ctx context.Context, at place, msg, hint string) {
	f.mu.Lock()
	said := f.warned[msg]
	f.warned[msg] = true
	f.mu.Unlock()
	if said {
		return
	}
	opts := client.WarnOpts{Level: 1, Range: at.ranges, SourceInfo: at.info()}
	if hint != "" {
		opts.Detail = [][]byte{[]byte(hint)}
	}
	f.source.Warn(ctx, "depfetch: "+msg, opts)
}
