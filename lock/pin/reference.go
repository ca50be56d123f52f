// Package pin adds digests to the tags of images in Dockerfiles, compose files and
// Kubernetes manifests, and updates them.
//
// It guarantees that an edit changes the bytes of a reference only, that a reference
// keeps its tag beside the digest, and that the edited file still parses and names the
// same images. The digest is that of the image index if there is one, so that it is
// valid for every platform.
//
// It refuses to guess: a reference that comes from the command line or the environment
// of a build, or that is composed so that no single place can hold the digest, is left
// as it is and reported.
package pin

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"depfetch/lock"
	"depfetch/lock/dockerfile"
)

// MaxSize is the size of the largest file with references that programs should read, in
// bytes.
const MaxSize = 64 << 20

// Reference is an image that a file names.
type Reference struct {
	File      string
	Line, Col int     // where it is used, from 1; Col counts characters
	Text      string  // with its variables expanded, and with the digest
	Image     string  // without the digest
	Digest    v1.Hash // a sha256; zero if it has none
	Why       string  // why it cannot be edited; empty if it can
	Known     bool    // whether it is known what Text stands for, wherever the digest can be
	Ignored   bool    // a comment "# deplock ignore=unpinned-image" applies to it
	// Bare says that it is a name without a tag in COPY --from or a mount. It is an
	// image, unless the build is given a named context of that name.
	Bare bool

	// start and end are the range of bytes that contains the digest, or that the
	// digest is appended to.
	start, end int
	image      dockerfile.Image
}

// rule is the rule of package scan for images without a digest.
const rule = "unpinned-image"

// Context reports whether a reference is one of the named contexts of a build and not an
// image.
func (r Reference) Context(names []string) bool {
	return r.image.Where != "" && r.image.Context(names)
}

// Pinned reports whether a reference has a digest.
func (r Reference) Pinned() bool { return r.Digest != v1.Hash{} }

// Tagged reports whether a reference has a tag. Without one, a digest has nothing to be
// compared with.
func (r Reference) Tagged() bool {
	return strings.Contains(r.Image[strings.LastIndexByte(r.Image, '/')+1:], ":")
}

// Place returns the position where it is used, as file:line:column.
func (r Reference) Place() string { return fmt.Sprintf("%s:%d:%d", r.File, r.Line, r.Col) }

// split splits a reference into the image and its digest, which is zero if it has none.
// A digest alone has no image.
func split(ref string) (image string, digest v1.Hash) {
	at := strings.LastIndexByte(ref, '@')
	digest, err := v1.NewHash(ref[at+1:])
	if err != nil || digest.Algorithm != "sha256" {
		return ref, v1.Hash{}
	}
	return ref[:max(at, 0)], digest
}

// References returns the images that a file names, by position. Files whose name
// ends in .yaml or .yml are read as YAML, all others as Dockerfiles.
func References(file string, data []byte) ([]Reference, error) {
	return ReferencesFor(file, data, "linux/amd64")
}

// ReferencesFor returns what References does, in a build for a platform.
func ReferencesFor(file string, data []byte, p lock.Platform) ([]Reference, error) {
	var (
		refs []Reference
		err  error
	)
	if IsYAML(file) {
		refs, err = inYAML(file, data)
	} else {
		refs, err = inDockerfile(file, data, p)
	}
	if err != nil {
		return nil, err
	}
	for i := range refs {
		r := &refs[i]
		r.Image, r.Digest = split(r.Text)
		if r.Why != "" {
			continue
		}
		if _, err := name.ParseReference(r.Text); err != nil {
			r.Why, r.Known = "it is no reference of an image", false
		}
	}
	return refs, nil
}

// IsYAML reports whether a file's name is that of a YAML file.
func IsYAML(name string) bool {
	return strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")
}

