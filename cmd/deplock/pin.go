package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/exit"
	"depfetch/cmd/internal/network"
	"depfetch/fetch/atomicfile"
	"depfetch/fetch/printable"
	"depfetch/fetch/regular"
	"depfetch/lock"
	"depfetch/lock/pin"
)

// pinFlags are the options of pin.
type pinFlags struct {
	update, check, dryRun, toLockfile, prune bool

	contexts []string
	network  network.Options
}

const pinLong = `pin writes the digest of each image behind its tag: debian:12 becomes
debian:12@sha256:…, the digest of the index where there is one, so that it holds for
every platform. It reads FROM (and the defaults of the ARGs in it), COPY --from and
RUN --mount=from in Dockerfiles, and the image keys of compose files and Kubernetes
manifests. Without FILE it takes the Dockerfiles and compose files below the working
directory; YAML files of other names are read when they are named.

  deplock pin                     write the digests that are missing
  deplock pin --update            and those that tags have moved on from
  deplock pin --check             is every image pinned? offline, for CI
  deplock pin --check --update    and which tags have moved on? that is no failure

  deplock pin --to-lockfile       write them into [images] of the lockfile instead, for a
                                  builder that reads them there; --prune removes lines
                                  that no Dockerfile names

Where policy.images of the lockfile has a rule for an image, its signature is verified
before anything is written: cosign's, in both of its forms, beside the image in the
registry, or GitHub's attestation there or from its API ($GITHUB_API_URL, $GITHUB_TOKEN).
An image that is not signed as demanded is an error, and then nothing is written. With
--update that holds for what is pinned already, too.

A comment "# deplock ignore=unpinned-image" before an instruction, or at or before a
line of YAML, leaves its image alone. A name alone in COPY --from or RUN --mount=from
is an image unless a stage, or a context named by --build-context, is called so.

Registries are asked with the credentials of docker login, credential helpers
included ($DOCKER_CONFIG, ~/.docker/config.json), else of netrc. The file that
--registry-auth names stands in for those of docker login; helpers that it leaves
credentials to are not started.`

