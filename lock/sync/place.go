package sync

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"depfetch/lock/dockerfile"
)

// usualPath is the PATH of an image that sets none: BuildKit's.
const usualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Tools returns the programs that a RUN calls, sorted.
func (run *Run) Tools() []string {
	var tools []string
	for _, c := range run.Calls {
		if !slices.Contains(tools, c.Tool) {
			tools = append(tools, c.Tool)
		}
	}
	slices.Sort(tools)
	return tools
}

// maxFolders is how many folders a PATH may have.
const maxFolders = 64

// place finds the directory to mount depfetch into, and what is mounted already.
func (run *Run) place(r *reader) {
	run.mounts()
	usual := usualPath
	if base := r.base(run); base != nil {
		if base.Path != "" {
			usual = strings.Join(ordered(folders(base.Path, usualPath)), ":")
		}
		if sh := base.Shell; len(sh) > 0 && !isShell(lastElement(sh[0])) && !run.shells() {
			run.leave(run.Instruction.Start, "the SHELL of its base is "+sh[0]+", which is not read", hintRecord)
		}
	}
	var lists [][]string
	for _, p := range run.paths {
		lists = append(lists, folders(p.Text, usual))
	}
	if slices.ContainsFunc(lists, func(l []string) bool { return len(l) > maxFolders }) {
		run.leave(run.Instruction.Start, "its PATH has too many folders", "shorten it")
		return
	}
	if len(lists) == 0 {
		return
	}
	tools := run.Tools()
	own := folders(usual, usual)
	why, hint := "", "change it in another RUN"
	for _, dir := range preferred(lists[0]) {
		added := !slices.Contains(own, dir)
		switch {
		case added && !run.stands(r, dir):
			continue // depfetch there would make it, and what fills it may refuse a folder that is there
		case slices.ContainsFunc(lists, func(l []string) bool { return !slices.Contains(l, dir) }):
			continue
		case dir == "/usr/bin" || dir == "/bin":
			// Where the image's own are, and where package managers put them.
		case slices.ContainsFunc(run.changed, func(t touched) bool { return t.hits(dir, tools) }):
			why = "it changes " + dir + ", where depfetch would be"
			if toolbox.MatchString(dir) {
				break // what comes behind it in PATH may not be reached
			}
			continue
		default:
			if before := hidden(lists, dir); before != "" {
				why, hint = "it puts "+before+", which may have a curl or wget of its own, into PATH", "download before that, in another RUN"
				break
			}
			run.Dir = dir
			return
		}
		break
	}
	if why == "" {
		why, hint = "its PATH has no folder before that of the image's own curl and wget", "put /usr/local/bin in front of the others"
	}
	run.leave(run.Instruction.Start, why, hint)
}

// hidden returns a folder that stands before dir in some of the PATHs and may bring
// programs of its own, or "".
func hidden(lists [][]string, dir string) string {
	for _, l := range lists {
		for _, d := range l[:max(0, slices.Index(l, dir))] {
			if toolbox.MatchString(d) && slices.ContainsFunc(lists, func(o []string) bool { return !slices.Contains(o, d) }) {
				return d
			}
		}
	}
	return ""
}

// base returns what is known of the image that the stage of a RUN starts from, or nil.
func (r *reader) base(run *Run) *Base {
	if r.options.Base == nil {
		return nil
	}
	return r.options.Base(run.Stage.Root().Image)
}

// shells reports whether a SHELL instruction before the RUN replaces that of its base.
func (run *Run) shells() bool {
	for _, s := range run.Stage.Lineage() {
		for _, in := range s.Instructions {
			if in == run.Instruction {
				return false
			}
			if _, ok := in.Command.(*instructions.ShellCommand); ok {
				return true
			}
		}
	}
	return false
}

// ordered returns the folders of a base's PATH with /usr/local/bin first, which stands
// in every image, unless one before it brings a curl or wget of its own.
func ordered(dirs []string) []string {
	i := slices.Index(dirs, "/usr/local/bin")
	if i < 0 || slices.ContainsFunc(dirs[:i], toolbox.MatchString) {
		return dirs
	}
	return slices.Insert(slices.Delete(slices.Clone(dirs), i, i+1), 0, "/usr/local/bin")
}

// toolbox matches folders of distributions that bring a curl or wget of their own.
var toolbox = regexp.MustCompile(`(?i)conda|mamba|pixi|brew|/nix|spack|curl|wget`)

// stands reports whether a folder of PATH that its image does not have in it is
// there before the RUN, as far as that shows: an instruction before names it, or
// the folder above.
func (run *Run) stands(r *reader, dir string) bool {
	for s := run.Stage; s != nil; s = s.Base {
		if at := r.firstNamed(s, dir); at >= 0 && at < run.Instruction.Start {
			return true
		}
	}
	return false
}

