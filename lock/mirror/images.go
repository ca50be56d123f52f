package mirror

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/name"

	"depfetch/fetch"
	"depfetch/fetch/cache"
)

// ImageResult is the status of one image.
type ImageResult struct {
	Image
	Status Status
	Err    error // if Unreachable, or Wrong
	// Parts is how many manifests, configs and layers the image has. Lacking is how many
	// of them the target lacks, or lacked if the image is Copied, and Bytes how many bytes
	// these have. What a manifest names that is missing itself is not counted.
	Parts   int
	Lacking int
	Bytes   int64
	// Kept says that a tag, or the index of a directory, holds on to the image.
	Kept bool
}

// shelf is a store that has images, too.
type shelf interface {
	store
	// manifest returns a manifest, which the caller verifies.
	manifest(ctx context.Context, d fetch.Digest) ([]byte, error)
	// putManifest adds a manifest that has been verified, after all that it names.
	putManifest(ctx context.Context, p *part) error
	// keep holds on to an image, whose manifest is root, and kept reports whether the
	// store does.
	keep(ctx context.Context, i Image, root *part) error
	kept(ctx context.Context, i Image) (bool, error)
}

// PushImages copies to the target what it lacks of images: all of an index, for every
// platform and with its attestations, since its digest is of all of them. An image is
// there, by its digest and under a tag of its own, only when all its parts are. The error
// joins those of the images that failed.
func (c *Client) PushImages(ctx context.Context, all []Image) ([]ImageResult, error) {
	if c.Target.IsRegistry() && c.Target.tag.RegistryStr() == name.DefaultRegistry {
		return nil, &Error{What: "images", Target: c.Target, Err: errors.New("there are no repositories below others on Docker Hub")}
	}
	conn, err := c.Registry.connect(c.Jobs, c.Retries)
	if err != nil {
		return nil, err
	}
	s := c.images(all, pushing, func(i Image) []shelf {
		from := []shelf{c.shelf(conn, i)}
		if c.Fetch.Cache != nil {
			from = append(from, directory{c.Fetch.Cache})
		}
		if !c.Fetch.Offline {
			from = append(from, &registry{connection: conn, repo: i.repo, origin: true})
		}
		return from
	})
	return s.results, s.copy(ctx)
}

// PullImages copies from the target to a directory, as an OCI image layout, what it lacks
// of images. The bytes that the directory has are compared, too.
func (c *Client) PullImages(ctx context.Context, all []Image, to *cache.Store) ([]ImageResult, error) {
	conn, err := c.Registry.connect(c.Jobs, c.Retries)
	if err != nil {
		return nil, err
	}
	to.Sweep()
	s := c.images(all, pulling, func(i Image) []shelf { return []shelf{directory{to}, c.shelf(conn, i)} })
	return s.results, s.copy(ctx)
}

