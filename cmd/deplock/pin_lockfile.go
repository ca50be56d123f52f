package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/exit"
	"depfetch/fetch"
	"depfetch/fetch/digest"
	"depfetch/lock"
	"depfetch/lock/edit"
	"depfetch/lock/pin"
)

// imageTable is what pin --to-lockfile knows of the table images and of what Dockerfiles
// start from.
type imageTable struct {
	target target
	uses   []imageUse
	// unread are images of which it is not known which they are: a line may be for one.
	unread []pin.Reference
	whole  bool // no file was named: all that there are have been read
}

// imageUse is where a Dockerfile first names an image without a digest.
type imageUse struct {
	at   pin.Reference
	name string // as in the lockfile
}

// pinTable keeps the table images of the lockfile, and leaves Dockerfiles as they are.
func (c *command) pinTable(ctx context.Context, f pinFlags, paths []string) error {
	t, err := c.tableOf(f, paths)
	if err != nil {
		return err
	}
	var (
		errs    []error
		digests = make(map[string]v1.Hash)
		asked   = t.asked(f)
	)
	if !f.check || f.update {
		registry, err := c.registry(f.network)
		if err != nil {
			return err
		}
		var failed map[string]error
		end := c.progress.Step("for the digests of " + count(len(asked), "image"))
		digests, failed = registry.Digests(ctx, asked)
		end()
		for _, name := range asked {
			if err := failed[name]; err != nil {
				errs = append(errs, t.placed(name, err))
			}
		}
	}
	if f.check {
		return errors.Join(append(errs, c.checkTable(f, t, digests))...)
	}
	for _, r := range t.unread {
		c.warn(fmt.Errorf("%s: %s is not pinned: %s", r.Place(), r.Text, r.Why))
	}
	lines, err := t.lines(digests)
	if err != nil {
		return errors.Join(append(errs, err)...)
	}
	var unused []string
	if f.prune {
		if unused, err = t.unused(f.contexts); err != nil {
			return err
		}
		if len(unused) > 0 && len(t.unread) > 0 {
			c.warn(fmt.Errorf("nothing is removed: %s may be what a line is for", t.unread[0].Place()))
			unused = nil
		}
	}
	if len(lines)+len(unused) == 0 {
		if len(errs) == 0 {
			fmt.Fprintln(c.stdout, "nothing to pin")
		}
		return errors.Join(errs...)
	}
	change := func(doc *edit.Document) error {
		return doc.Batch(func(doc *edit.Document) error {
			return errors.Join(doc.SetImages(lines...), doc.RemoveImages(unused...))
		})
	}
	if f.dryRun {
		return errors.Join(append(errs, c.preview(t.target, change))...)
	}
	if err := t.target.write(ctx, change); err != nil {
		return errors.Join(append(errs, err)...)
	}
	for _, i := range lines {
		old, _ := t.target.file.Image(i.Name)
		c.printf("%s: %s %s\n", t.target.name, i.Name, movement(imageHash(old.Digest), imageHash(i.Digest)))
	}
	for _, name := range unused {
		c.printf("%s: removed %s, which nothing names\n", t.target.name, name)
	}
	return errors.Join(errs...)
}

// imageHash returns a digest in the type of registries, zero for zero.
func imageHash(d fetch.Digest) v1.Hash {
	if d.IsZero() {
		return v1.Hash{}
	}
	return v1.Hash{Algorithm: "sha256", Hex: d.String()}
}

// tableOf reads the Dockerfiles that paths name, and the lockfile.
func (c *command) tableOf(f pinFlags, paths []string) (*imageTable, error) {
	t := &imageTable{whole: len(paths) == 0}
	var err error
	if t.target, err = openTarget(c.name()); err != nil {
		return nil, err
	}
	return t, t.read(paths, f.contexts)
}

// read adds what Dockerfiles start from, for each platform of the lockfile.
func (t *imageTable) read(paths, contexts []string) error {
	platforms := t.target.file.Platforms
	if len(platforms) == 0 {
		platforms = []lock.Platform{"linux/amd64"}
	}
	for _, p := range platforms {
		files, err := pinnable(paths, contextNames(contexts), nil, p)
		if err != nil {
			return err
		}
		for _, file := range files {
			if pin.IsYAML(file.name) {
				return console.Usagef("deplock pin "+file.name+" writes them into it", "%s: [images] has the digests of images that Dockerfiles name", file.name)
			}
			t.add(file)
		}
	}
	slices.SortStableFunc(t.uses, func(a, b imageUse) int {
		return cmp.Or(cmp.Compare(a.at.File, b.at.File), cmp.Compare(a.at.Line, b.at.Line), cmp.Compare(a.at.Col, b.at.Col))
	})
	return nil
}

