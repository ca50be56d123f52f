package dockerfile

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"depfetch/fetch/printable"
)

// File is a Dockerfile.
type File struct {
	Name   string
	Data   []byte
	Stages []*Stage
	// Context is the folder that COPY takes files from; scripts among them are read.
	// Nil means that it is not known. Trace reads it, and is therefore not safe for
	// concurrent use.
	Context *Context
	// BuildArgs are the build arguments, by the name of their ARG. They must be set
	// before Trace is called.
	BuildArgs map[string]string
	// Env returns the variables of the image that a stage starts from, by what FROM
	// writes, in the form NAME=VALUE; none if they are not known. Nil means that none are.
	// It must be set before Trace is called.
	Env func(image string) []string
	// OnBuild returns the ONBUILDs of such an image, in the same way.
	OnBuild func(image string) []string

	attached     []*attached
	absent       map[string]error // why files of the context could not be attached
	places       text
	ignores      *ignores // nil until they are read
	lines        []int
	escape       rune
	continuation *regexp.Regexp
	named        map[string]*Stage // by name, in lower case; the last stage of a name
	args         []*Instruction    // ARGs before the first FROM
	all          []*Instruction
}

// Frontend reports whether the syntax line names an image called depfetch-frontend, in
// whatever registry: it does in memory what `deplock sync` writes into other Dockerfiles.
func (f *File) Frontend() bool {
	ref, _, _, _ := parser.DetectSyntax(f.Data)
	ref, _, _ = strings.Cut(ref, "@")
	name, _, _ := strings.Cut(ref[strings.LastIndexByte(ref, '/')+1:], ":")
	return name == "depfetch-frontend"
}

// Stage is one build stage.
type Stage struct {
	Index        int
	Name         string // after AS; may be empty
	From         *Instruction
	Base         *Stage // the stage that FROM names, or nil
	Image        string // as FROM writes it
	Platform     string // as --platform writes it
	Instructions []*Instruction

	root     *Stage         // see Root
	triggers []*Instruction // of its ONBUILDs, with their places
}

// Instruction is one instruction and its position.
type Instruction struct {
	Command    any // a type of BuildKit's package instructions
	Start, End int // the range of its bytes, including the last line feed
	// OnBuild says that it is what an ONBUILD has other stages and builds do. Inherited
	// says that the ONBUILD is one of the image that FROM names, whose place it has then.
	OnBuild, Inherited bool

	node *parser.Node
	text joined
}