// CheckImages says which of the images the target has, with all their parts. With deep it
// reads them all and compares their bytes. Its error is that ctx has ended.
func (c *Client) CheckImages(ctx context.Context, all []Image, deep bool) ([]ImageResult, error) {
	conn, err := c.Registry.connect(c.Jobs, c.Retries)
	if err != nil {
		return nil, err
	}
	s := c.images(all, looking, func(i Image) []shelf { return []shelf{c.shelf(conn, i)} })
	if err := s.plan(ctx); err != nil {
		return nil, err
	}
	err = c.each(ctx, len(s.blobs), func(ctx context.Context, i int) error {
		s.blobs[i].err = s.find(ctx, s.blobs[i], deep)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.results, c.each(ctx, len(s.jobs), func(ctx context.Context, i int) error {
		j := s.jobs[i]
		err := j.sum()
		if err == nil && j.Lacking == 0 {
			err = c.retry(ctx, func() (err error) {
				j.Kept, err = j.from[0].kept(ctx, j.Image)
				return err
			})
		}
		switch {
		case err != nil:
			j.Status, j.Err = statusOf(err)
		case j.Lacking > 0:
			j.Status = Missing
		default:
			j.Status = Present
		}
		return nil
	})
}

// shelf returns where the target has an image.
func (c *Client) shelf(conn *connection, i Image) shelf {
	if !c.Target.IsRegistry() {
		return directory{&cache.Store{Root: c.Target.dir}}
	}
	return &registry{connection: conn, repo: c.Target.repositoryOf(i)}
}

// images is a copy of images, or a look at them.
type images struct {
	*Client
	mode    mode
	results []ImageResult
	jobs    []*imageJob
	blobs   []*imageBlob
	keeping sync.Mutex // held while the index of a directory is changed
}

// imageJob is one of the images.
type imageJob struct {
	*ImageResult
	from []shelf // the first is where the image is to be
	root *part
	// manifests are those that are not there yet, each after what it names.
	manifests []*part
	blobs     []*imageBlob
	named     int   // how many parts manifests have named so far
	err       error // of the manifests
}

// imageBlob is a config or a layer.
type imageBlob struct {
	*part
	job    *imageJob // of several, the first
	lacked bool
	err    error
}

// mode is what is done with images.
type mode int

const (
	pushing mode = iota // from their registries to the target
	pulling
	looking
)

func (c *Client) images(all []Image, m mode, from func(Image) []shelf) *images {
	s := &images{Client: c, mode: m, results: make([]ImageResult, len(all))}
	for n, i := range all {
		s.results[n].Image = i
		s.jobs = append(s.jobs, &imageJob{ImageResult: &s.results[n], from: from(i)})
	}
	return s
}

// copy copies the images, and reports each that is complete.
func (s *images) copy(ctx context.Context) error {
	began := time.Now()
	if err := s.plan(ctx); err != nil {
		return err
	}
	err := s.each(ctx, len(s.blobs), func(ctx context.Context, i int) error {
		b := s.blobs[i]
		_, local := b.job.from[0].(directory)
		b.err = s.find(ctx, b, local)
		if local && IsWrong(b.err) {
			b.lacked, b.err = true, nil
		}
		if b.err != nil || !b.lacked {
			return nil
		}
		var from []store
		for _, f := range b.job.from[1:] {
			from = append(from, f)
		}
		_, b.err = s.Client.copy(ctx, from, b.job.from[0], b.artifact())
		return nil
	})
	if err != nil {
		return err
	}
	return s.each(ctx, len(s.jobs), func(ctx context.Context, i int) error {
		j := s.jobs[i]
		err := j.sum()
		if err == nil {
			err = s.complete(ctx, j)
		}
		if err != nil {
			return s.imageFailed(ctx, j, err)
		}
		j.Status, j.Kept = Present, true
		if j.Lacking > 0 {
			j.Status = Copied
			s.reporting.Lock()
			defer s.reporting.Unlock()
			if s.CopiedImage != nil {
				s.CopiedImage(*j.ImageResult, time.Since(began))
			}
		}
		return nil
	})
}

// complete adds the manifests of an image whose blobs are all there.
func (s *images) complete(ctx context.Context, j *imageJob) error {
	to := j.from[0]
	for _, p := range j.manifests {
		if err := to.putManifest(ctx, p); err != nil {
			return err
		}
	}
	if _, local := to.(directory); local {
		s.keeping.Lock()
		defer s.keeping.Unlock()
	}
	var kept bool
	err := s.retry(ctx, func() (err error) {
		kept, err = to.kept(ctx, j.Image)
		return err
	})
	if err != nil || kept {
		return err
	}
	return to.keep(ctx, j.Image, j.root)
}

// imageFailed returns the error of an image.
func (s *images) imageFailed(ctx context.Context, j *imageJob, err error) error {
	if errors.Is(err, fs.ErrNotExist) && s.mode == pushing && s.Fetch.Offline {
		err = errors.New("the cache does not have all of it, and --offline is set")
	}
	return s.failed(ctx, j.Name, err)
}

// find looks for a blob, and compares its bytes if deep.
func (s *images) find(ctx context.Context, b *imageBlob, deep bool) error {
	r := Result{Blob: Blob{Artifact: b.artifact()}}
	if deep {
		s.verify(ctx, b.job.from[0], &r)
	} else {
		s.look(ctx, b.job.from[0], &r)
	}
	b.lacked = r.Status == Missing
	return r.Err
}

// artifact returns what a blob is called in messages, and its bytes.
func (b *imageBlob) artifact() fetch.Artifact {
	return fetch.Artifact{Name: b.job.Name, Platform: "sha256:" + b.digest.String()[:12], Digest: b.digest, Size: b.size}
}

// sum completes the result of an image by those of its blobs, and returns what is wrong
// with it.
func (j *imageJob) sum() error {
	err, more := j.err, 0
	for _, b := range j.blobs {
		switch {
		case b.err == nil:
		case err == nil:
			err = fmt.Errorf("sha256:%s: %w", b.digest, b.err)
		default:
			more++
		}
		if b.lacked {
			j.Lacking++
			j.Bytes += b.size
		}
	}
	if more > 0 {
		err = fmt.Errorf("%w (and %d more of its parts)", err, more)
	}
	return err
}

// originError is an error of the registry that an image is from, not of the target.
type originError struct {
	registry string
	error
}

func (e *originError) Unwrap() error { return e.error }

// fileError is an error about a file of a directory.
type fileError struct {
	file string
	error
}

func (e *fileError) Unwrap() error { return e.error }

// readFailed returns the error of reading a blob from a store, which says what is at fault.
func readFailed(s store, d fetch.Digest, err error) error {
	if dir, local := s.(directory); local && IsWrong(err) {
		return &fileError{dir.File(d), err}
	}
	if r, ok := s.(*registry); ok && r.origin && err != nil {
		return &originError{registryName(r.repo.Registry), err}
	}
	return err
}
