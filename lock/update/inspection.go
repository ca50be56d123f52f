package update

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"

	"depfetch/fetch/source"
	"depfetch/fetch/unpack"
	"depfetch/lock"
	"depfetch/lock/content"
)

// program is a file that runs on certain machines only.
type program struct {
	name     string // in the archive; empty for the file itself
	mode     uint32
	machines []content.Machine
}

// programsOf returns the programs of an item that show which platform it is for. In a
// tree, these are the executables in directories for commands, if there are any, else
// all executables, else all programs: a tree may contain programs for other machines as
// data.
func (it *item) programsOf() []program {
	if !packed(it.dep) {
		if m := content.Machines(it.measured.Head); m != nil {
			return []program{{machines: m}}
		}
		return nil
	}
	all := it.contents.programs
	if it.dep.Unpack == nil {
		return all
	}
	executable := func(p program) bool { return p.mode&0o111 != 0 }
	command := func(p program) bool {
		dir := path.Dir(p.name)
		return executable(p) && (dir == "." || dir == it.contents.top || isCommands(path.Base(dir)))
	}
	for _, keep := range []func(program) bool{command, executable} {
		if some := slices.DeleteFunc(slices.Clone(all), func(p program) bool { return !keep(p) }); len(some) > 0 {
			return some
		}
	}
	return all
}

// isCommands reports whether a directory of that name is one for commands.
func isCommands(dir string) bool { return dir == "bin" || dir == "sbin" || dir == "libexec" }

// mismatch returns an error if the programs of an item are for other platforms than its
// own. For Any, it warns of programs that are not for every platform.
func (c *Client) mismatch(it *item) *MachineError {
	programs := it.programsOf()
	if len(programs) == 0 {
		return nil
	}
	if it.platform == lock.Any {
		if !it.dep.AllowPlatformMismatch && !c.AllowPlatformMismatch {
			c.warn(fmt.Errorf("%s: %s is for %s, and would be locked for any platform; name those that it is for with --platform, or platforms = […]",
				it.dep.Name, programs[0].in(it.url), content.Join(programs[0].machines)))
		}
		return nil
	}
	for _, p := range programs {
		if content.Fits(p.machines, it.platform) {
			return nil
		}
	}
	return &MachineError{Dep: it.dep.Name, Platform: it.platform, URL: it.url, File: programs[0].name, Machines: programs[0].machines}
}

// in returns the name of p for a message, where address serves it or its archive.
func (p program) in(address string) string {
	if p.name == "" {
		return source.Redact(address)
	}
	return fmt.Sprintf("%q of %s", p.name, source.Redact(address))
}

// warnAlike warns of platforms of one dependency that have the same bytes.
func (c *Client) warnAlike(r Result) {
	if r.Dep.AllowPlatformMismatch || c.AllowPlatformMismatch {
		return
	}
	for i, ch := range r.Changes {
		if ch.Missing || ch.New.Digest.IsZero() {
			continue
		}
		alike := func(o Change) bool { return o.New.Digest == ch.New.Digest && o.New.Unpacked == ch.New.Unpacked }
		if slices.ContainsFunc(r.Changes[:i], alike) {
			continue
		}
		names := []string{ch.Platform.String()}
		for _, o := range r.Changes[i+1:] {
			if alike(o) {
				names = append(names, o.Platform.String())
			}
		}
		if len(names) > 1 {
			c.warn(fmt.Errorf("%s: the bytes for %s are the same", r.Dep.Name, strings.Join(names, " and ")))
		}
	}
}

// checkSubstitute returns an error if something else than a file is served, such as a
// web page. It warns if that may be intended.
func (c *Client) checkSubstitute(it *item) error {
	m := it.measured
	what := content.SubstituteOf(m.Head, m.Size)
	name, _, _ := strings.Cut(it.url, "?")
	if m.HTML || what == content.HTML {
		if strings.HasPrefix(path.Ext(name), ".htm") || strings.HasPrefix(path.Ext(name), ".xhtm") {
			return nil
		}
		return &PageError{Dep: it.dep.Name, URL: it.url, Asked: m.Asked}
	}
	archive := content.ByName(name) == content.NamedArchive
	why := it.use(name)
	switch {
	case what == content.None:
	case what == content.Text:
		if archive && !strings.HasPrefix(string(m.Head), "#!") {
			c.warn(fmt.Errorf("%s, %s: %s serves text; %s", it.dep.Name, it.platform, source.Redact(it.url), why))
		}
	case why != "":
		return &SubstituteError{Dep: it.dep.Name, Platform: it.platform, URL: it.url, What: what, Why: why}
	case what == content.Empty || what == content.LFSPointer || content.IsRefusal(m.Head):
		c.warn(fmt.Errorf("%s, %s: %s serves %s", it.dep.Name, it.platform, source.Redact(it.url), what))
	}
	if it.contents.err != nil || it.dep.Member.IsZero() || !it.runs() {
		return nil
	}
	// The substitute may be in the archive.
	inside := content.SubstituteOf(it.contents.head, it.contents.size)
	if inside == content.None || inside == content.Text {
		return nil
	}
	return &SubstituteError{
		Dep: it.dep.Name, Platform: it.platform, URL: it.url + " (member " + it.dep.Member.String() + ")",
		What: inside, Why: it.use(""),
	}
}

// runs reports whether the file of an item is expected to be a program.
func (it *item) runs() bool {
	return it.dep.Mode&0o111 != 0 || isCommands(path.Base(path.Dir(it.dep.Path)))
}

// use returns the reason why an item is expected to be an archive or a program, or "".
// name is its address without the query.
func (it *item) use(name string) string {
	switch {
	case !it.dep.Member.IsZero():
		return "member takes a file out of it"
	case it.dep.Unpack != nil:
		return "unpack takes it for an archive"
	case content.ByName(name) == content.NamedArchive:
		return "its name is that of an archive"
	case content.ByName(name) == content.NamedProgram:
		return "its name is that of a program"
	case it.dep.Mode&0o111 != 0:
		return fmt.Sprintf("mode %04o is that of a program", it.dep.Mode)
	case it.runs():
		return it.dep.Path + " is a program's place"
	case content.ByName(it.dep.Path) != content.NamedNothing:
		return it.dep.Path + " is the name of an archive or a program"
	}
	return ""
}

// addProgram adds a file of a tree if it is a program. Calls may overlap.
func (k *contents) addProgram(e unpack.Entry, head []byte) {
	m := content.Machines(head)
	k.mu.Lock()
	defer k.mu.Unlock()
	if path.Ext(e.Name) == "" && (m != nil || bytes.HasPrefix(head, []byte("#!"))) && (k.command == "" || e.Name < k.command) {
		k.command = e.Name
	}
	if m == nil {
		return
	}
	k.programs = append(k.programs, program{name: e.Name, mode: uint32(e.Mode), machines: m})
}

// beginning is a writer that keeps the first bytes and counts all.
type beginning struct {
	head []byte
	size int64
}

func (b *beginning) Write(p []byte) (int, error) {
	if room := content.HeadSize - len(b.head); room > 0 {
		b.head = append(b.head, p[:min(room, len(p))]...)
	}
	b.size += int64(len(p))
	return len(p), nil
}
