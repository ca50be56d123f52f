package dockerfile

import (
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// trigger returns what an ONBUILD has the stages and builds do that begin with its stage,
// at its place; nil if BuildKit refuses it there.
func (f *File) trigger(in *Instruction, c *instructions.OnbuildCommand) *Instruction {
	t := parseTrigger(c.Expression)
	if t == nil {
		return nil
	}
	t.Start, t.End = in.Start, in.End
	first, _, _ := strings.Cut(c.Expression, "\n")
	at := max(0, strings.LastIndex(in.text.text, first))
	t.text = joined{text: in.text.text[at:], offsets: in.text.offsets[at:], next: in.text.next}
	return t
}

// triggersOf returns what the ONBUILDs of an image do at the beginning of a stage.
func (f *File) triggersOf(s *Stage) []*Instruction {
	if f.OnBuild == nil {
		return nil
	}
	var all []*Instruction
	for _, text := range f.OnBuild(s.Image) {
		// The content of a heredoc is not in this file.
		if t := parseTrigger(text); t != nil && len(t.node.Heredocs) == 0 {
			t.Start, t.End, t.Inherited = s.From.Start, s.From.End, true
			t.text = joined{text: text, offsets: make([]int, len(text)+1), next: s.From.text.next}
			for i := range t.text.offsets {
				t.text.offsets[i] = s.From.Start
			}
			all = append(all, t)
		}
	}
	return all
}

// parseTrigger reads the instruction of an ONBUILD, or returns nil if it is none.
func parseTrigger(text string) *Instruction {
	if _, too := heredocsTooLarge([]byte(text)); too {
		return nil
	}
	ast, err := parser.Parse(strings.NewReader(text))
	if err != nil || len(ast.AST.Children) != 1 {
		return nil
	}
	n := ast.AST.Children[0]
	c, err := instructions.ParseCommand(n)
	if err != nil {
		return nil
	}
	return &Instruction{Command: c, OnBuild: true, node: n}
}

// triggered returns what ONBUILDs have a stage do before its own instructions: those of the
// stage that it begins with, or of its image. They do it once, and not in stages after it.
func (f *File) triggered(s, on *Stage) []*Instruction {
	if on == nil {
		return f.triggersOf(s)
	}
	return on.triggers
}

// begins reports whether a stage begins with s.
func (f *File) begins(s *Stage) bool {
	for _, o := range f.Stages[s.Index+1:] {
		if o.Base == s {
			return true
		}
	}
	return false
}
