package scan

import (
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"depfetch/lock/dockerfile"
	"depfetch/lock/dockerfile/script"
	"depfetch/lock/release"
)

// pinned reports whether depfetch is mounted as the program that downloads, so that
// only what is pinned comes. What moves may be left to the image's own program.
func (s *subject) pinned(f *script.Fetch) bool {
	if f.Call == nil || f.Call.Name.Text != f.Tool || len(f.Call.Via) > 0 || release.Moving(f.URL.Text) != "" {
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
			return slices.ContainsFunc(instructions.GetMounts(c), func(m *instructions.Mount) bool {
				dir, name, ok := dockerfile.MountsDepfetch(m)
				return ok && name == f.Tool && slices.Contains(strings.Split(dirs, ":"), dir)
			})
		}
	}
	return false
}