// inDockerfile returns the images of a Dockerfile.
func inDockerfile(file string, data []byte, p lock.Platform) ([]Reference, error) {
	f, err := dockerfile.Parse(file, data)
	if err != nil {
		return nil, err
	}
	var refs []Reference
	for _, im := range f.ImagesFor(p) {
		pos := f.Position(im.At)
		r := Reference{File: file, Line: pos.Line, Col: pos.Col, Text: im.Ref.Text, Why: im.Ref.Why, Known: im.Ref.Known(), start: im.Start, end: im.End, image: im}
		r.Ignored = f.Ignores(rule, file, pos.Line)
		r.Bare = im.Where != "FROM" && !strings.ContainsAny(im.Ref.Text, ":/@")
		if r.Why == "" {
			r.place(data)
		}
		refs = append(refs, r)
	}
	return refs, nil
}

var lastVariable = regexp.MustCompile(`\$(?:\{(\w+)\}|(\w+))$`)

// place finds the bytes in a Dockerfile that the digest of a reference belongs to.
func (r *Reference) place(data []byte) {
	if r.start == r.end {
		r.Why = "no one place can hold its digest"
		return
	}
	word := string(data[r.start:r.end])
	if !strings.Contains(word, "$") {
		return
	}
	// After a variable, the digest would stay when a build sets another value. In the
	// default of the variable it is replaced too, if nothing else uses the variable.
	m := lastVariable.FindStringSubmatch(word)
	if m == nil {
		r.Why = "no one place can hold its digest"
		return
	}
	variable := m[1] + m[2]
	uses := regexp.MustCompile(`\$(?:\{`+variable+`[^\w]|`+variable+`\b)`).FindAllIndex(data, -1)
	declared := regexp.MustCompile(`(?mi)^\s*ARG\s+`+variable+`=["']?([^\s"'$\\]+)["']?[ \t\r]*$`).FindAllSubmatchIndex(data, -1)
	again := regexp.MustCompile(`(?mi)^\s*(ARG|ENV)\s+`+variable+`\b`).FindAllIndex(data, -1)
	if len(uses) != 1 || len(declared) != 1 || len(again) != 1 || declared[0][0] > r.start {
		r.Why = fmt.Sprintf("its digest belongs into the default of ARG %s, which more than this depends on", variable)
		return
	}
	r.start, r.end = declared[0][2], declared[0][3]
}

// edited returns the new text of a reference with a digest.
func (r Reference) edited(data []byte, digest v1.Hash) string {
	image, _ := split(string(data[r.start:r.end]))
	if image == "" {
		return digest.String() // the default of an ARG that is only the digest
	}
	return image + "@" + digest.String()
}

// Edit returns a file with new digests, which are by the index of their reference in
// refs, the result of References for the same data.
func Edit(file string, data []byte, refs []Reference, digests map[int]v1.Hash) ([]byte, error) {
	var edits []dockerfile.Edit
	for i, digest := range digests {
		if refs[i].Why != "" {
			return nil, fmt.Errorf("%s: %s: %s", refs[i].Place(), refs[i].Text, refs[i].Why)
		}
		edits = append(edits, dockerfile.Edit{Start: refs[i].start, End: refs[i].end, Text: refs[i].edited(data, digest)})
	}
	edited := dockerfile.Apply(data, edits)
	return edited, verify(file, edited, refs, digests)
}

// verify reads an edited file again, and compares its references.
func verify(file string, data []byte, refs []Reference, digests map[int]v1.Hash) error {
	got, err := References(file, data)
	if err != nil {
		return fmt.Errorf("reading what was edited: %w", err)
	}
	if len(got) != len(refs) {
		return fmt.Errorf("%s: the edit would change which images it names", file)
	}
	for i, r := range refs {
		want := r.Digest
		if d, ok := digests[i]; ok {
			want = d
		}
		if got[i].Image != r.Image || got[i].Digest != want {
			return fmt.Errorf("%s: the edit would make %s of %s", r.Place(), got[i].Text, r.Text)
		}
	}
	return nil
}
