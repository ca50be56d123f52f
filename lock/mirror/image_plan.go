package mirror

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"depfetch/fetch"
	"depfetch/fetch/digest"
)

// plan reads the manifests of all images, and lists their blobs, each once.
func (s *images) plan(ctx context.Context) error {
	err := s.each(ctx, len(s.jobs), func(ctx context.Context, i int) error {
		j := s.jobs[i]
		j.root = &part{digest: j.Digest, size: fetch.SizeUnknown}
		j.err = s.tree(ctx, j, j.root, maxDepth)
		return nil
	})
	if err != nil {
		return err
	}
	type key struct {
		store  string
		digest fetch.Digest
	}
	known := make(map[key]*imageBlob)
	for _, j := range s.jobs {
		if j.err != nil && s.mode != looking {
			continue // it will not be complete
		}
		mine := make(map[fetch.Digest]bool)
		var list func(p *part)
		list = func(p *part) {
			for _, kid := range p.parts {
				if mine[kid.digest] {
					continue
				}
				mine[kid.digest] = true
				j.Parts++
				if kid.isManifest() {
					list(kid)
					continue
				}
				k := key{j.from[0].String(), kid.digest}
				b := known[k]
				if b == nil {
					b = &imageBlob{part: kid, job: j}
					known[k] = b
					s.blobs = append(s.blobs, b)
				}
				j.blobs = append(j.blobs, b)
			}
		}
		j.Parts++
		list(j.root)
	}
	return nil
}

// tree reads a manifest, and those that it names. Where the image is only looked for, what
// is not there ends it.
func (s *images) tree(ctx context.Context, j *imageJob, p *part, depth int) error {
	text, n, err := s.manifest(ctx, j.from, p)
	if passed(j.from[0], err) || n > 0 {
		j.Lacking++
	}
	switch {
	case s.mode == looking && errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return readFailed(j.from[n], p.digest, err)
	}
	if err := p.read(text); err != nil {
		return fmt.Errorf("sha256:%s: %w", p.digest, err)
	}
	if j.named += len(p.parts); j.named > maxParts {
		return fmt.Errorf("it has more than %d parts", maxParts)
	}
	for _, kid := range p.parts {
		if !kid.isManifest() {
			continue
		}
		if depth == 0 {
			return errors.New("too many indexes stand in each other")
		}
		if err := s.tree(ctx, j, kid, depth-1); err != nil {
			return err
		}
	}
	if n > 0 {
		j.manifests = append(j.manifests, p)
		j.Bytes += p.size
	}
	return nil
}

// manifest reads a manifest from the first of several stores that has it, and returns the
// number of the one that was asked last.
func (s *images) manifest(ctx context.Context, from []shelf, p *part) (text []byte, n int, err error) {
	for n = range from {
		err = s.retry(ctx, func() (err error) {
			if text, err = from[n].manifest(ctx, p.digest); err != nil {
				return err
			}
			switch {
			case p.size != fetch.SizeUnknown && int64(len(text)) != p.size:
				return &wrongError{fmt.Errorf("sha256:%s has %d bytes, and not %d", p.digest, len(text), p.size)}
			case digest.Of(text) != p.digest:
				return &wrongError{fmt.Errorf("sha256:%s has other bytes", p.digest)}
			}
			return nil
		})
		if !passed(from[n], err) {
			break
		}
	}
	return text, n, err
}
