package update

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/fetch/source"
	"depfetch/fetch/tempfile"
	"depfetch/fetch/unpack"
	"depfetch/lock/content"
)

// Build is a program of Go, and what its build information says it was built from.
type Build struct {
	Name string // of the file in its archive; empty if it is what was downloaded, or its member
	Info *debug.BuildInfo
}

// Builds returns the programs of Go that artifacts place, sorted by their names, for each
// of them. What is not in the cache is downloaded; all of it has the digest that the
// artifact says. A file that is packed and placed as it is is not looked into.
func (c *Client) Builds(ctx context.Context, artifacts []fetch.Artifact) ([][]Build, error) {
	client, done, err := c.Keep()
	if err != nil {
		return nil, err
	}
	defer done()
	if _, err := client.Fill(ctx, artifacts); err != nil {
		return nil, err
	}
	builds := make([][]Build, len(artifacts))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range artifacts {
		g.Go(func() (err error) {
			if builds[i], err = c.builds(ctx, client.Cache, &artifacts[i]); err != nil {
				err = fmt.Errorf("looking into %s: %w", source.Redact(artifacts[i].URL), err)
			}
			return err
		})
	}
	return builds, g.Wait()
}

// builds returns the programs of Go that one artifact places.
func (c *Client) builds(ctx context.Context, store *cache.Store, a *fetch.Artifact) (all []Build, err error) {
	f, err := c.openBlob(ctx, store, a.Digest, a.Size)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	o := a.Unpack.Options(a.Limits)
	if a.Unpack == nil {
		if a.Member != "" {
			return memberBuild(ctx, f, info.Size(), a, o)
		}
		return buildOf(f, ""), nil
	}
	var (
		mu       sync.Mutex
		programs []string
	)
	_, err = unpack.Inspect(ctx, f, info.Size(), o, content.HeadSize, func(e unpack.Entry, head []byte) {
		mu.Lock()
		defer mu.Unlock()
		if content.Machines(head) != nil {
			programs = append(programs, e.Name)
		}
	})
	if err != nil || len(programs) == 0 {
		return nil, err
	}
	return treeBuilds(ctx, f, info.Size(), programs, o)
}

// memberBuild looks into the one file of an archive that an artifact places.
func memberBuild(ctx context.Context, f *os.File, size int64, a *fetch.Artifact, o unpack.Options) ([]Build, error) {
	to, err := tempfile.New(os.TempDir())
	if err != nil {
		return nil, err
	}
	defer os.Remove(to.Name())
	defer to.Close()
	if _, err := unpack.Member(ctx, f, size, a.Member, a.Unpacked, to, o); err != nil {
		return nil, err
	}
	return buildOf(to, ""), nil
}

// treeBuilds looks into the programs of a tree, which it unpacks in a private place.
func treeBuilds(ctx context.Context, f *os.File, size int64, programs []string, o unpack.Options) (all []Build, err error) {
	dir, err := tempfile.NewDir(os.TempDir())
	if err != nil {
		return nil, err
	}
	defer dir.Remove()
	below := filepath.Join(dir.Path, "tree") // for the directory is not empty
	if err := os.Mkdir(below, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(below)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if err := unpack.Tree(ctx, f, size, root, o); err != nil {
		return nil, err
	}
	slices.Sort(programs)
	for _, name := range programs {
		program, err := root.Open(name)
		if err != nil {
			return nil, err
		}
		all = append(all, buildOf(program, name)...)
		program.Close()
	}
	return all, nil
}

// buildOf returns the build information of a file, if it is a program of Go that has some.
func buildOf(f io.ReaderAt, name string) []Build {
	info, err := buildinfo.Read(f)
	if err != nil {
		return nil
	}
	return []Build{{name, info}}
}
