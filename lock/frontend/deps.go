package frontend

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"depfetch/lock"
	"depfetch/lock/dockerfile"
)

// The name of the stage that holds what the lockfile places, and the mark of its step.
const (
	depsName = "deps"
	markDeps = "DEPFETCH_STAGE=" + depsName
)

// takes reports whether a Dockerfile takes something from a name that neither it nor a
// named context defines.
func (t *target) takes(file *dockerfile.File, name string) bool {
	for _, key := range []string{"context:" + name, "context:" + name + "::" + platforms.FormatAll(platforms.Normalize(t.spec))} {
		if _, ok := t.opts[key]; ok {
			return false
		}
	}
	return slices.ContainsFunc(file.Images(), func(im dockerfile.Image) bool { return im.Ref.Text == name })
}

// offer defines the contexts that the Dockerfile takes something from and nobody gives:
// deps, and depfetch, which sync writes into Dockerfiles.
func (t *target) offer(ctx context.Context) error {
	file, err := dockerfile.Parse(t.build.source.Filename, t.build.source.Data)
	if err != nil {
		return nil // the builder says why
	}
	if t.takes(file, "depfetch") {
		ref, err := t.build.shims.image(ctx)
		if err != nil {
			return err
		}
		t.opts["context:depfetch"] = "docker-image://" + ref
	}
	if t.takes(file, depsName) {
		st, err := t.depsState(ctx)
		if err != nil {
			return err
		}
		t.opts["context:"+depsName] = "input:depfetch-" + depsName
		t.inputs = map[string]llb.State{"depfetch-" + depsName: st}
	}
	return nil
}

// depsState returns the file system that holds what the lockfile places for the target.
// It is made on the build platform, so that no emulator is needed.
func (t *target) depsState(ctx context.Context) (llb.State, error) {
	builds := t.build.ui.BuildPlatforms[0]
	shim, err := t.build.shims.state(ctx, builds)
	if err != nil {
		return llb.State{}, err
	}
	args := []string{"/depfetch", "fetch", "--root", "/out", "--platform", string(t.platform)}
	var at llb.ConstraintsOpt = llb.WithCustomName("[depfetch] what the lockfile places for " + string(t.platform))
	run := shim.Run(llb.Args(args), llb.Dir("/"), llb.AddEnv("DEPFETCH_STAGE", depsName), llb.Platform(builds), at)
	return run.AddMount("/out", llb.Scratch()), nil
}

// deps gives the step of depsState the lockfile and the files.
func (c *change) deps(s *step) (bool, error) {
	f := c.build
	if f.locked == nil {
		return false, fault("deplock init", "the stage deps holds what the lockfile places, and the build context has no %s", lockName)
	}
	artifacts, err := f.file.Artifacts(c.platform, lock.Selection{})
	if err != nil {
		return false, f.locateDeps(err)
	}
	files := &downloads{text: f.locked.Data, at: func(pin lock.Pin) place { return f.lockLine(pin.Digest.String()) }}
	for _, a := range artifacts {
		if a.Path != "" {
			files.add(lock.Pin{URL: a.URL, Digest: a.Digest, Mirrors: a.Mirrors}, true, true)
		}
	}
	return true, c.withPins(s, files)
}

// lockLine returns the line of the lockfile that has a text.
func (f *frontend) lockLine(text string) place {
	before := f.locked.Data[:max(0, bytes.Index(f.locked.Data, []byte(text)))]
	return place{f.locked.SourceMap, []*pb.Range{position(bytes.Count(before, []byte("\n"))+1, 1)}}
}

// locateDeps gives an error about a dependency its line.
func (f *frontend) locateDeps(err error) error {
	var missing *lock.NotPinnedError
	if !errors.As(err, &missing) {
		return err
	}
	hint := "deplock update " + missing.Dep + " --platform " + string(missing.Platform)
	return f.lockLine("[deps." + missing.Dep + "]").locate(fault(hint, "%w", err))
}

// buildLockfile builds a lockfile as an image of what it places.
func (f *frontend) buildLockfile(ctx context.Context) (*client.Result, error) {
	sm := llb.NewSourceMap(f.source.State, f.source.Filename, "TOML", f.source.Data)
	sm.Definition = f.source.Definition
	f.locked = &dockerui.Source{SourceMap: sm, Warn: f.source.Warn}
	f.source = f.locked
	if err := f.parseLock(f.source.Filename, f.source.Data); err != nil {
		return nil, err
	}
	built, err := f.ui.Build(ctx, func(ctx context.Context, p *ocispecs.Platform, _ int) (client.Reference, *dockerspec.DockerOCIImage, *dockerspec.DockerOCIImage, error) {
		spec := f.ui.BuildPlatforms[0]
		if p != nil {
			spec = *p
		}
		ref, err := f.buildDeps(ctx, spec)
		if err != nil {
			return nil, nil, nil, err
		}
		image := &dockerspec.DockerOCIImage{Image: ocispecs.Image{Platform: platforms.Normalize(spec), RootFS: ocispecs.RootFS{Type: "layers"}}}
		return ref, image, nil, nil
	})
	if err != nil {
		return nil, err
	}
	return built.Finalize()
}

// buildDeps builds what the lockfile places for one platform.
func (f *frontend) buildDeps(ctx context.Context, spec ocispecs.Platform) (client.Reference, error) {
	t, err := newTarget(f, spec, f.opts)
	if err != nil {
		return nil, err
	}
	st, err := t.depsState(ctx)
	if err != nil {
		return nil, err
	}
	def, err := st.Marshal(ctx)
	if err != nil {
		return nil, err
	}
	res, err := t.Solve(ctx, client.SolveRequest{Definition: def.ToPB(), CacheImports: f.ui.CacheImports})
	if err != nil {
		return nil, err
	}
	return res.SingleRef()
}
