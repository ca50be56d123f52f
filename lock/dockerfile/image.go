package dockerfile

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"depfetch/lock"
	"depfetch/lock/dockerfile/script"
)

// Image is a reference to an image.
type Image struct {
	Where string       // "FROM", "COPY --from" or "RUN --mount"
	Stage *Stage       // in which it is used
	Ref   script.Value // expanded
	// Start and End are the range of bytes where the reference is written: where it
	// is used or, if it is a variable and nothing else, in the default of that ARG.
	// They are equal if it is not written in one place.
	Start, End int
	At         int // the offset where it is used
}

// Images returns the references to images in FROM, COPY --from and RUN --mount=from=, in
// the order of their instructions. Stages, scratch and names that no image can have are
// left out. Named contexts of a build look like images.
func (f *File) Images() []Image { return f.ImagesFor("linux/amd64") }

// ImagesFor returns what Images does, in a build for a platform.
func (f *File) ImagesFor(p lock.Platform) []Image {
	var all []Image
	meta := f.meta(p)
	for _, s := range f.Stages {
		if s.Base == nil && !strings.EqualFold(s.Image, "scratch") {
			if im, ok := f.image("FROM", s, s.From, s.Image, meta); ok && !strings.EqualFold(im.Ref.Text, "scratch") && f.before(s, im.Ref.Text) == nil {
				all = append(all, im)
			}
		}
		for _, in := range slices.Concat(s.Instructions, s.triggers) {
			switch c := in.Command.(type) {
			case *instructions.CopyCommand:
				if im, ok := f.from("COPY --from", s, in, c.From); ok {
					all = append(all, im)
				}
			case *instructions.RunCommand:
				for _, from := range mountsFrom(in) {
					if im, ok := f.from("RUN --mount", s, in, from); ok {
						all = append(all, im)
					}
				}
			}
		}
	}
	return all
}

// before returns the stage of that name which comes before s, or nil.
func (f *File) before(s *Stage, name string) *Stage {
	if f.stage(name) == nil {
		return nil
	}
	for _, o := range f.Stages[:s.Index] {
		if o.Name != "" && strings.EqualFold(o.Name, name) {
			return o
		}
	}
	return nil
}

// from returns the image that COPY --from or a mount refers to, if it is one and not a
// stage.
func (f *File) from(where string, s *Stage, in *Instruction, name string) (Image, bool) {
	if _, err := strconv.Atoi(name); err == nil || name == "" || f.stage(name) != nil {
		return Image{}, false
	}
	return f.image(where, s, in, name, newScope())
}

var mountFrom = regexp.MustCompile(`(?:^|,)from=("?)([^,"]+)`)

// mountsFrom returns the values of from= in the mounts of a RUN. It reads the flags
// itself: BuildKit parses all mounts or none, and none whose mode or uid is a variable.
func mountsFrom(in *Instruction) []string {
	var all []string
	for _, flag := range in.node.Flags {
		if rest, ok := strings.CutPrefix(flag, "--mount="); ok {
			if m := mountFrom.FindStringSubmatch(rest); m != nil && !slices.Contains(all, m[2]) {
				all = append(all, m[2])
			}
		}
	}
	return all
}

var onlyVariable = regexp.MustCompile(`^\$(?:\{(\w+)(?::?-[^}]*)?\}|(\w+))$`)

// image returns the reference that a word of an instruction is, and where it is
// written.
func (f *File) image(where string, s *Stage, in *Instruction, word string, meta scope) (Image, bool) {
	im := Image{Where: where, Stage: s, Ref: f.expand(word, meta), At: in.Start}
	i := indexWord(in.text.text, word)
	if i >= 0 {
		im.At = in.text.offsets[i]
	}
	if m := onlyVariable.FindStringSubmatch(word); m != nil {
		im.Start, im.End = f.argDefault(m[1] + m[2])
	} else if i >= 0 {
		im.Start, im.End = im.At, in.text.offsets[i+len(word)-1]+1
	}
	return im, im.Ref.Text != ""
}

// indexWord returns the index of a word in a line, by itself or after "from=", or -1.
func indexWord(line, word string) int {
	for at := 0; ; {
		i := strings.Index(line[at:], word)
		if i < 0 {
			return -1
		}
		i += at
		end := i + len(word)
		before := i == 0 || strings.ContainsRune(" \t=\"", rune(line[i-1]))
		after := end == len(line) || strings.ContainsRune(" \t,\"", rune(line[end]))
		if before && after {
			return i
		}
		at = i + 1
	}
}

// argDefault returns the range of the default of an ARG before the first FROM, without
// quotes.
func (f *File) argDefault(name string) (start, end int) {
	for _, in := range f.args {
		for _, kv := range in.Command.(*instructions.ArgCommand).Args {
			if kv.Key != name || kv.Value == nil {
				continue
			}
			value := strings.Trim(*kv.Value, `"'`)
			if strings.Contains(value, "$") || value == "" {
				return 0, 0
			}
			if i := strings.Index(in.text.text, name+"="); i >= 0 {
				if k := strings.Index(in.text.text[i:], value); k >= 0 {
					k += i
					return in.text.offsets[k], in.text.offsets[k+len(value)-1] + 1
				}
			}
		}
	}
	return 0, 0
}

// Context reports whether a reference is that of a named context and not of an image.
// Names are those that the build is given. Where they are not known, depfetch counts as
// one, since the documentation of depfetch uses that name for its context.
func (im Image) Context(names []string) bool {
	if strings.ContainsAny(im.Ref.Text, ":/@") {
		return slices.Contains(names, im.Ref.Text)
	}
	return im.Where != "FROM" && im.Ref.Text == "depfetch" || slices.Contains(names, im.Ref.Text)
}
