package dockerfile

import (
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"depfetch/lock/dockerfile/script"
)

// Args returns all ARG instructions, including those before the first FROM.
func (f *File) Args() []*Instruction {
	var all []*Instruction
	for _, in := range f.all {
		if _, ok := in.Command.(*instructions.ArgCommand); ok {
			all = append(all, in)
		}
	}
	return all
}

// RunsOn returns the platform that a stage runs on if that may differ from the target
// platform: "the build platform", or the platform in its FROM if the last stage does
// not name the same. It is empty if the stage runs on the target platform.
func (f *File) RunsOn(s *Stage) string {
	where := f.runsOn(s)
	if where != "" && where != build && where == f.runsOn(f.Final()) {
		return "" // the image is for that platform only
	}
	return where
}

const build = "the build platform"

func (f *File) runsOn(s *Stage) string {
	word := s.root.Platform
	if word == "" {
		return ""
	}
	// Two distinct names stand for the two platforms.
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

// ProgramName returns the file name of a program that is built for a platform, as in
// depfetch-linux-armv7. The platform may contain variables.
func ProgramName(program, platform string) string {
	return program + "-" + strings.Replace(strings.Replace(platform, "/", "-", 1), "/", "", 1)
}