func (c *command) pinCommand() *cobra.Command {
	var f pinFlags
	cmd := &cobra.Command{
		Use:   "pin [FILE…]",
		Short: "Write the digests of images behind their tags, and keep them current",
		Long:  pinLong,
		Args:  cobra.ArbitraryArgs,
		RunE:  func(cmd *cobra.Command, paths []string) error { return c.pin(cmd.Context(), f, paths) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVar(&f.update, "update", false, "ask about the images that are pinned already, too")
	flags.BoolVar(&f.check, "check", false, "write nothing; end with exit code 1 if an image has no digest")
	flags.BoolVar(&f.toLockfile, "to-lockfile", false, "write the digests into [images] of the lockfile, and leave the Dockerfiles as they are")
	flags.BoolVar(&f.prune, "prune", false, "with --to-lockfile: remove the lines of [images] that nothing names")
	flags.BoolVar(&f.dryRun, "dry-run", false, "print the change and do not write it")
	flags.StringArrayVar(&f.contexts, "build-context", nil, "the name of a further context, NAME or NAME=WHERE as docker build has it, which is no image; may be given again")
	f.network.RegisterLogins(flags)
	return cmd
}

// pinned is a file with the images that it names.
type pinned struct {
	name string
	data []byte
	refs []pin.Reference
	left []bool // of each reference: a comment, or a context of its name, leaves it alone
}

func (c *command) pin(ctx context.Context, f pinFlags, paths []string) error {
	if f.toLockfile {
		return c.pinTable(ctx, f, paths)
	}
	if f.prune {
		return console.Usagef("", "--prune goes with --to-lockfile")
	}
	files, err := pinnable(paths, contextNames(f.contexts), isCompose, "linux/amd64")
	if err != nil {
		return err
	}
	if f.check && !f.update {
		c.checkPins(files, nil)
		return nil
	}
	registry, err := c.registry(f.network)
	if err != nil {
		return err
	}
	policy, err := c.imagePolicy()
	if err != nil {
		return err
	}
	n, err := c.notary(f, policy, registry)
	if err != nil {
		return err
	}
	// A registry that does not answer for one image does not keep the others from being
	// pinned. A signature that does not hold does: nothing is written then.
	images := asked(files, f)
	end := c.progress.Step("for the digests of " + count(len(images), "image"))
	digests, failed := registry.Digests(ctx, images)
	end()
	errs := placed(files, failed)
	edits := make([]map[int]v1.Hash, len(files))
	var claimed []signedImage
	for i, file := range files {
		edits[i] = file.edits(f, digests)
		claimed = append(claimed, slices.Collect(maps.Values(file.signed(f, edits[i])))...)
	}
	c.verify(ctx, n, claimed)
	var unsigned []error
	for i, file := range files {
		unsigned = append(unsigned, file.unsigned(f, edits[i], n)...)
	}
	errs = append(errs, unsigned...)
	if f.check {
		c.checkPins(files, digests)
	} else if len(unsigned) == 0 {
		changed, err := c.writeFiles(f, files, edits, n)
		if errs = append(errs, err); !changed && errors.Join(errs...) == nil {
			fmt.Fprintln(c.stdout, "nothing to pin")
		}
	}
	c.signatures(n)
	return errors.Join(errs...)
}

// edits returns the digests that a file is to get, by the index of their reference.
func (file pinned) edits(f pinFlags, digests map[string]v1.Hash) map[int]v1.Hash {
	edits := make(map[int]v1.Hash)
	for i, r := range file.refs {
		digest, known := digests[r.Image]
		if !f.check && !file.left[i] && r.Why == "" && known && digest != r.Digest && (!r.Pinned() || f.update) {
			edits[i] = digest
		}
	}
	return edits
}

// writeFiles writes the digests into the files, and reports whether there were any.
func (c *command) writeFiles(f pinFlags, files []pinned, edits []map[int]v1.Hash, n *notary) (changed bool, err error) {
	var errs []error
	for k, file := range files {
		for i, r := range file.refs {
			if !file.left[i] && r.Why != "" && !r.Pinned() {
				c.warn(fmt.Errorf("%s: %s is not pinned: %s", r.Place(), r.Text, r.Why))
			}
		}
		edits := edits[k]
		if len(edits) == 0 {
			continue
		}
		changed = true
		data, err := pin.Edit(file.name, file.data, file.refs, edits)
		if err == nil && !f.dryRun {
			if err = atomicfile.Update(file.name, file.data, data); errors.Is(err, atomicfile.ErrChanged) {
				err = fmt.Errorf("%s: %w", file.name, err)
			}
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if f.dryRun {
			c.diff(file.name, file.data, data)
			continue
		}
		for i, r := range file.refs {
			if digest, ok := edits[i]; ok {
				name, _ := lock.ImageName(r.Image)
				c.printf("%s:%d: %s %s%s\n", r.File, r.Line, r.Image, movement(r.Digest, digest), signedBy(n.by(name, digest)))
			}
		}
	}
	return changed, errors.Join(errs...)
}

// movement says what becomes of a digest.
func movement(from, to v1.Hash) string {
	switch from {
	case v1.Hash{}:
		return "→ " + to.String()
	case to:
		return "stays " + to.String()
	}
	return from.String() + " → " + to.String()
}

// checkPins reports the images without a digest, which are findings, and the tags
// that have moved on, which are none.
func (c *command) checkPins(files []pinned, digests map[string]v1.Hash) {
	images, open, moved := 0, 0, 0
	for _, file := range files {
		for i, r := range file.refs {
			if file.left[i] {
				continue
			}
			images++
			now, known := digests[r.Image]
			switch {
			case !r.Pinned() && r.Why == "":
				open++
				c.code = exit.Failure
				c.printf("%s %s has no digest\n", c.console.Mark("error", r.Place()+":"), r.Text)
			case !r.Pinned():
				c.printf("%s %s cannot be told: %s\n", c.console.Mark("warning", r.Place()+":"), r.Text, r.Why)
			case known && now != r.Digest:
				moved++
				c.printf("%s %s has moved on: pinned %s, now %s\n", c.console.Mark("note", r.Place()+":"), r.Image, r.Digest, now)
			}
		}
	}
	fmt.Fprintf(c.stdout, "%s, %d without a digest, %d moved on\n", count(images, "image"), open, moved)
}

// diff prints the difference between two versions of a file.
func (c *command) diff(name string, before, after []byte) {
	text := string(diff.Diff(name, before, name+" (new)", after))
	for line := range strings.Lines(text) {
		fmt.Fprintln(c.stdout, printable.String(strings.TrimRight(line, "\r\n")))
	}
}

// placed returns why images have no digest, each with where it is first named.
func placed(files []pinned, failed map[string]error) []error {
	var errs []error
	for _, file := range files {
		for i, r := range file.refs {
			err, ok := failed[r.Image]
			if !ok || file.left[i] {
				continue
			}
			delete(failed, r.Image)
			errs = append(errs, &imageError{r, err})
		}
	}
	return errs
}

// imageError is why an image has no digest.
type imageError struct {
	at  pin.Reference
	err error
}

func (e *imageError) Error() string { return e.at.Place() + ": " + e.err.Error() }

func (e *imageError) Unwrap() error { return e.err }

// asked returns the images to ask registries about.
func asked(files []pinned, f pinFlags) []string {
	var images []string
	for _, file := range files {
		for i, r := range file.refs {
			if file.left[i] {
				continue
			}
			if r.Why == "" && (!r.Pinned() && !f.check || r.Pinned() && f.update && r.Tagged()) {
				images = append(images, r.Image)
			}
		}
	}
	return images
}

// pinnable reads the files that the arguments name, and the Dockerfiles and those of
// further names below the directories that they name, as they are in a build for p.
func pinnable(paths, contexts []string, further func(name string) bool, p lock.Platform) ([]pinned, error) {
	names, err := dockerfiles(paths, further)
	if err != nil {
		return nil, err
	}
	var (
		files []pinned
		errs  []error
	)
	for _, name := range names {
		data, err := regular.Read(name, pin.MaxSize)
		if err != nil {
			errs = append(errs, console.Usagef("", "%w", err))
			continue
		}
		refs, err := pin.ReferencesFor(name, data, p)
		if err != nil {
			errs = append(errs, console.Usagef("", "%w", err))
			continue
		}
		left := make([]bool, len(refs))
		for i, r := range refs {
			left[i] = r.Ignored || r.Context(contexts)
		}
		files = append(files, pinned{name, data, refs, left})
	}
	return files, errors.Join(errs...)
}

// isCompose reports whether a file's name is that of a compose file.
func isCompose(name string) bool {
	return pin.IsYAML(name) && (strings.HasPrefix(name, "compose.") || strings.HasPrefix(name, "docker-compose.") ||
		strings.HasPrefix(name, "compose-") || strings.HasPrefix(name, "docker-compose-"))
}
