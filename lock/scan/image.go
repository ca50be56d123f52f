package scan

import (
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"depfetch/lock"
	"depfetch/lock/dockerfile/script"
)

var unpinnedImage = Rule{
	ID:    "unpinned-image",
	Level: Warning,
	Title: "image without a digest",
	Why:   "a tag can be moved, so the same Dockerfile builds on something else tomorrow",
	Fix:   "`deplock pin` writes the digest behind the tag",
	check: func(p *pass) {
		for _, im := range p.file.Images() {
			if im.Ref.Known() && !strings.Contains(im.Ref.Text, "@sha256:") && !im.Context(p.contexts) && !p.lockedImage(im.Ref.Text) {
				p.report(Warning, im.At, im.End, "%s %s has no digest", im.Where, im.Ref.Text)
			}
		}
	},
}

// lockedImage reports whether the frontend builds the file and takes the digest of an
// image from the lockfile.
func (s *subject) lockedImage(ref string) bool {
	name, ok := lock.ImageName(ref)
	return ok && s.locked != nil && s.file.Frontend() && s.locked(name)
}

var toolsLeft = Rule{
	ID:    "tools-left",
	Level: Note,
	Title: "tools for downloading in the final stage",
	Why:   "they and what they need make the image larger, need updates, and serve whoever breaks in",
	Fix:   "download in a stage of its own, or with depfetch, which leaves nothing",
	check: func(p *pass) {
		var left []tool
		for n, stage := range p.final {
			commands := script.Of[script.Packages](stage.Events)
			for i, cmd := range commands {
				switch cmd.Verb {
				case "install":
					left = append(left, installed(cmd, n)...)
				case "remove", "autoremove":
					left = slices.DeleteFunc(left, func(x tool) bool { return x.removedBy(cmd, n, commands[:i]) })
				}
			}
		}
		names := make(map[int][]string)
		for _, x := range left {
			names[x.at] = append(names[x.at], x.name)
		}
		for _, x := range left {
			p.report(Note, x.at, x.at, "left in the final stage: %s", strings.Join(names[x.at], ", "))
		}
	},
}

// tool is a curl or wget that a package manager has installed. A package manager that
// downloads by itself is the image's own affair.
type tool struct {
	name, virtual string
	stage, run    int
	at            int
}

func installed(cmd script.Packages, stage int) []tool {
	var all []tool
	for _, name := range cmd.Names {
		if name == "curl" || name == "wget" {
			all = append(all, tool{name: name, virtual: cmd.Virtual, stage: stage, run: cmd.Run, at: cmd.At})
		}
	}
	return all
}

// removedBy reports whether a command of a stage, with those before it there, removes
// the tool: by its name, by that of its group, by one that only the build can tell, or
// because apt-mark has marked what the same RUN has installed.
func (x tool) removedBy(cmd script.Packages, stage int, before []script.Packages) bool {
	auto := cmd.Verb == "autoremove" || cmd.Auto
	marked := slices.ContainsFunc(before, func(q script.Packages) bool {
		return q.Manager == "apt-mark" && q.Verb == "auto" && q.Run == cmd.Run
	})
	if auto && marked && x.stage == stage && x.run == cmd.Run {
		return true
	}
	return slices.ContainsFunc(cmd.Names, func(name string) bool {
		return name == x.name || name == x.virtual && name != "" || strings.Contains(name, "$")
	})
}

var rootUser = Rule{
	ID:    "root-user",
	Level: Warning,
	Title: "final stage runs as root",
	Why:   "whoever breaks out of the program is root in the container",
	Fix:   "add `USER` with a user of the image or a number",
	check: func(p *pass) {
		last := p.file.Final()
		lineage := last.Lineage()
		for _, stage := range slices.Backward(lineage) {
			for _, in := range slices.Backward(stage.Instructions) {
				c, ok := in.Command.(*instructions.UserCommand)
				if !ok {
					continue
				}
				name, _, _ := strings.Cut(c.User, ":")
				if name == "root" || name == "0" {
					p.report(Warning, in.Start, in.End-1, "the final stage runs as root: USER %s is its last", c.User)
				}
				return
			}
		}
		start, end := last.From.Start, last.From.End-1
		switch image := lineage[0].Image; {
		case setsUser(image):
		case strings.ToLower(image) == "scratch":
			p.report(Note, start, end, "the final stage has no USER, so it runs as root")
		default:
			p.report(Note, start, end, "the final stage has no USER: it runs as root, unless %s says otherwise", image)
		}
	},
}

// setsUser reports whether an image sets a user of its own, as far as its name tells.
func setsUser(image string) bool {
	image = strings.ToLower(image)
	for _, sign := range []string{"nonroot", "rootless", "bitnami/", "$"} {
		if strings.Contains(image, sign) {
			return true
		}
	}
	return strings.HasPrefix(image, "cgr.dev/")
}
