package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
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
	if f.check && !f.update {
		return c.checkTable(f, t, nil)
	}
	registry, err := c.registry(f.network)
	if err != nil {
		return err
	}
	n, err := c.notary(f, t.target.file, registry)
	if err != nil {
		return err
	}
	var errs []error
	asked := t.asked(f)
	end := c.progress.Step("for the digests of " + count(len(asked), "image"))
	digests, failed := registry.Digests(ctx, asked)
	end()
	for _, name := range asked {
		if err := failed[name]; err != nil {
			errs = append(errs, t.placed(name, err))
		}
	}
	wanted := t.wanted(f, digests)
	c.verify(ctx, n, wanted)
	unsigned := n.failed()
	for _, i := range wanted {
		if err := unsigned[i]; err != nil {
			errs = append(errs, t.placed(i.name, err))
		}
	}
	switch {
	case f.check:
		errs = append(errs, c.checkTable(f, t, digests))
	case len(unsigned) == 0:
		changed, err := c.writeTable(ctx, f, t, n, wanted)
		if errs = append(errs, err); !changed && errors.Join(errs...) == nil {
			fmt.Fprintln(c.stdout, "nothing to pin")
		}
	}
	c.signatures(n)
	return errors.Join(errs...)
}

// wanted returns the images that are to be verified, with the digests that are to be
// locked; to check, with those that are.
func (t *imageTable) wanted(f pinFlags, digests map[string]v1.Hash) []signedImage {
	var all []signedImage
	for _, i := range t.target.file.Images {
		now, known := digests[i.Name]
		if !known || f.check {
			now = imageHash(i.Digest)
		}
		if named := t.whole || t.use(i.Name) >= 0; known || named && (f.check || !t.target.file.Policy.AllowsImage(i)) {
			all = append(all, signedImage{i.Name, now})
		}
	}
	for _, u := range t.uses {
		if now, known := digests[u.name]; known && !slices.ContainsFunc(all, func(i signedImage) bool { return i.name == u.name }) {
			all = append(all, signedImage{u.name, now})
		}
	}
	return all
}

// writeTable writes the lines of images that are verified, and removes those that nothing
// names. It reports whether there was anything to do.
func (c *command) writeTable(ctx context.Context, f pinFlags, t *imageTable, n *notary, wanted []signedImage) (changed bool, err error) {
	for _, r := range t.unread {
		c.warn(fmt.Errorf("%s: %s is not pinned: %s", r.Place(), r.Text, r.Why))
	}
	lines, err := t.lines(n, wanted)
	if err != nil {
		return false, err
	}
	var unused []string
	if f.prune {
		if unused, err = t.unused(f.contexts); err != nil {
			return false, err
		}
		if len(unused) > 0 && len(t.unread) > 0 {
			c.warn(fmt.Errorf("nothing is removed: %s may be what a line is for", t.unread[0].Place()))
			unused = nil
		}
	}
	if len(lines)+len(unused) == 0 {
		return false, nil
	}
	change := func(doc *edit.Document) error {
		return doc.Batch(func(doc *edit.Document) error {
			return errors.Join(doc.SetImages(lines...), doc.RemoveImages(unused...))
		})
	}
	if f.dryRun {
		return true, c.preview(t.target, change)
	}
	if err := t.target.write(ctx, change); err != nil {
		return true, err
	}
	for _, i := range lines {
		old, _ := t.target.file.Image(i.Name)
		c.printf("%s: %s %s%s\n", t.target.name, i.Name, movement(imageHash(old.Digest), imageHash(i.Digest)), signedBy(i.By))
	}
	for _, name := range unused {
		c.printf("%s: removed %s, which nothing names\n", t.target.name, name)
	}
	return true, nil
}

// signedBy says who has signed, if somebody has.
func signedBy(by string) string {
	if by == "" {
		return ""
	}
	return ", signed by " + by
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
		case t.use(name) < 0:
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
	if i := t.use(name); i >= 0 {
		return &imageError{t.uses[i].at, err}
	}
	return err
}

// use returns the index of the use of an image, or -1.
func (t *imageTable) use(name string) int {
	return slices.IndexFunc(t.uses, func(u imageUse) bool { return u.name == name })
}

// lines returns the lines that are new, or other than before.
func (t *imageTable) lines(n *notary, wanted []signedImage) ([]lock.Image, error) {
	var lines []lock.Image
	for _, w := range wanted {
		i := lock.Image{Name: w.name, By: n.by(w.name, w.digest)}
		var err error
		if i.Digest, err = digest.Parse(w.digest.Hex); err != nil {
			return nil, fmt.Errorf("%s: %w", w.name, err)
		}
		if old, ok := t.target.file.Image(w.name); !ok || old.Digest != i.Digest || old.By != i.By {
			lines = append(lines, i)
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
		if t.use(i.Name) < 0 {
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
