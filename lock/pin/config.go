package pin

import (
	"context"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	answer "depfetch/lock/registry"
)

// Config is the part of an image's configuration that says how its programs run.
type Config struct {
	Path  string   // its PATH; empty if it sets none
	User  string   // of RUN instructions; empty means root
	Shell []string // of RUN instructions; nil means that of the builder
}

// Configs returns the configuration of each image for a platform, such as "linux/amd64".
// Images whose configuration could not be read, before ctx ended, are left out. Nothing
// is retried.
func (r *Registry) Configs(ctx context.Context, images []string, platform string) map[string]Config {
	var mu sync.Mutex
	configs := make(map[string]Config)
	forEach(images, func(image string) {
		if c, err := r.config(ctx, image, platform); err == nil {
			mu.Lock()
			defer mu.Unlock()
			configs[image] = c
		}
	})
	return configs
}

func (r *Registry) config(ctx context.Context, image, platform string) (Config, error) {
	ref, err := name.ParseReference(image)
	if err != nil {
		return Config{}, err
	}
	p, err := v1.ParsePlatform(platform)
	if err != nil {
		return Config{}, err
	}
	opts := append(r.options(ctx), remote.WithPlatform(*p),
		remote.WithRetryBackoff(remote.Backoff{Steps: 1}), remote.WithRetryPredicate(func(error) bool { return false }))
	found, err := remote.Image(ref, opts...)
	if err != nil {
		return Config{}, err
	}
	file, err := found.ConfigFile()
	if err != nil {
		return Config{}, err
	}
	c := Config{User: file.Config.User, Shell: file.Config.Shell}
	for _, e := range file.Config.Env {
		if path, ok := strings.CutPrefix(e, "PATH="); ok {
			c.Path = path
		}
	}
	return c, nil
}

// options returns the options of every request.
func (r *Registry) options(ctx context.Context) []remote.Option {
	opts := []remote.Option{remote.WithContext(ctx), remote.WithUserAgent(r.UserAgent)}
	if r.Keychain != nil {
		opts = append(opts, remote.WithAuthFromKeychain(r.Keychain))
	}
	under := r.Transport
	if under == nil {
		under = remote.DefaultTransport
	}
	return append(opts, remote.WithTransport(answer.Timed{RoundTripper: under, Blobs: true}))
}