// add adds what a Dockerfile starts from.
func (t *imageTable) add(file pinned) {
	for i, r := range file.refs {
		name, ok := lock.ImageName(r.Image)
		switch {
		case file.left[i] || r.Pinned():
		case !ok || !r.Known:
			if same := func(o pin.Reference) bool { return o.Place() == r.Place() }; !slices.ContainsFunc(t.unread, same) {
				t.unread = append(t.unread, r)
			}
		case !slices.ContainsFunc(t.uses, func(u imageUse) bool { return u.name == name }):
			t.uses = append(t.uses, imageUse{r, name})
		}
	}
}

// asked returns the images to ask registries about: those without a line and, to update,
// those that have one, of which all count if no file was named.
func (t *imageTable) asked(f pinFlags) []string {
	var names []string
	for _, u := range t.uses {
		if _, ok := t.target.file.Image(u.name); f.update && ok || !f.check && !ok {
			names = append(names, u.name)
		}
	}
	if f.update && t.whole {
		for _, i := range t.target.file.Images {
			if !slices.Contains(names, i.Name) {
				names = append(names, i.Name)
			}
		}
	}
	return names
}

// placed returns why an image has no digest, with where it is named.
func (t *imageTable) placed(name string, err error) error {
	if i := slices.IndexFunc(t.uses, func(u imageUse) bool { return u.name == name }); i >= 0 {
		return &imageError{t.uses[i].at, err}
	}
	return err
}

// lines returns the lines that are new, or other than before.
func (t *imageTable) lines(digests map[string]v1.Hash) ([]lock.Image, error) {
	var lines []lock.Image
	for _, name := range slices.Sorted(maps.Keys(digests)) {
		d, err := digest.Parse(digests[name].Hex)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if old, ok := t.target.file.Image(name); !ok || old.Digest != d {
			lines = append(lines, lock.Image{Name: name, Digest: d})
		}
	}
	return lines, nil
}

// unused returns the lines that no Dockerfile names, be it one that was named or one below
// the lockfile's folder.
func (t *imageTable) unused(contexts []string) ([]string, error) {
	folder := filepath.Dir(t.target.name)
	if names, err := dockerfiles([]string{folder}, nil); err == nil && len(names) > 0 {
		if err := t.read([]string{folder}, contexts); err != nil {
			return nil, fmt.Errorf("whether a line of %s is for an image is not known: %w", t.target.name, err)
		}
	}
	var names []string
	for _, i := range t.target.file.Images {
		if !slices.ContainsFunc(t.uses, func(u imageUse) bool { return u.name == i.Name }) {
			names = append(names, i.Name)
		}
	}
	return names, nil
}

// checkTable reports the images that have no line and the lines that nothing is for, which
// are findings, and the tags that have moved on, which are none.
func (c *command) checkTable(f pinFlags, t *imageTable, digests map[string]v1.Hash) error {
	open, moved, images := 0, 0, len(t.uses)
	for _, u := range t.uses {
		if _, ok := t.target.file.Image(u.name); !ok {
			open++
			c.printf("%s %s has no line in %s\n", c.console.Mark("error", u.at.Place()+":"), u.name, t.target.name)
		}
	}
	for _, r := range t.unread {
		c.printf("%s %s cannot be told: %s\n", c.console.Mark("warning", r.Place()+":"), r.Text, r.Why)
	}
	for _, i := range t.target.file.Images {
		if now, ok := digests[i.Name]; ok && now != imageHash(i.Digest) {
			moved++
			c.printf("%s %s has moved on: pinned %s, now %s\n", c.console.Mark("note", t.target.name+":"), i.Name, imageHash(i.Digest), now)
		}
	}
	unused, err := t.unused(f.contexts)
	if err != nil {
		return err
	}
	unread := len(t.unread) > 0
	for _, name := range unused {
		if unread {
			c.printf("%s nothing may name %s\n", c.console.Mark("note", t.target.name+":"), name)
			continue
		}
		c.printf("%s nothing names %s\n    deplock pin --to-lockfile --prune\n", c.console.Mark("error", t.target.name+":"), name)
	}
	if open > 0 || len(unused) > 0 && !unread {
		c.code = exit.Failure
	}
	fmt.Fprintf(c.stdout, "%s, %d without a line, %d moved on\n", count(images, "image"), open, moved)
	return t.target.file.CheckImages()
}
