package script

import (
	"path"
	"regexp"
	"strings"
)

// Checkout is source code that a program takes from a repository, or a module that
// go does.
type Checkout struct {
	Start, End int
	Tool       string
	URL        Value  // of the repository; of a module, its path
	Ref        Value  // the branch, tag or commit that it names; empty for what is newest
	Lost       string // why a failure to find that commit does not end the build; empty if it does
	Module     bool   // it is a module, whose versions are fixed and not its branches
	Unchecked  bool   // of a module: the checksum database is not asked
	Signed     bool   // a signature of it is checked
}

// Commit is how much of a commit a reference is.
type Commit int

const (
	NoCommit   Commit = iota // a branch or a tag, or nothing
	PartCommit               // the beginning of a commit's name
	FullCommit
)

var (
	fullCommit = regexp.MustCompile(`^([0-9a-fA-F]{40}|[0-9a-fA-F]{64})$`)
	partCommit = regexp.MustCompile(`^[0-9a-fA-F]{7,39}$`)
	decimal    = regexp.MustCompile(`^[0-9]+$`)
)

// CommitOf reports how much of a commit a reference is.
func CommitOf(ref string) Commit {
	switch {
	case fullCommit.MatchString(ref):
		return FullCommit
	case partCommit.MatchString(ref) && !decimal.MatchString(ref):
		return PartCommit
	}
	return NoCommit
}

func noteCheckout(m *Machine, c *call, tool string, u, ref Value) *Checkout {
	one := &Checkout{Start: c.start, End: c.end, Tool: tool, URL: u, Ref: ref}
	m.Log(one)
	return one
}

// gitOptions are those before the command, and those of the commands that are read.
var (
	gitClone = options{short: "bocuj", long: []string{"branch", "origin", "config", "depth", "reference", "reference-if-able", "upload-pack", "jobs",
		"template", "separate-git-dir", "filter", "shallow-since", "shallow-exclude", "revision", "server-option", "bundle-uri", "ref-format"}}
	gitFetch = options{short: "jo", long: []string{"depth", "deepen", "shallow-since", "shallow-exclude", "refmap", "jobs", "upload-pack", "server-option", "filter", "negotiation-tip"}}
	gitOther = options{short: "bBmcC", long: []string{"orphan", "create", "force-create", "conflict"}}
)

// evalGit evaluates the commands that take source code from elsewhere, and those that
// say which commit is meant.
func evalGit(m *Machine, c *call) status {
	dir := m.Dir
	i := 0
	for ; i < len(c.args) && strings.HasPrefix(c.arg(i), "-"); i++ {
		switch a := c.arg(i); {
		case a == "-C" && i+1 < len(c.args):
			i++
			dir = m.abs(c.args[i])
		case a == "-c" || a == "--git-dir" || a == "--work-tree":
			i++
			if a == "--work-tree" && i < len(c.args) {
				dir = m.abs(c.args[i])
			}
		}
	}
	if i >= len(c.args) {
		return m.unknown(c)
	}
	rest := c.args[i+1:]
	switch verb := c.arg(i); verb {
	case "clone":
		cloneRepository(m, c, rest, dir)
	case "remote":
		if n := len(rest); n >= 3 && (rest[0].Text == "add" || rest[0].Text == "set-url") {
			m.remotes[dir+" "+rest[n-2].Text] = rest[n-1]
		}
	case "fetch", "pull":
		fetchRepository(m, c, rest, dir)
	case "checkout", "switch", "reset":
		switchCommit(m, c, rest, dir)
	case "verify-commit", "verify-tag", "tag":
		signed := verb != "tag"
		for _, a := range rest {
			signed = signed || a.Text == "-v" || a.Text == "--verify"
		}
		if one := repositoryAt(m, dir); one != nil && signed && m.fate(c.context) == "" {
			one.Signed = true
		}
	}
	return m.unknown(c)
}

