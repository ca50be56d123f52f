package sync

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"depfetch/lock/dockerfile"
	"depfetch/lock/dockerfile/script"
)

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

// place sets the directory that depfetch is to be mounted into, and finds what is
// mounted already.
func (run *Run) place(r *reader) {
	run.mounts()
	run.installsOwn()
	usual := script.DefaultPath
	if base := r.base(run); base != nil {
		if base.Path != "" {
			usual = strings.Join(ordered(folders(base.Path, script.DefaultPath)), ":")
		}
		if sh := base.Shell; len(sh) > 0 && !isShell(path.Base(sh[0])) && !run.setsShell() {
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
			continue // the mount would make the folder, and what is to fill it may refuse one that exists
		case slices.ContainsFunc(lists, func(l []string) bool { return !slices.Contains(l, dir) }):
			continue
		case run.covers(dir, tools) != "":
			why, hint = "it mounts "+run.covers(dir, tools)+", where depfetch would be", "mount it elsewhere, or download in another RUN"
		case dir == "/usr/bin" || dir == "/bin":
			// The image's own programs are here, or a package manager puts them here.
		case slices.ContainsFunc(run.changed, func(c change) bool { return c.hits(dir, tools) }):
			why = "it changes or copies " + dir + ", where depfetch would be"
			if toolbox.MatchString(dir) {
				break // its own curl or wget would hide the folders after it
			}
			continue
		default:
			if before := hidden(lists, dir); before != "" {
				why, hint = "it puts "+before+", which may have a curl or wget of its own, into PATH", "download before that, in another RUN"
				break
			}
			run.Dir = dir
			for _, env := range run.activates {
				if env != "" && env != "base" || !toolbox.MatchString(dir) {
					run.leave(run.Instruction.Start, "it activates an environment, which may have a curl or wget of its own", "download before that, in another RUN")
				}
			}
			return
		}
		break
	}
	if why == "" {
		why, hint = "its PATH has no folder before that of the image's own curl and wget", "put /usr/local/bin in front of the others"
	}
	run.leave(run.Instruction.Start, why, hint)
}

// covers returns where the RUN mounts a folder over dir in which nothing can be mounted, or
// only with a trace that stays in it, or another program of the same name, or "".
func (run *Run) covers(dir string, tools []string) string {
	c, ok := run.Instruction.Command.(*instructions.RunCommand)
	if !ok {
		return ""
	}
	for _, m := range instructions.GetMounts(c) {
		target := path.Clean(m.Target)
		if _, _, ours := dockerfile.MountsDepfetch(m); path.Dir(target) == dir && slices.Contains(tools, path.Base(target)) && !ours {
			return target
		}
		if (m.Type == instructions.MountTypeBind || m.Type == instructions.MountTypeCache) && strings.HasPrefix(dir+"/", strings.TrimSuffix(target, "/")+"/") {
			return target
		}
	}
	return ""
}

// hidden returns a folder that is in some of the PATHs only, comes before dir, and may
// have a curl or wget of its own, or "".
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

// base returns the configuration of the image that the stage of a RUN starts from, or
// nil if it is not known.
func (r *reader) base(run *Run) *Base {
	if r.options.Base == nil {
		return nil
	}
	return r.options.Base(run.Stage.Root().Image)
}

// setsShell reports whether a SHELL instruction before the RUN replaces that of its
// base.
func (run *Run) setsShell() bool {
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

// ordered returns the folders of a base's PATH with /usr/local/bin first, since every
// image has that, unless one before it has a curl or wget of its own.
func ordered(dirs []string) []string {
	i := slices.Index(dirs, "/usr/local/bin")
	if i < 0 || slices.ContainsFunc(dirs[:i], toolbox.MatchString) {
		return dirs
	}
	return slices.Insert(slices.Delete(slices.Clone(dirs), i, i+1), 0, "/usr/local/bin")
}

// toolbox matches folders of software distributions with a curl or wget of their own.
var toolbox = regexp.MustCompile(`(?i)conda|mamba|pixi|brew|/nix|spack|curl|wget`)

// stands reports whether a folder that the Dockerfile adds to PATH probably exists
// before the RUN: an earlier instruction names it or its parent.
func (run *Run) stands(r *reader, dir string) bool {
	for s := run.Stage; s != nil; s = s.Base {
		if at := r.firstNamed(s, dir); at >= 0 && at < run.Instruction.Start {
			return true
		}
	}
	return false
}

// folder is a folder in a stage.
type folder struct {
	stage *dockerfile.Stage
	path  string
}

// firstNamed returns the offset of the first instruction of a stage that names a folder
// or its parent, or -1.
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

// forms returns the ways in which a stage may write a folder or its parent.
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

// within reports whether a text contains a path, or one below it.
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

// folders returns the absolute folders of a PATH, in which $PATH stands for usual. It
// stops one above maxFolders.
func folders(list, usual string) []string {
	list = strings.NewReplacer("${PATH}", usual, "$PATH", usual).Replace(list)
	var dirs []string
	for dir := range strings.SplitSeq(list, ":") {
		if len(dirs) > maxFolders {
			break // place reports it
		}
		if dir = strings.TrimSuffix(dir, "/"); strings.HasPrefix(dir, "/") && !strings.Contains(dir, "$") && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// preferred returns folders in the order in which they are tried: /usr/local/bin comes
// before /usr/local/sbin, which is not in the PATH of every user.
func preferred(dirs []string) []string {
	dirs = slices.Clone(dirs)
	sbin, bin := slices.Index(dirs, "/usr/local/sbin"), slices.Index(dirs, "/usr/local/bin")
	if sbin >= 0 && bin == sbin+1 {
		dirs[sbin], dirs[bin] = dirs[bin], dirs[sbin]
	}
	return dirs
}

// mounts sets what of depfetch a RUN has mounted already.
func (run *Run) mounts() {
	c, ok := run.Instruction.Command.(*instructions.RunCommand)
	if !ok {
		return
	}
	for _, m := range instructions.GetMounts(c) {
		dir, name, ok := dockerfile.MountsDepfetch(m)
		switch {
		case ok:
			run.Mounted, run.source = append(run.Mounted, name), m.From
			run.Dir = cmp.Or(run.Dir, dir)
		case m.Target == LockTarget:
			run.Lock = true
			if m.From == "" {
				run.LockPath = path.Join("/", m.Source)
			}
		}
	}
}

// LockTarget is where the lockfile is mounted. The shim looks for it there.
const LockTarget = "/deps.lock.toml"

// Adopted reports whether the lockfile is mounted already, and depfetch as each program
// that the RUN calls.
func (run *Run) Adopted() bool {
	return run.Lock && !slices.ContainsFunc(run.Tools(), func(t string) bool { return !slices.Contains(run.Mounted, t) })
}
