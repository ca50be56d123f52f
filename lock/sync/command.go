package sync

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"depfetch/lock/dockerfile/script"
)

// command adds what a command of a RUN does.
func (run *Run) command(c *script.Call, downloads []*script.Download) {
	name := path.Base(c.Name.Text)
	run.Fetches = run.Fetches || name == "depfetch"
	if !c.Name.Known() {
		what := "it starts a program whose name is not known: " + c.Name.Why
		if slices.ContainsFunc(c.Args, hasAddress) {
			run.say(c.Start, what, hintRecord)
		}
		run.leave(c.Start, what, hintRecord)
		return
	}
	called := name
	if c.Program != "" {
		name = c.Program
	}
	switch why := downloadsItself(name, c.Args); {
	case why != "":
		run.leave(c.Start, name+" downloads by itself: "+why, hintRecord)
		return
	case name != "curl" && name != "wget":
		if tool := mayRun(name, c.Args); tool != "" {
			run.mayRun(c.Start, name, tool)
		}
		run.change(name, c)
		return
	}
	run.addCall(name, c, downloads)
	run.paths = append(run.paths, c.Path)
	if c.Applets && name == "wget" {
		run.leave(c.Start, "its shell is busybox, which may have a wget of its own", "use another SHELL, or curl")
	}
	if c.Config != "" {
		run.leave(c.Start, name+" takes options from "+c.Config+", which is not read", "give them to "+name+" itself, or "+hintRecord)
	}
	if c.Made != "" {
		run.leave(c.Start, c.Made+", and may do more than download", "leave it out, if depfetch does")
	}
	switch {
	case c.Program != "" && called != name:
		run.leave(c.Start, c.Name.Text+" is "+name+" under another name, past depfetch", "call it as "+name)
	case strings.Contains(c.Name.Text, "/"):
		run.leave(c.Start, c.Name.Text+" is called by its path, past depfetch", "call it as "+name)
	}
	for _, via := range c.Via {
		if why := bypass(via); why != "" {
			run.leave(c.Start, via+" "+name+" passes depfetch by: "+why, "call "+name+" without it")
		}
	}
}

// mayRun leaves a RUN in which a program may run curl or wget.
func (run *Run) mayRun(at int, by, tool string) {
	run.say(at, by+" may run "+tool+", in a way that is not known", "call "+tool+" without it, or "+hintRecord)
}

// hasAddress reports whether a word has an address in it.
func hasAddress(v script.Value) bool { return strings.Contains(v.Text, "://") }

// mayRun returns the program that a command may run in a way that is not followed: curl
// or wget is among its words with an address behind it. Or it returns "".
func mayRun(name string, args []script.Value) string {
	runs := len(args) > 0 && hasWord("run exec x", args[0].Text) // of a package manager
	if script.Follows(name) && !runs {
		return ""
	}
	tool := ""
	for _, a := range args {
		switch base := path.Base(a.Text); {
		case tool != "" && (hasAddress(a) || !a.Known()):
			return tool
		case base == "curl" || base == "wget":
			tool = base
		default:
			if found := script.CommandLine.FindStringSubmatch(a.Text); found != nil {
				return found[1]
			}
		}
	}
	return ""
}

// bypass returns the reason why a program that is run through a wrapper, such as sudo,
// may not find what is mounted, or "".
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
	case "sh", "bash", "ash", "dash", "zsh", "ksh":
		if strings.Contains(words[1], "i") && words[1] != "--login" {
			return "an interactive shell reads files first, which may set PATH anew"
		}
		return "a login shell sets PATH anew"
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

// change adds the paths that a command changes.
func (run *Run) change(name string, c *script.Call) {
	switch {
	case hasWord("tar bsdtar gtar unzip", name):
		run.unpack(c)
	case hasWord("conda mamba micromamba . source", name):
		run.activate(name, c)
	case hasWord("make ninja cmake meson", name):
		run.installs = run.installs || slices.ContainsFunc(c.Args, func(a script.Value) bool { return strings.HasSuffix(a.Text, "install") })
	}
	if !hasWord("chown chmod chgrp chcon setfacl setcap rm mv ln cp install tee rsync find strip upx patchelf touch tar bsdtar", name) {
		return
	}
	if slices.ContainsFunc(c.Args, func(a script.Value) bool { return a.Text == "$(which curl)" || a.Text == "$(which wget)" }) {
		run.leave(c.Start, name+" takes the program that is found, which would be depfetch", "name its path")
	}
	if name == "find" {
		run.find(c)
		return
	}
	copies, archives := hasWord("cp rsync", name), hasWord("tar bsdtar", name)
	recursive := archives && len(c.Args) > 0 && !strings.HasPrefix(c.Args[0].Text, "-") && strings.Contains(c.Args[0].Text, "c")
	if archives && !recursive && !slices.ContainsFunc(c.Args, func(a script.Value) bool {
		return a.Text == "--create" || len(a.Text) > 1 && a.Text[0] == '-' && a.Text[1] != '-' && strings.Contains(a.Text, "c")
	}) {
		return // it unpacks
	}
	var paths []string
	for _, a := range c.Args {
		switch s := a.Text; {
		case strings.HasPrefix(s, "--"):
			recursive = recursive || s == "--recursive" || s == "--archive" || strings.HasPrefix(s, "--delete") || s == "--create"
		case strings.HasPrefix(s, "-") && len(s) > 1:
			recursive = recursive || strings.ContainsAny(s, "Rr") || copies && strings.Contains(s, "a") || archives && strings.Contains(s, "c")
		case strings.HasPrefix(s, "/"):
			paths = append(paths, s)
		default:
			paths = append(paths, path.Join(c.Dir, s))
		}
	}
	deletes := slices.ContainsFunc(c.Args, func(a script.Value) bool { return strings.HasPrefix(a.Text, "--delete") })
	for i, p := range paths {
		whole := false
		switch name {
		case "mv":
			whole = i < len(paths)-1 || len(paths) == 1 // the last one is the destination
		case "cp", "rsync":
			// What is copied would be depfetch; what it is copied into stays otherwise.
			whole = recursive && (i < len(paths)-1 || name == "rsync" && deletes)
		case "ln", "install", "tee", "strip", "upx", "patchelf", "touch", "setcap":
		default:
			whole = recursive
		}
		run.changed = append(run.changed, change{path: p, whole: whole})
	}
}