// folder is a folder as the instructions of a stage see it.
type folder struct {
	stage *dockerfile.Stage
	path  string
}

// firstNamed returns where the first instruction of a stage starts that names a
// folder, or the one above, or -1.
func (r *reader) firstNamed(s *dockerfile.Stage, dir string) int {
	if at, ok := r.named[folder{s, dir}]; ok {
		return at
	}
	at := -1
	forms := r.forms(s, dir)
	for _, in := range s.Instructions {
		switch in.Command.(type) {
		case *instructions.RunCommand, *instructions.CopyCommand, *instructions.AddCommand, *instructions.WorkdirCommand:
			text := string(r.File.Data[in.Start:in.End])
			if at < 0 && slices.ContainsFunc(forms, func(form string) bool { return within(text, form) }) {
				at = in.Start
			}
		}
	}
	r.named[folder{s, dir}] = at
	return at
}

// forms returns how a folder, or the one above, may be written in a stage.
func (r *reader) forms(s *dockerfile.Stage, dir string) []string {
	names := []string{dir}
	if above := path.Dir(dir); toolbox.MatchString(dir) || strings.Count(above, "/") > 1 && !strings.HasPrefix(dir, "/home/") && !strings.HasPrefix(dir, "/root/") {
		names = append(names, above)
	}
	forms := slices.Clone(names)
	for _, ancestor := range s.Lineage() {
		for _, in := range ancestor.Instructions {
			c, ok := in.Command.(*instructions.EnvCommand)
			if !ok {
				continue
			}
			for _, kv := range c.Env {
				for _, name := range names {
					if rest, ok := strings.CutPrefix(name, kv.Value); ok && strings.HasPrefix(kv.Value, "/") && (rest == "" || rest[0] == '/') {
						forms = append(forms, "$"+kv.Key+rest, "${"+kv.Key+"}"+rest)
					}
				}
			}
		}
	}
	return forms
}

// within reports whether a text names a path, or one below it.
func within(text, name string) bool {
	for {
		_, rest, ok := strings.Cut(text, name)
		if !ok {
			return false
		}
		if rest == "" || !strings.ContainsRune("-_.+", rune(rest[0])) && !unicode.IsLetter(rune(rest[0])) && !unicode.IsDigit(rune(rest[0])) {
			return true
		}
		text = rest
	}
}

// folders returns the absolute folders of a PATH, in which the usual one stands for
// itself.
func folders(list, usual string) []string {
	list = strings.NewReplacer("${PATH}", usual, "$PATH", usual).Replace(list)
	var dirs []string
	for dir := range strings.SplitSeq(list, ":") {
		if len(dirs) > maxFolders {
			break // which is said
		}
		if dir = strings.TrimSuffix(dir, "/"); strings.HasPrefix(dir, "/") && !strings.Contains(dir, "$") && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// preferred returns folders in the order in which they are tried: /usr/local/bin
// before /usr/local/sbin, which other users' PATHs do not have.
func preferred(dirs []string) []string {
	dirs = slices.Clone(dirs)
	sbin, bin := slices.Index(dirs, "/usr/local/sbin"), slices.Index(dirs, "/usr/local/bin")
	if sbin >= 0 && bin == sbin+1 {
		dirs[sbin], dirs[bin] = dirs[bin], dirs[sbin]
	}
	return dirs
}

// mounts notes what of depfetch a RUN has mounted.
func (run *Run) mounts() {
	c, ok := run.Instruction.Command.(*instructions.RunCommand)
	if !ok {
		return
	}
	for _, m := range instructions.GetMounts(c) {
		dir, name := splitPath(m.Target)
		switch {
		case (name == "curl" || name == "wget") && strings.HasPrefix(lastElement(m.Source), "depfetch"):
			run.Mounted, run.source = append(run.Mounted, name), m.From
			if run.Dir == "" {
				run.Dir = dir
			}
		case m.Target == lockTarget:
			run.Lock = true
		}
	}
}

// lockTarget is where the lockfile is mounted, which the shim looks for.
const lockTarget = "/deps.lock.toml"

// Adopted reports whether depfetch stands for each program that the RUN calls.
func (run *Run) Adopted() bool {
	return run.Lock && !slices.ContainsFunc(run.Tools(), func(t string) bool { return !slices.Contains(run.Mounted, t) })
}

func splitPath(p string) (dir, name string) {
	i := strings.LastIndexByte(p, '/')
	return p[:max(i, 0)], p[i+1:]
}

func lastElement(p string) string {
	_, name := splitPath(p)
	return name
}