// remote reports whether a word names a repository elsewhere.
func remote(v Value) bool {
	text := v.Text
	before, _, colon := strings.Cut(text, ":")
	return strings.Contains(text, "://") && !strings.HasPrefix(text, "file://") ||
		colon && before != "file" && !strings.Contains(before, "/") && len(before) > 1 && !strings.HasPrefix(text, "$") ||
		!v.Known() && !strings.HasPrefix(text, "/") && !strings.HasPrefix(text, ".")
}

func cloneRepository(m *Machine, c *call, args []Value, dir string) {
	var (
		operands []Value
		ref      Value
	)
	for _, o := range gitClone.parse(args) {
		switch o.name {
		case "":
			operands = append(operands, o.value)
		case "b", "branch", "revision":
			ref = o.value
		}
	}
	if len(operands) == 0 || !remote(operands[0]) {
		return
	}
	u := operands[0]
	to := strings.TrimSuffix(path.Base(strings.TrimRight(u.Text, "/")), ".git")
	if i := strings.LastIndexByte(to, ':'); i >= 0 {
		to = to[i+1:]
	}
	if len(operands) > 1 {
		to = operands[1].Text
	}
	if !strings.HasPrefix(to, "/") {
		to = path.Join(dir, to)
	}
	m.clones[path.Clean(to)] = noteCheckout(m, c, "git", u, ref)
}

// fetchRepository evaluates git fetch and git pull: of what is not cloned but set up by
// itself, they name what is taken.
func fetchRepository(m *Machine, c *call, args []Value, dir string) {
	var operands []Value
	for _, o := range gitFetch.parse(args) {
		if o.name == "" {
			operands = append(operands, o.value)
		}
	}
	if len(operands) == 0 {
		return
	}
	u := operands[0]
	if set, ok := m.remotes[dir+" "+u.Text]; ok {
		u = set
	}
	ref := Value{}
	if len(operands) > 1 {
		ref = operands[1]
		ref.Text, _, _ = strings.Cut(strings.TrimPrefix(ref.Text, "+"), ":")
	}
	if repositoryAt(m, dir) == nil && remote(u) {
		m.clones[dir] = noteCheckout(m, c, "git", u, ref)
	}
}

// repositoryAt returns the repository that a directory is in, or nil.
func repositoryAt(m *Machine, dir string) *Checkout {
	for {
		if one := m.clones[dir]; one != nil {
			return one
		}
		parent := path.Dir(dir)
		if parent == dir || dir == "." {
			return nil
		}
		dir = parent
	}
}

// switchCommit evaluates git checkout and its like.
func switchCommit(m *Machine, c *call, args []Value, dir string) {
	one := repositoryAt(m, dir)
	if one == nil {
		return
	}
	var ref *Value
	for _, o := range gitOther.parse(args) {
		switch v := o.value; {
		case o.name != "":
		case v.Text == "FETCH_HEAD" || v.Text == "HEAD":
			return
		case ref != nil:
			return // files of a commit, and not all of it
		default:
			ref = &v
		}
	}
	if ref != nil {
		one.Ref, one.Lost = *ref, m.fate(c.context)
	}
}

func evalHg(m *Machine, c *call) status {
	if c.arg(0) == "clone" {
		var u, ref Value
		for _, o := range (options{short: "urb", long: []string{"updaterev", "rev", "branch"}}).parse(c.args[1:]) {
			switch {
			case o.name == "" && u.Text == "":
				u = o.value
			case o.name != "":
				ref = o.value
			}
		}
		if strings.Contains(u.Text, "://") {
			noteCheckout(m, c, c.name, u, ref)
		}
	}
	return m.unknown(c)
}

func evalSvn(m *Machine, c *call) status {
	switch c.arg(0) {
	case "checkout", "co", "export":
		var u, ref Value
		for _, o := range (options{short: "r", long: []string{"revision", "username", "password", "depth"}}).parse(c.args[1:]) {
			switch {
			case o.name == "" && u.Text == "":
				u = o.value
			case o.name == "r" || o.name == "revision":
				ref = o.value
			}
		}
		if strings.Contains(u.Text, "://") {
			noteCheckout(m, c, c.name, u, ref)
		}
	}
	return m.unknown(c)
}
