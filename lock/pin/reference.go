// Package pin puts digests behind the tags of images, in Dockerfiles, compose files
// and Kubernetes manifests, and keeps them current.
//
// It guarantees that an edit changes the bytes of a reference and no other, that a
// reference keeps its tag beside its digest, and that a file that is edited still
// parses and names the same images. The digest is that of what the tag leads to:
// of the index where there is one, so that it holds for every platform.
//
// It refuses to guess: a reference that comes from the command line or the
// environment of a build, or that is put together so that no one place can hold the
// digest, is left alone and said to be.
package pin

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"depfetch/lock/dockerfile"
)

// MaxSize is how large a file with references may be, in bytes. Programs read no
// more.
const MaxSize = 64 << 20

// Reference is an image that a file names.
type Reference struct {
	File      string
	Line, Col int    // where it is used, from 1; Col counts characters
	Text      string // as it resolves, the digest included
	Image     string // without the digest
	Digest    string // "sha256:…", or empty
	Why       string // why it cannot be edited; empty if it can
	Ignored   bool   // a comment "# deplock ignore=unpinned-image" is about it
	// Bare says that it is a name alone in COPY --from or a mount: an image, unless the
	// build is given a context of that name.
	Bare bool

	// start and end are the bytes that the digest is a part of or goes behind.
	start, end int
	image      dockerfile.Image
}

// rule is that of package scan which is about images without a digest.
const rule = "unpinned-image"

// Context reports whether a reference names a context that a build is given beside
// its own, of which there are those of the names.
func (r Reference) Context(names []string) bool {
	return r.image.Where != "" && r.image.Context(names)
}

// Place returns where it is used, as file:line:column.
func (r Reference) Place() string { return fmt.Sprintf("%s:%d:%d", r.File, r.Line, r.Col) }

// digested matches a digest at the end of a reference.
var digested = regexp.MustCompile(`@(sha256:[0-9a-f]{64})$`)

// bare matches a digest alone.
var bare = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// References returns the images that a file names, by position. Files whose name
// ends in .yaml or .yml are read as YAML, all others as Dockerfiles.
func References(file string, data []byte) ([]Reference, error) {
	read := inDockerfile
	if IsYAML(file) {
		read = inYAML
	}
	refs, err := read(file, data)
	if err != nil {
		return nil, err
	}
	for i := range refs {
		r := &refs[i]
		r.Image = r.Text
		if m := digested.FindStringSubmatchIndex(r.Text); m != nil {
			r.Image, r.Digest = r.Text[:m[0]], r.Text[m[2]:m[3]]
		}
		if r.Why != "" {
			continue
		}
		if _, err := name.ParseReference(r.Text); err != nil {
			r.Why = "it is no reference of an image"
		}
	}
	return refs, nil
}

// IsYAML reports whether a file's name is that of a YAML file.
func IsYAML(name string) bool {
	return strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")
}

// inDockerfile returns the images of a Dockerfile.
func inDockerfile(file string, data []byte) ([]Reference, error) {
	f, err := dockerfile.Parse(file, data)
	if err != nil {
		return nil, err
	}
	var refs []Reference
	for _, im := range f.Images() {
		pos := f.Position(im.At)
		r := Reference{File: file, Line: pos.Line, Col: pos.Col, Text: im.Ref.Text, Why: im.Ref.Why, start: im.Start, end: im.End, image: im}
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

// place finds out where the digest of a reference in a Dockerfile goes.
func (r *Reference) place(data []byte) {
	if r.start == r.end {
		r.Why = "no one place can hold its digest"
		return
	}
	word := string(data[r.start:r.end])
	if !strings.Contains(word, "$") {
		return
	}
	// Behind a variable, the digest would stay when a build gives it another value.
	// In the default of the variable it goes with it, if nothing else uses that.
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

// edited returns the bytes that stand for a reference with a digest.
func (r Reference) edited(data []byte, digest string) string {
	text := string(data[r.start:r.end])
	if bare.MatchString(text) {
		return digest // the default of an ARG that is only the digest
	}
	if m := digested.FindStringIndex(text); m != nil {
		text = text[:m[0]]
	}
	return text + "@" + digest
}

// Edit returns a file with other digests. Digests are by the index of the
// reference in refs, which References has returned for the same data.
func Edit(file string, data []byte, refs []Reference, digests map[int]string) ([]byte, error) {
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

// verify reads an edited file again.
func verify(file string, data []byte, refs []Reference, digests map[int]string) error {
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
