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
	"github.com/moby/buildkit/frontend/dockerfile/shell"

	"depfetch/fetch/printable"
)

// File is a Dockerfile.
type File struct {
	Name   string
	Data   []byte
	Stages []*Stage
	// Context is what COPY takes files from, so that scripts among them are read; nil
	// if it is not known. It is used by Trace, which is not safe for concurrent use.
	Context *Context
	// BuildArgs are the values of ARGs that a build is given. They are to be set
	// before Trace is called.
	BuildArgs map[string]string

	attached     []*attached
	absent       map[string]error // why files of the context are not among them
	places       text
	ignores      *ignores // nil if they have not been read
	lines        []int
	escape       rune
	continuation *regexp.Regexp
	named        map[string]*Stage // the latest of a name
	args         []*Instruction    // ARG before the first FROM
	all          []*Instruction
}

// Stage is one build stage.
type Stage struct {
	Index        int
	Name         string // of AS, or empty
	From         *Instruction
	Base         *Stage // the stage it goes on from, or nil
	Image        string // that it starts from, as it is written
	Platform     string // of --platform, as it is written
	Instructions []*Instruction

	root *Stage // the oldest that it goes on from, or itself
}

// Instruction is one instruction, with where it stands.
type Instruction struct {
	Command    any // of package instructions
	Start, End int // its bytes; End is behind the last line, its line feed included

	node *parser.Node
	text joined
}

// Error is a fault of a Dockerfile.
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

// The bounds of what is read, which no file that people write comes near.
const (
	maxInstructions = 10_000
	maxStages       = 1_000
)

// Parse reads a Dockerfile. The error is an *Error; BuildKit refuses such a file
// too, unless it is one that is too large to be written by people.
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
	}
	return nil
}

func (f *File) last() *Stage { return f.Stages[len(f.Stages)-1] }

// Final returns the last stage, which a build is of unless another is named.
func (f *File) Final() *Stage { return f.last() }

// stage returns the stage of a name, or nil. The latest of several counts.
func (f *File) stage(name string) *Stage {
	if name == "" {
		return nil
	}
	return f.named[strings.ToLower(name)]
}

// Lineage returns the stages that s goes on from and s itself, the oldest first.
func (s *Stage) Lineage() []*Stage {
	var all []*Stage
	for ; s != nil; s = s.Base {
		all = append(all, s)
	}
	slices.Reverse(all)
	return all
}

// lexer expands words as BuildKit does.
func (f *File) lexer() *shell.Lex { return shell.NewLex(f.Escape()) }

// Escape returns the character that continues lines: a backslash or a backtick.
func (f *File) Escape() rune { return cmp.Or(f.escape, parser.DefaultEscapeToken) }

// Operands returns where the first byte behind the instruction's keyword stands that
// is no white space, comment or continuation: a flag, or what the instruction is
// about.
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

// Declares reports whether an ARG of the Dockerfile has a name.
func (f *File) Declares(name string) bool {
	return slices.ContainsFunc(f.all, func(in *Instruction) bool {
		c, ok := in.Command.(*instructions.ArgCommand)
		return ok && slices.ContainsFunc(c.Args, func(kv instructions.KeyValuePairOptional) bool { return kv.Key == name })
	})
}

// Numbered reports whether the Dockerfile names stages by their numbers.
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

// Sources returns what the file takes from the build context, as it is written: the
// sources of COPY, of ADD but for addresses, and of bind mounts. What holds a
// variable, and the whole context, are left out.
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

// Mounts returns the mounts of a RUN, in which variables stand as they are written.
// BuildKit reads them when variables are known, and nothing of them before.
func Mounts(c *instructions.RunCommand) []*instructions.Mount {
	if c.Expand(func(word string) (string, error) { return word, nil }) != nil {
		return nil
	}
	return instructions.GetMounts(c)
}
