package dockerfile

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"depfetch/lock/dockerfile/script"
)

// copyFiles records the files that a COPY or ADD takes from the context.
func (e *evaluation) copyFiles(in *Instruction, sd instructions.SourcesAndDest, parents bool) {
	dest := e.file.expand(sd.DestPath, e.scope)
	if !dest.Known() {
		return
	}
	to := dest.Text
	inside := strings.HasSuffix(to, "/") || to == "." || len(sd.SourcePaths)+len(sd.SourceContents) > 1
	if !strings.HasPrefix(to, "/") {
		to = path.Join(e.machine.Dir, to)
	}
	if to = path.Clean(to); !strings.HasPrefix(to, "/") {
		return // below an unknown directory
	}
	e.machine.NoteConfig(to)
	for _, h := range sd.SourceContents {
		e.machine.NoteConfig(path.Join(to, h.Path))
	}
	for _, src := range sd.SourcePaths {
		s := e.file.expand(src, e.scope)
		if !s.Known() || strings.Contains(s.Text, "://") {
			continue
		}
		e.machine.NoteConfig(path.Join(to, path.Base(s.Text)))
		e.copies = append(e.copies, &copied{source: clean(s.Text), dest: to, inside: inside, parent: parents, at: in.Start})
	}
	docs := e.file.heredocs(in.node, in.text)
	for i, h := range sd.SourceContents {
		c := &copied{source: h.Path, dest: to, inside: inside, at: in.Start, locate: func(int) int { return in.Start }}
		text := h.Data
		if h.Expand {
			v := e.file.expand(text, e.scope)
			if !v.Known() {
				c.why = "the heredoc " + h.Path + " is not known: " + v.Why
			}
			text = v.Text
		}
		if i < len(docs) && string(e.file.Data[docs[i].start:docs[i].end]) == text {
			start := docs[i].start
			c.locate = func(i int) int { return start + i }
		}
		c.text = &text
		e.copies = append(e.copies, c)
	}
}

// mounted returns the files of the context that the bind mounts of a RUN show.
func (e *evaluation) mounted(in *Instruction, c *instructions.RunCommand) []*copied {
	var all []*copied
	for _, m := range instructions.GetMounts(c) {
		if m.Type != instructions.MountTypeBind || m.From != "" || m.Target == "" {
			continue
		}
		to := m.Target
		if !strings.HasPrefix(to, "/") {
			to = path.Join(e.machine.Dir, to)
		}
		all = append(all, &copied{source: clean(m.Source), dest: path.Clean(to), at: in.Start})
	}
	return all
}

// contextFile returns the script at a path of the stage, if it comes from the context.
func (e *evaluation) contextFile(p string) (script.File, bool) {
	if !strings.HasPrefix(p, "/") || !e.machine.Budget.Spend(64*(1+len(e.copies)+len(e.mounts))+8*len(e.copies)) {
		return script.File{}, false
	}
	f := e.file
	perhaps := "" // why a file of a copied directory was not read; the build may make it
	for _, c := range slices.Backward(slices.Concat(e.copies, e.mounts)) {
		if !e.machine.Budget.Spend(256) {
			return script.File{}, false
		}
		for _, x := range c.candidates(p) {
			switch {
			case c.why != "":
				return script.File{Why: c.why}, true
			case c.text != nil:
				return script.File{Text: *c.text, Locate: c.locate}, true
			case f.Context == nil && x.named:
				return script.File{Why: x.name + " of the build context is not looked at"}, true
			case f.Context == nil:
				continue
			}
			if x.named && f.Context.files.IsDir(x.name) {
				continue
			}
			a, err := f.attach(x.name)
			if err == nil {
				return script.File{Text: string(a.data), Locate: func(i int) int { return a.base + max(0, min(i, len(a.data))) }}, true
			}
			switch {
			case x.named:
				return script.File{Why: missing(x.name, err)}, true
			case perhaps == "" && f.Context.files.IsDir(c.source):
				perhaps = missing(x.name, err)
			}
		}
	}
	return script.File{Why: perhaps, Perhaps: true}, perhaps != ""
}

// programCopied records the name under which a COPY puts depfetch or busybox into the
// stage.
func (e *evaluation) programCopied(c *instructions.CopyCommand) {
	dest := e.file.expand(c.DestPath, e.scope)
	if len(c.SourcePaths) != 1 || !dest.Known() {
		return
	}
	name := path.Base(c.SourcePaths[0])
	if name != "depfetch" && name != "busybox" {
		return
	}
	to := dest.Text
	if !strings.HasPrefix(to, "/") {
		to = path.Join(e.machine.Dir, to)
	}
	e.machine.Aliases[path.Clean(to)] = "/" + name
}

// toolsCopied records the curl and wget that a COPY takes from another stage, if that has
// not got them from an image.
func (e *evaluation) toolsCopied(c *instructions.CopyCommand) {
	from := e.file.numbered(c.From)
	dest := e.file.expand(c.DestPath, e.scope)
	if end := e.ends[from]; end != nil && dest.Known() {
		for _, src := range c.SourcePaths {
			if s := e.file.expand(src, e.scope); s.Known() {
				e.machine.CopyTools(end.machine, path.Clean("/"+s.Text), path.Join("/", cmp.Or(absolute(dest.Text), path.Join(e.machine.Dir, dest.Text))))
			}
		}
	}
}

// absolute returns a path if it is absolute, or "".
func absolute(p string) string {
	if strings.HasPrefix(p, "/") {
		return p
	}
	return ""
}
