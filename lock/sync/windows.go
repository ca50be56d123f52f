package sync

import (
	"regexp"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"depfetch/lock/dockerfile"
)

// windowsImage matches references to images of Windows: Microsoft's own, and those whose
// tags say which of them they start from. An image called …/windows-cross may be one of
// Linux.
var windowsImage = regexp.MustCompile(`(?i)nanoserver|servercore|ltsc20\d\d|^mcr\.microsoft\.com/windows(?:[/:@-]|$)`)

// namedWindows matches names that images of Windows have, and some of Linux.
var namedWindows = regexp.MustCompile(`(?i)[-/:]windows(?:[:@-]|$)`)

const (
	onWindows     = "it runs on Windows, and depfetch is a program of Linux"
	hintOnWindows = "have a stage of Linux download it, and COPY it from there"
)

// windows reports whether a stage is one of Windows: its FROM says so.
func (r *reader) windows(s *dockerfile.Stage) bool {
	root := s.Root()
	if strings.HasPrefix(strings.ToLower(root.Platform), "windows/") {
		return true
	}
	names := []string{root.Image}
	for _, image := range r.images() {
		if image.Where == "FROM" && image.Stage == root && image.Ref.Known() {
			names = append(names, image.Ref.Text)
		}
	}
	for _, name := range names {
		if windowsImage.MatchString(name) || r.File.Escape() == '`' && namedWindows.MatchString(name) {
			return true
		}
	}
	return false
}

// images returns the images of the Dockerfile, which are found once.
func (r *reader) images() []dockerfile.Image {
	if r.imagesOf == nil {
		r.imagesOf = append(make([]dockerfile.Image, 0, 1), r.File.Images()...)
	}
	return r.imagesOf
}

// builtOnWindows reports whether the build of a stage needs a machine with Windows, whose
// docker build knows no ADD --checksum: it starts from an image of Windows, and one of
// those in the Dockerfile runs commands. Without that, BuildKit builds it on Linux.
func (r *reader) builtOnWindows(s *dockerfile.Stage) bool {
	if !r.windows(s) {
		return false
	}
	for _, o := range r.File.Stages {
		for _, in := range o.Instructions {
			if _, ok := in.Command.(*instructions.RunCommand); ok && r.windows(o) {
				return true
			}
		}
	}
	return false
}
