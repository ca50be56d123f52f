package scan

import (
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"depfetch/lock"
	"depfetch/lock/dockerfile"
	"depfetch/lock/dockerfile/script"
	"depfetch/lock/release"
	"depfetch/lock/sync"
)

// adoptedBy returns what depfetch-frontend adopts of a file that it builds, by the place
// of the instruction; nil for files of other frontends.
func adoptedBy(f *dockerfile.File, platforms []lock.Platform) map[int]bool {
	if !f.Frontend() {
		return nil
	}
	all := make(map[int]bool)
	r := sync.Read(f, sync.Options{Platforms: platforms, Each: true})
	for _, run := range r.Runs {
		all[run.Instruction.Start] = run.Adoptable()
	}
	for _, a := range r.Adds {
		others, seen := all[a.Instruction.Start]
		all[a.Instruction.Start] = (others || !seen) && a.Request != nil && a.Request.Wanted(false)
	}
	return all
}

// pinned reports whether depfetch is mounted as the program that downloads, so that
// only what is pinned comes. What moves may be left to the image's own program.
func (s *subject) pinned(f *script.Fetch) bool {
	return release.Moving(f.URL.Text) == "" && s.mounted(f)
}

// mounted reports whether depfetch is mounted as the program that downloads.
func (s *subject) mounted(f *script.Fetch) bool {
	if f.Call == nil || f.Call.Name.Text != f.Tool || len(f.Call.Via) > 0 {
		return false
	}
	dirs := script.DefaultPath
	if f.Call.Path.Known() {
		dirs = f.Call.Path.Text
	}
	for _, stage := range s.file.Stages {
		for _, in := range stage.Instructions {
			c, ok := in.Command.(*instructions.RunCommand)
			if !ok || f.Start < in.Start || f.Start >= in.End {
				continue
			}
			return s.adopted[in.Start] || slices.ContainsFunc(instructions.GetMounts(c), func(m *instructions.Mount) bool {
				dir, name, ok := dockerfile.MountsDepfetch(m)
				return ok && name == f.Tool && slices.Contains(strings.Split(dirs, ":"), dir)
			})
		}
	}
	return false
}
