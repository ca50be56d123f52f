package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"depfetch/cmd/internal/console"
	"depfetch/fetch/printable"
	"depfetch/lock"
	"depfetch/lock/mirror"
)

// pinnedImages returns the images that files pin by a digest, and the lockfile by a line
// of images, each once. Those that have none cannot be mirrored, and are said.
func (c *command) pinnedImages(f mirrorFlags, lockfile *lock.File) ([]mirror.Image, error) {
	if len(f.images) == 0 {
		return nil, nil
	}
	contexts := contextNames(f.contexts)
	files, err := pinnable(f.images, contexts, isCompose, "linux/amd64")
	if err != nil {
		return nil, err
	}
	var (
		images []mirror.Image
		open   bool
	)
	for _, i := range lockfile.Images {
		image, err := mirror.ParseImage(i.Name + "@sha256:" + i.Digest.String())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.name(), err)
		}
		images = append(images, image)
	}
	for _, file := range files {
		for _, r := range file.refs {
			if name, ok := lock.ImageName(r.Text); ok {
				if _, ok := lockfile.Image(name); ok {
					continue // the frontend takes the digest of that line
				}
			}
			switch {
			case r.Context(contexts):
			case r.Pinned() && !strings.Contains(r.Text, "$"):
				image, err := mirror.ParseImage(r.Text)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", r.Place(), err)
				}
				images = append(images, image)
			case r.Why == "" && !r.Ignored:
				open = true
				c.warn(fmt.Errorf("%s: %s has no digest, and is left out", r.Place(), r.Text))
			default:
				why := r.Why
				if why == "" {
					why = "it has no digest"
				}
				c.warn(fmt.Errorf("%s: %s is left out: %s", r.Place(), r.Text, why))
			}
		}
	}
	if open {
		c.console.Hintf("deplock pin writes the digests")
	}
	return mirror.Images(images), nil
}

// copiedImage tells of an image that has been copied.
func (c *command) copiedImage(verb string, i mirror.ImageResult, elapsed time.Duration) {
	fmt.Fprintf(c.console.Stderr, "%-11s %s (%s, %s)  in %s\n", verb, printable.String(i.Name), count(i.Lacking, "part"), console.Bytes(i.Bytes), elapsed.Round(time.Millisecond))
}

// copiedImages says what has been copied, and where it is to be found.
func (c *command) copiedImages(verb string, t mirror.Target, results []mirror.ImageResult) {
	var (
		copied, there int
		bytes         int64
		mirrors       []string
	)
	for _, r := range results {
		switch r.Status {
		case mirror.Copied:
			copied++
			bytes += r.Bytes
		case mirror.Present:
			there++
		default:
			continue
		}
		if from, at, ok := t.Mirror(r.Image); ok {
			mirrors = append(mirrors, fmt.Sprintf("%s is a mirror of %s", at, from))
		}
	}
	c.printf("%s %s, %s; %d there already\n", verb, count(copied, "image"), console.Bytes(bytes), there)
	slices.Sort(mirrors)
	for _, m := range slices.Compact(mirrors) {
		c.printf("%s\n", m)
	}
}

func (c *command) imagesText(results []mirror.ImageResult) {
	if len(results) == 0 {
		return
	}
	n := make(map[mirror.Status]int)
	for _, r := range results {
		c.judge(r.Status == mirror.Present, r.Status == mirror.Unreachable)
		n[r.Status]++
		cause := ""
		switch {
		case r.Status == mirror.Present:
			continue
		case r.Err != nil:
			cause = ": " + r.Err.Error()
		case r.Parts > 1:
			cause = fmt.Sprintf(": %d of %d parts", r.Lacking, r.Parts)
		}
		c.printf("%s %s%s\n", c.markMirror(r.Status), r.Image, cause)
	}
	c.printf("images: %d present, %d missing, %d wrong, %d unreachable\n", n[mirror.Present], n[mirror.Missing], n[mirror.Wrong], n[mirror.Unreachable])
}

// mirroredImage is a line of mirror check --json.
type mirroredImage struct {
	Image   string        `json:"image"`
	SHA256  string        `json:"sha256"`
	At      string        `json:"at"`
	Status  mirror.Status `json:"status"`
	Parts   int           `json:"parts"`
	Lacking int           `json:"lacking,omitempty"`
	Error   string        `json:"error,omitempty"`
}

func (c *command) imagesJSON(t mirror.Target, results []mirror.ImageResult) error {
	enc := newEncoder(c.stdout)
	for _, r := range results {
		c.judge(r.Status == mirror.Present, r.Status == mirror.Unreachable)
		line := mirroredImage{Image: r.Name, SHA256: r.Digest.String(), At: t.Where(r.Image), Status: r.Status, Parts: r.Parts, Lacking: r.Lacking}
		if r.Err != nil {
			line.Error = r.Err.Error()
		}
		if err := enc.Encode(line); err != nil {
			return err
		}
	}
	return nil
}
