package update

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"depfetch/fetch/source"
	"depfetch/fetch/unpack"
	"depfetch/lock"
	"depfetch/lock/content"
)

// program is a file that runs on some machines alone.
type program struct {
	name     string // in the archive; empty for the file itself
	mode     uint32
	machines []content.Machine
}

// programsOf returns the programs of an item that say what it is for. Of a tree
// these are the executables where commands lie, if there are any there, else all
// executables, else all that is machine code: what comes along for other machines
// as data says nothing.
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
		return executable(p) && (dir == "." || dir == it.top() || isCommands(path.Base(dir)))
	}
	for _, keep := range []func(program) bool{command, executable} {
		if some := slices.DeleteFunc(slices.Clone(all), func(p program) bool { return !keep(p) }); len(some) > 0 {
			return some
		}
	}
	return all
}

// top returns the one directory that a tree lies in, or ".".
func (it *item) top() string {
	if it.contents.top == "" {
		return "."
	}
	return it.contents.top
}

// isCommands reports whether programs lie in directories of that name.
func isCommands(dir string) bool { return dir == "bin" || dir == "sbin" || dir == "libexec" }

// mismatch returns the error that what an item holds is for other platforms than
// its own, or nil. Under any, it warns that a program is not for every platform.
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
	return &MachineError{it.dep.Name, it.platform, it.url, programs[0].name, programs[0].machines}
}

// in returns what p is called, in what address serves.
func (p program) in(address string) string {
	if p.name == "" {
		return source.Redact(address)
	}
	return fmt.Sprintf("%q of %s", p.name, source.Redact(address))
}

// warnAlike tells of platforms of one dependency for which the bytes are the same.
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

// noFile returns the error that an item is served something else than the file,
// or nil. What may be meant is warned of.
func (c *Client) noFile(it *item) error {
	m := it.measured
	what := content.SubstituteOf(m.Head, m.Size)
	name, _, _ := strings.Cut(it.url, "?")
	if m.HTML || what == content.HTML {
		if strings.HasPrefix(path.Ext(name), ".htm") || strings.HasPrefix(path.Ext(name), ".xhtm") {
			return nil
		}
		return &PageError{it.dep.Name, it.url}
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
		return &SubstituteError{it.dep.Name, it.platform, it.url, what, why}
	case what == content.Empty || what == content.LFSPointer || content.IsRefusal(m.Head):
		c.warn(fmt.Errorf("%s, %s: %s serves %s", it.dep.Name, it.platform, source.Redact(it.url), what))
	}
	if it.contents.err != nil || it.dep.Member.IsZero() || !it.runs() {
		return nil
	}
	// The pointer or the page may be in the archive.
	switch inside := content.SubstituteOf(it.contents.head, it.contents.size); inside {
	case content.None, content.Text:
		return nil
	default:
		return &SubstituteError{it.dep.Name, it.platform, it.url + " (member " + it.dep.Member.String() + ")", inside, it.use("")}
	}
}

// runs reports whether the file of an item is to be a program.
func (it *item) runs() bool {
	return it.dep.Mode&0o111 != 0 || isCommands(path.Base(path.Dir(it.dep.Path)))
}

// use returns what says that an item is an archive or a program, or "". name is
// the path of its address.
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

// tell notes what the files of a tree are. It is called by several goroutines at
// the same time.
func (k *contents) tell(e unpack.Entry, head []byte) {
	m := content.Machines(head)
	if m == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.programs = append(k.programs, program{e.Name, uint32(e.Mode), m})
}

// beginning is a writer that keeps how something begins.
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

// MachineError says that a program is for other platforms than the one that it
// would be locked for.
type MachineError struct {
	Dep      string
	Platform lock.Platform
	URL      string
	File     string // in the archive, or empty
	Machines []content.Machine
}

func (e *MachineError) Error() string {
	return fmt.Sprintf("%s, %s: %s is a program for %s", e.Dep, e.Platform,
		program{name: e.File}.in(e.URL), content.Join(e.Machines))
}

// SubstituteError says that something else is served in the place of a file.
type SubstituteError struct {
	Dep      string
	Platform lock.Platform
	URL      string
	What     content.Substitute
	Why      string // something else is expected
}

func (e *SubstituteError) Error() string {
	return fmt.Sprintf("%s, %s: %s serves %s; %s", e.Dep, e.Platform, source.Redact(e.URL), e.What, e.Why)
}
