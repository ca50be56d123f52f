package dockerfile

import (
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"depfetch/lock/dockerfile/script"
)

// Args returns all ARG instructions, those before the first FROM included.
func (f *File) Args() []*Instruction {
	all := slices.Clone(f.args)
	for _, s := range f.Stages {
		for _, in := range s.Instructions {
			if in.node != nil && strings.EqualFold(in.node.Value, "arg") {
				all = append(all, in)
			}
		}
	}
	return all
}

// RunsOn says what a stage runs on if that may be another platform than the one that
// is built for: "the build platform", or the platform that its FROM names while the
// last stage does not. It is empty if the stage runs on what is built for.
func (f *File) RunsOn(s *Stage) string {
	where := f.runsOn(s)
	if where != "" && where != build && where == f.runsOn(f.Final()) {
		return "" // all is for that one platform
	}
	return where
}

const build = "the build platform"

func (f *File) runsOn(s *Stage) string {
	word := s.root.Platform
	if word == "" {
		return ""
	}
	// Names that are told apart stand for the two platforms.
	vars := newScope()
	for _, side := range []string{"TARGET", "BUILD"} {
		vars.arg[side+"PLATFORM"] = script.Text(side + "/" + side)
		vars.arg[side+"OS"], vars.arg[side+"ARCH"], vars.arg[side+"VARIANT"] = script.Text(side), script.Text(side), script.Text("")
	}
	for _, in := range f.args {
		f.declare(in.Command.(*instructions.ArgCommand), &vars, scope{})
	}
	v := f.expand(word, vars)
	switch {
	case !v.Known(), strings.Contains(v.Text, "TARGET"):
		return ""
	case strings.Contains(v.Text, "BUILD"):
		return build
	}
	return v.Text
}