// activate notes that a command puts the folder of an environment of conda in front of
// PATH, or reads what a login shell does.
func (run *Run) activate(name string, c *script.Call) {
	args := c.Args
	if name == "." || name == "source" {
		if len(args) > 0 && hasWord("profile .profile .bash_profile .bash_login bashrc .bashrc bash.bashrc .zshrc", path.Base(args[0].Text)) {
			run.leave(c.Start, "it reads "+args[0].Text+", which may set PATH anew", "download before that, in another RUN")
		}
		if len(args) == 0 || path.Base(args[0].Text) != "activate" || len(args) == 1 && !toolbox.MatchString(args[0].Text) {
			return
		}
	} else if len(args) == 0 || args[0].Text != "activate" {
		return
	}
	run.activates = append(run.activates, strings.Join(texts(args[1:]), " "))
}

// texts returns the texts of values.
func texts(values []script.Value) []string {
	var all []string
	for _, v := range values {
		all = append(all, v.Text)
	}
	return all
}

// find adds the folders below which a find deletes files, or fails where what it runs fails
// at one: with + it does, and with ; it does not.
func (run *Run) find(c *script.Call) {
	from := slices.IndexFunc(c.Args, func(a script.Value) bool { return strings.HasPrefix(a.Text, "-") || a.Text == "(" || a.Text == "!" })
	if from < 0 {
		return
	}
	changes := false
	for i, a := range c.Args {
		changes = changes || a.Text == "-delete" ||
			i > 0 && strings.HasPrefix(c.Args[i-1].Text, "-exec") && hasWord("chmod chown chgrp rm mv sed strip touch sh bash", path.Base(a.Text)) &&
				slices.ContainsFunc(c.Args[i:], func(a script.Value) bool { return a.Text == "+" })
	}
	for _, a := range c.Args[:from] {
		p := a.Text
		if !strings.HasPrefix(p, "/") {
			p = path.Join(c.Dir, p)
		}
		if changes {
			run.changed = append(run.changed, change{path: p, whole: true})
		}
	}
}

// unpack adds the curl and wget that a command takes out of an archive by name.
func (run *Run) unpack(c *script.Call) {
	dir := c.Dir
	for i, a := range c.Args {
		short := len(a.Text) > 1 && a.Text[0] == '-' && a.Text[1] != '-'
		if value, ok := strings.CutPrefix(a.Text, "--directory="); ok {
			dir = value
		} else if i+1 < len(c.Args) && (a.Text == "-d" || a.Text == "--directory" || short && strings.HasSuffix(a.Text, "C")) {
			dir = c.Args[i+1].Text
		}
	}
	if !strings.HasPrefix(dir, "/") {
		dir = path.Join(c.Dir, dir)
	}
	for _, a := range c.Args {
		base := path.Base(a.Text)
		for _, tool := range []string{"curl", "wget"} {
			if a.Text != "" && base != "*" && matches(base, tool) {
				run.changed = append(run.changed, change{path: path.Join(dir, tool)})
			}
		}
	}
}

// ownSource matches the address of the source code of curl and wget.
var ownSource = regexp.MustCompile(`/(curl|wget)-[0-9][^/]*$`)

// installsOwn adds the curl or wget that the RUN builds and installs.
func (run *Run) installsOwn() {
	for _, c := range run.Calls {
		for _, r := range c.Requests {
			if m := ownSource.FindStringSubmatch(r.URL); m != nil && run.installs {
				run.changed = append(run.changed, change{path: "/usr/local/bin/" + m[1]})
			}
		}
	}
}

// change is a path that a RUN changes.
type change struct {
	path  string // may be a pattern of the shell
	whole bool   // with everything below it
}

// hits reports whether a change would affect one of the tools mounted into dir.
func (c change) hits(dir string, tools []string) bool {
	for _, tool := range tools {
		if matches(c.path, dir+"/"+tool) {
			return true
		}
	}
	if !c.whole {
		return false
	}
	for ; dir != "/"; dir = path.Dir(dir) {
		if matches(c.path, dir) {
			return true
		}
	}
	return matches(c.path, "/")
}

// matches reports whether a path matches a pattern of the shell.
func matches(pattern, name string) bool {
	ok, err := path.Match(strings.TrimSuffix(pattern, "/."), name)
	return err == nil && ok || pattern == name
}
