package frontend

import (
	"context"
	"sync"

	"github.com/containerd/platforms"
	"github.com/distribution/reference"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerui"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// shims are where depfetch comes from, as /depfetch: the named context of that name, or
// the image of the frontend, by the digest that it has during this build.
type shims struct {
	*frontend
	once sync.Once
	ref  string
	err  error
}

// image returns the reference of the frontend's image, with its digest.
func (s *shims) image(ctx context.Context) (string, error) {
	s.once.Do(func() { s.ref, s.err = s.resolve(ctx) })
	return s.ref, s.err
}

func (s *shims) resolve(ctx context.Context) (string, error) {
	named, err := reference.ParseNormalizedNamed(s.opts["source"])
	if err != nil {
		return "", fault("give --build-context depfetch=DIR, a folder that holds it", "where depfetch comes from is not known: %w", err)
	}
	if _, ok := named.(reference.Digested); ok {
		return named.String(), nil
	}
	named = reference.TagNameOnly(named)
	_, dgst, _, err := s.client.ResolveImageConfig(ctx, named.String(), sourceresolver.Opt{
		LogName: "[depfetch] load metadata for " + s.opts["source"], ImageOpt: &sourceresolver.ResolveImageOpt{},
	})
	if err != nil {
		return "", err
	}
	named, err = reference.WithDigest(named, dgst)
	if err != nil {
		return "", err
	}
	return named.String(), nil
}

// state returns the file system that holds /depfetch for a platform.
func (s *shims) state(ctx context.Context, p ocispecs.Platform) (llb.State, error) {
	named, err := s.ui.NamedContext("depfetch", dockerui.ContextOpt{NoDockerignore: true, Platform: &p})
	if err != nil {
		return llb.State{}, err
	}
	if named != nil {
		st, _, err := named.Load(ctx)
		if err != nil {
			return llb.State{}, err
		}
		return *st, nil
	}
	ref, err := s.image(ctx)
	if err != nil {
		return llb.State{}, err
	}
	return llb.Image(ref, llb.Platform(p), llb.WithCustomName("[depfetch] depfetch for "+platforms.Format(p))), nil
}
