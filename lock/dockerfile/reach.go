package dockerfile

import (
	"slices"
	"strconv"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
)

// Reached returns the stages that a build of a target needs: itself, those that it begins
// with, and those that it copies or mounts something from. Without a target, or with one
// that is not there, that is all of them.
func (f *File) Reached(target string) map[*Stage]bool {
	reached := make(map[*Stage]bool)
	last := f.numbered(target)
	if last == nil {
		for _, s := range f.Stages {
			reached[s] = true
		}
		return reached
	}
	next := []*Stage{last}
	for len(next) > 0 {
		s := next[0]
		next = next[1:]
		if s == nil || reached[s] {
			continue
		}
		reached[s] = true
		next = append(next, s.Base)
		for _, in := range f.own(s) {
			switch c := in.Command.(type) {
			case *instructions.CopyCommand:
				next = append(next, f.numbered(c.From))
			case *instructions.RunCommand:
				for _, from := range mountsFrom(in) {
					next = append(next, f.numbered(from))
				}
			}
		}
		if s.Base == nil {
			next = append(next, f.before(s, f.expand(s.Image, f.meta("linux/amd64")).Text))
		}
	}
	return reached
}

// own returns what a stage does, with what the stage that it begins with has it do.
func (f *File) own(s *Stage) []*Instruction {
	return slices.Concat(f.triggered(s, s.Base), s.Instructions)
}

// numbered returns the stage of a name or a number, or nil.
func (f *File) numbered(name string) *Stage {
	if s := f.stage(name); s != nil {
		return s
	}
	if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(f.Stages) {
		return f.Stages[i]
	}
	return nil
}
