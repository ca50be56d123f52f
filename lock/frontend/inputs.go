package frontend

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/frontend/gateway/client"
	digest "github.com/opencontainers/go-digest"

	"depfetch/lock"
)

// view is a client with other options and inputs.
type view struct {
	client.Client
	opts   map[string]string
	inputs map[string]llb.State // beside those of the build
	quiet  bool                 // the warnings have been shown for another platform
}

// Warn implements client.Client. An error of another platform does not keep it back.
func (v *view) Warn(ctx context.Context, dgst digest.Digest, msg string, opts client.WarnOpts) error {
	if v.quiet {
		return nil
	}
	return v.Client.Warn(context.WithoutCancel(ctx), dgst, msg, opts)
}

// BuildOpts implements client.Client.
func (v *view) BuildOpts() client.BuildOpts {
	o := v.Client.BuildOpts()
	o.Opts = v.opts
	return o
}

// Inputs implements client.Client.
func (v *view) Inputs(ctx context.Context) (map[string]llb.State, error) {
	all, err := v.Client.Inputs(ctx)
	if err != nil || len(v.inputs) == 0 {
		return all, err
	}
	if all == nil {
		all = make(map[string]llb.State)
	}
	for name, st := range v.inputs {
		all[name] = st
	}
	return all, nil
}

// readLock reads the lockfile: of the named context depfetch-lock, or of the build
// context, where asked names it. A build without one pins nothing.
func (f *frontend) readLock(ctx context.Context, asked string) error {
	name := strings.TrimPrefix(path.Clean("/"+asked), "/")
	if name == "" {
		name = lockName
	}
	st, err := f.lockState(ctx, name)
	if err != nil {
		return err
	}
	data, def, err := f.read(ctx, st, name, lock.MaxSize)
	switch {
	case err != nil && asked != "":
		return fmt.Errorf("DEPFETCH_LOCK=%s: %w", asked, err)
	case err != nil:
		data = []byte("version = 1\n")
	default:
		sm := llb.NewSourceMap(st, name, "TOML", data)
		sm.Definition = def
		f.locked = &dockerui.Source{SourceMap: sm}
	}
	return f.parseLock(name, data)
}

// parseLock parses and checks the lockfile.
func (f *frontend) parseLock(name string, data []byte) (err error) {
	if f.file, err = lock.Parse(name, data); err == nil {
		if err = f.file.Check(); err == nil {
			err = f.file.CheckImages()
		}
	}
	if err != nil && f.locked != nil {
		return locateLock(err, f.locked.SourceMap)
	}
	return err
}

// lockText returns the lockfile as it is.
func (f *frontend) lockText() []byte {
	if f.locked == nil {
		return []byte("version = 1\n")
	}
	return f.locked.Data
}

// lockState finds where the lockfile is.
func (f *frontend) lockState(ctx context.Context, name string) (*llb.State, error) {
	named, err := f.ui.NamedContext("depfetch-lock", dockerui.ContextOpt{NoDockerignore: true})
	if err != nil {
		return nil, err
	}
	if named != nil {
		st, _, err := named.Load(ctx)
		return st, err
	}
	f.lockPath = "/" + name
	return f.contextFile(ctx, name)
}

// contextFile returns the build context, of which only one file is needed. Where the
// context is a folder of the client, no other file is sent.
func (f *frontend) contextFile(ctx context.Context, name string) (*llb.State, error) {
	return f.ui.MainContext(ctx, llb.FollowPaths([]string{name}), llb.ExcludePatterns(nil),
		llb.SharedKeyHint("depfetch-"+name), dockerui.WithInternalName("load "+name), llb.Differ(llb.DiffNone, false))
}

// read reads a file of at most limit bytes.
func (f *frontend) read(ctx context.Context, st *llb.State, name string, limit int64) ([]byte, *llb.Definition, error) {
	ref, def, err := f.solve(ctx, st)
	if err != nil {
		return nil, nil, err
	}
	stat, err := ref.StatFile(ctx, client.StatRequest{Path: name})
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("the build context has no %s: %w", name, fs.ErrNotExist)
	case stat.Size > limit:
		return nil, nil, fmt.Errorf("%s is longer than %d bytes", name, limit)
	}
	data, err := ref.ReadFile(ctx, client.ReadRequest{Filename: name})
	return data, def, err
}

// solve makes a state of sources alone.
func (f *frontend) solve(ctx context.Context, st *llb.State) (client.Reference, *llb.Definition, error) {
	def, err := st.Marshal(ctx)
	if err != nil {
		return nil, nil, err
	}
	res, err := f.client.Solve(ctx, client.SolveRequest{Definition: def.ToPB()})
	if err != nil {
		return nil, nil, err
	}
	ref, err := res.SingleRef()
	return ref, def, err
}

// contextFiles are the files of the build context, for package dockerfile.
type contextFiles struct {
	*frontend
	ctx  context.Context // of the one build that the files are read for
	once sync.Once
	tree client.Reference
}

// IsDir implements dockerfile.Files. No content is sent for it.
func (c *contextFiles) IsDir(name string) bool {
	c.once.Do(func() {
		st, err := c.ui.MainContext(c.ctx, llb.MetadataOnlyTransfer(nil),
			llb.SharedKeyHint("depfetch-names"), dockerui.WithInternalName("load names of the build context"))
		if err == nil {
			c.tree, _, _ = c.solve(c.ctx, st)
		}
	})
	if c.tree == nil {
		return false
	}
	stat, err := c.tree.StatFile(c.ctx, client.StatRequest{Path: name})
	return err == nil && stat.IsDir()
}

// Read implements dockerfile.Files.
func (c *contextFiles) Read(name string, limit int64) ([]byte, error) {
	st, err := c.contextFile(c.ctx, name)
	if err != nil {
		return nil, err
	}
	data, _, err := c.read(c.ctx, st, name, limit)
	return data, err
}
