package sync

import (
	"path"
	"slices"
	"strings"

	"depfetch/lock/dockerfile/script"
)

// command notes a command of a RUN.
func (run *Run) command(c *script.Call, downloads []*script.Download) {
	name := path.Base(c.Name.Text)
	if !c.Name.Known() {
		run.leave(c.Start, "it starts a program whose name is not known: "+c.Name.Why, hintRecord)
		return
	}
	switch why := downloadsItself(name, c.Args); {
	case why != "":
		run.leave(c.Start, name+" downloads by itself: "+why, hintRecord)
		return
	case name != "curl" && name != "wget":
		run.change(name, c)
		return
	}
	run.request(name, c, downloads)
	run.paths = append(run.paths, c.Path)
	if strings.Contains(c.Name.Text, "/") {
		run.leave(c.Start, c.Name.Text+" is called by its path, past depfetch", "call it as "+name)
	}
	for _, via := range c.Via {
		if why := bypass(via); why != "" {
			run.leave(c.Start, via+" "+name+" passes depfetch by: "+why, "call "+name+" without it")
		}
	}
}

// bypass says why what a wrapper runs does not reach what is mounted, or "".
func bypass(via string) string {
	words := strings.Fields(via)
	if len(words) == 0 {
		return ""
	}
	name := path.Base(words[0])
	switch name {
	case "sudo", "doas":
		return name + " may look for programs in a PATH of its own"
	case "su", "runuser":
		if slices.ContainsFunc(words[1:], func(w string) bool { return w == "-" || w == "-l" || w == "--login" }) {
			return "a login shell sets PATH anew"
		}
	case "chroot", "unshare", "nsenter":
		return "it runs in another file system"
	case "busybox":
		return "busybox has a program of its own"
	case "env":
		for _, w := range words[1:] {
			if w == "-" || w == "-i" || w == "--ignore-environment" || strings.HasPrefix(w, "-u") || strings.HasPrefix(w, "PATH=") {
				return "it runs without the environment of the build"
			}
		}
	}
	return ""
}

// change notes a command that changes folders as a whole, or puts something where
// depfetch would be.
func (run *Run) change(name string, c *script.Call) {
	var recursive bool
	switch name {
	case "chown", "chmod", "chgrp", "chcon", "setfacl", "rm", "mv", "ln", "cp", "install", "tee", "rsync", "find":
	default:
		return
	}
	var paths []string
	for _, a := range c.Args {
		switch s := a.Text; {
		case strings.HasPrefix(s, "--"):
			recursive = recursive || s == "--recursive"
		case strings.HasPrefix(s, "-") && len(s) > 1:
			recursive = recursive || strings.ContainsAny(s, "Rr")
		case strings.HasPrefix(s, "/"):
			paths = append(paths, s)
		default:
			paths = append(paths, path.Join(c.Dir, s))
		}
	}
	whole := name == "mv" || recursive && name != "cp" && name != "ln" && name != "install" && name != "tee"
	for i, p := range paths {
		switch {
		case whole && name == "mv" && i == len(paths)-1 && len(paths) > 1:
			run.changed = append(run.changed, touched{p, false}) // where it goes
		case whole:
			run.changed = append(run.changed, touched{p, true})
		case name == "find":
			if slices.ContainsFunc(c.Args, func(a script.Value) bool { return a.Text == "-delete" }) && i == 0 {
				run.changed = append(run.changed, touched{p, true})
			}
		default:
			run.changed = append(run.changed, touched{p, false})
		}
	}
}

// touched is a path that a RUN changes: with everything below it, or alone.
type touched struct {
	path  string
	whole bool
}

// hits reports whether a change would meet a program mounted into a directory.
func (t touched) hits(dir string, tools []string) bool {
	p := t.path
	for _, tool := range tools {
		if match(p, dir+"/"+tool) {
			return true
		}
		if !t.whole {
			continue
		}
		for above := dir; ; above = path.Dir(above) {
			if match(p, above) || above == "/" {
				if match(p, above) {
					return true
				}
				break
			}
		}
	}
	return false
}

// match matches a path with a pattern of the shell.
func match(pattern, name string) bool {
	ok, err := path.Match(strings.TrimSuffix(pattern, "/."), name)
	return err == nil && ok || pattern == name
}