// Error is an error in a Dockerfile.
type Error struct {
	File string
	Line int // from 1; 0 if it is not known
	Err  error
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %v", printable.String(e.File), e.Err)
	}
	return fmt.Sprintf("%s:%d: %v", printable.String(e.File), e.Line, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// Limits that no file written by people comes near.
const (
	maxInstructions = 10_000
	maxStages       = 1_000
)

// Parse reads a Dockerfile. Its error is an *Error. BuildKit refuses such a file too,
// unless it exceeds the limits of this package.
func Parse(name string, data []byte) (*File, error) {
	fault := func(err error, line int) error {
		var at *parser.LocationError
		if errors.As(err, &at) && len(at.Locations) > 0 && len(at.Locations[0]) > 0 {
			line = at.Locations[0][0].Start.Line
		}
		return &Error{name, line, err}
	}
	if line, too := heredocsTooLarge(data); too {
		return nil, &Error{name, line, errors.New("heredocs of so many lines are not read")}
	}
	result, err := parser.Parse(bytes.NewReader(data))
	if err != nil {
		return nil, fault(err, 0)
	}
	f := &File{Name: name, Data: data, places: newText(data), named: make(map[string]*Stage), escape: result.EscapeToken}
	f.lines = f.places.lines
	f.continuation = continuationOf(result.EscapeToken)
	for i, n := range result.AST.Children {
		if i == maxInstructions || len(f.Stages) > maxStages {
			return nil, &Error{name, n.StartLine, fmt.Errorf("a file of more than %d instructions or %d stages is not read", maxInstructions, maxStages)}
		}
		command, err := instructions.ParseInstruction(n)
		if err != nil {
			return nil, fault(err, n.StartLine)
		}
		if err := f.add(n, command); err != nil {
			return nil, &Error{name, n.StartLine, err}
		}
	}
	if len(f.Stages) == 0 {
		return nil, &Error{name, 0, errors.New("no FROM: there is no stage to build")}
	}
	return f, nil
}

func (f *File) add(n *parser.Node, command any) error {
	in := &Instruction{Command: command, node: n, text: f.join(n)}
	in.Start, in.End = f.lines[n.StartLine-1], f.lines[min(n.EndLine, len(f.lines)-1)]
	f.all = append(f.all, in)
	switch c := command.(type) {
	case *instructions.Stage:
		s := &Stage{Index: len(f.Stages), Name: c.Name, From: in, Image: c.BaseName, Platform: c.Platform}
		if s.Base, s.root = f.stage(c.BaseName), s; s.Base != nil {
			s.root = s.Base.root
		}
		f.Stages = append(f.Stages, s)
		if s.Name != "" {
			f.named[strings.ToLower(s.Name)] = s
		}
	case *instructions.ArgCommand:
		if len(f.Stages) == 0 {
			f.args = append(f.args, in)
			return nil
		}
		f.last().Instructions = append(f.last().Instructions, in)
	case instructions.Command:
		if len(f.Stages) == 0 {
			return fmt.Errorf("%s stands before the first FROM", strings.ToUpper(c.Name()))
		}
		f.last().Instructions = append(f.last().Instructions, in)
		if c, ok := command.(*instructions.OnbuildCommand); ok {
			if t := f.trigger(in, c); t != nil {
				f.last().triggers = append(f.last().triggers, t)
			}
		}
	}
	return nil
}

func (f *File) last() *Stage { return f.Stages[len(f.Stages)-1] }

// Final returns the last stage, which is built unless another is named.
func (f *File) Final() *Stage { return f.last() }

// stage returns the last stage of that name, or nil.
func (f *File) stage(name string) *Stage {
	if name == "" {
		return nil
	}
	return f.named[strings.ToLower(name)]
}

// Root returns the stage at the beginning of the chain of FROMs that leads to s. It is
// s itself if s starts from an image.
func (s *Stage) Root() *Stage { return s.root }

// Lineage returns the chain of stages from Root to s.
func (s *Stage) Lineage() []*Stage {
	var all []*Stage
	for ; s != nil; s = s.Base {
		all = append(all, s)
	}
	slices.Reverse(all)
	return all
}

// Escape returns the character that continues lines: a backslash or a backtick.
func (f *File) Escape() rune { return cmp.Or(f.escape, parser.DefaultEscapeToken) }

// Operands returns the offset of the first byte after the instruction's keyword that is
// not white space, a comment or a continuation: the first flag or operand.
func (in *Instruction) Operands() int {
	text := in.text.text
	i := strings.IndexAny(text, " \t")
	if i < 0 {
		return in.text.offsets[len(text)]
	}
	for i < len(text) && (text[i] == ' ' || text[i] == '\t') {
		i++
	}
	return in.text.offsets[i]
}

// Declares reports whether the Dockerfile has an ARG of that name.
func (f *File) Declares(name string) bool {
	named := func(kv instructions.KeyValuePairOptional) bool { return kv.Key == name }
	return slices.ContainsFunc(f.Args(), func(in *Instruction) bool {
		return slices.ContainsFunc(in.Command.(*instructions.ArgCommand).Args, named)
	})
}

// Start returns the offset of the instruction that has an offset of the Dockerfile.
func (f *File) Start(offset int) int {
	for _, in := range f.all {
		if in.Start <= offset && offset < in.End {
			return in.Start
		}
	}
	return offset
}

// Numbered reports whether the Dockerfile refers to stages by their numbers.
func (f *File) Numbered() bool {
	numbered := func(name string) bool {
		_, err := strconv.Atoi(name)
		return err == nil
	}
	for _, s := range f.Stages {
		for _, in := range s.Instructions {
			if c, ok := in.Command.(*instructions.CopyCommand); ok && numbered(c.From) || slices.ContainsFunc(mountsFrom(in), numbered) {
				return true
			}
		}
	}
	return false
}

// Sources returns what the file takes from the build context: the sources of COPY, of
// ADD unless they are addresses, and of bind mounts. Sources with a variable and the
// context as a whole are left out.
func (f *File) Sources() []string {
	var all []string
	add := func(source string) {
		if source = strings.Trim(path.Clean("/"+source), "/"); source != "" && !strings.Contains(source, "$") && !slices.Contains(all, source) {
			all = append(all, source)
		}
	}
	for _, s := range f.Stages {
		for _, in := range s.Instructions {
			switch c := in.Command.(type) {
			case *instructions.CopyCommand:
				if c.From == "" {
					for _, source := range c.SourcePaths {
						add(source)
					}
				}
			case *instructions.AddCommand:
				for _, source := range c.SourcePaths {
					if !strings.Contains(source, "://") && !strings.HasPrefix(source, "git@") {
						add(source)
					}
				}
			case *instructions.RunCommand:
				for _, m := range Mounts(c) {
					if m.Type == instructions.MountTypeBind && m.From == "" && m.Target != "/deps.lock.toml" {
						add(m.Source)
					}
				}
			}
		}
	}
	return all
}

// MountsDepfetch reports whether a mount puts depfetch in the place of curl or wget: in
// which directory, and of which of the two.
func MountsDepfetch(m *instructions.Mount) (dir, name string, ok bool) {
	dir, name = path.Dir(m.Target), path.Base(m.Target)
	return dir, name, (name == "curl" || name == "wget") && strings.HasPrefix(path.Base(m.Source), "depfetch")
}

// Mounts returns the mounts of a RUN with their variables as they are written. BuildKit
// itself parses mounts only when it expands variables.
func Mounts(c *instructions.RunCommand) []*instructions.Mount {
	if c.Expand(func(word string) (string, error) { return word, nil }) != nil {
		return nil
	}
	return instructions.GetMounts(c)
}
