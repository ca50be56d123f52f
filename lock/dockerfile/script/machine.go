package script

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"depfetch/lock"
)

// The bounds of one script: statements that are looked at, and how deep functions
// and scripts in scripts nest.
const (
	maxSteps = 20_000
	maxDepth = 12
)

// Budget is what the evaluation of scripts may cost together. It is not safe for
// concurrent use.
type Budget struct {
	// Work is what is left, in bytes that are looked at or copied.
	Work int
	// Done ends the evaluation early, if it is not nil.
	Done <-chan struct{}
}

// Spend takes from the budget, and reports whether something is left.
func (b *Budget) Spend(n int) bool {
	if b.Work -= n; b.Work <= 0 {
		b.Work = 0
		return false
	}
	if b.Done != nil {
		select {
		case <-b.Done:
			b.Work = 0
			return false
		default:
		}
	}
	return true
}

// DefaultWork is what the scripts of one file may cost on one platform.
const DefaultWork = 64 << 20

// Machine evaluates the scripts of one build stage for one platform, in their
// order. It is not safe for concurrent use.
type Machine struct {
	Platform lock.Platform
	Vars     map[string]Value
	// Unset says of variables that have no value why that is.
	Unset map[string]string
	Dir   string // the working directory

	// Budget is shared with clones.
	Budget *Budget

	// Events is what the scripts have done.
	Events []Event

	// Script returns a file of the stage that no script has written; nil if there is
	// none that is known. Aliases are where such files have been before.
	Script  func(path string) (File, bool)
	Aliases map[string]string

	fetches  []*Fetch                // those of Events
	imported []*Fetch                // those whose keys gpg has taken over
	executed map[*Fetch]bool         // those that have been run as scripts
	edited   map[string]string       // the files of the stage that are changed, and why they are not read
	gone     map[string]bool         // the files and directories that have been moved away
	env      map[string]bool         // the variables that scripts started by this one get; nil is all
	bodies   map[*syntax.Stmt]Source // the scripts that functions stand in
	aliases  map[string]Value        // of the shell that runs
	configs  map[string]string       // the files of options that have been made, by program
	unixed   bool                    // files have been rid of CRLF line ends: it is not known which
	clones   map[string]*Checkout
	remotes  map[string]Value
	commands map[string]command
	files    map[string]Value // what has been written into small files
	state
	source   Source
	assigned map[string]bool // the variables that the script sets somewhere
	ways     []way           // where a function, a loop or a shell may have been left
	substat  status          // how the latest substitution ended
	steps    int
	depth    int
	hidden   int      // names that have been made up for what is not known
	via      []string // what the script runs under
}

// state is what a subshell has of its own.
type state struct {
	errexit, pipefail bool
	args              []Value
	functions         map[string]function
	noglob            bool
	globs             bool // unusual rules for patterns are in force
	exit              exit
	sourced           string // why variables may be set that nothing here sets
	subs              int    // how many shells this one is in
	depends           int    // conditions that only the build can tell
	temps             int
	outer             string // why a failure of this script does not end that which has started it
	zero              *Value // $0, if it is known
	trap              *trap
	locals            map[string]*Value // of the function: what the variables were outside; nil if unset
}

// function is what a name may be: the bodies of functions, with nil for none.
type function []*syntax.Stmt

// Source is one script.
type Source struct {
	Text string
	// Locate maps an offset in Text to one in the Dockerfile.
	Locate func(int) int
	// Run is the script's number within the stage.
	Run               int
	Bash              bool // braces are expanded
	CRLF              bool // the lines of its heredocs end so, which Text does not have
	Errexit, Pipefail bool
	Login             string  // what Login returns of the shell that runs it
	Shell             string  // the path of the shell that runs it; empty if it is a command line
	Args              []Value // $1 and so on
}

// New returns a machine with nothing set.
func New(p lock.Platform) *Machine {
	m := &Machine{
		Platform: p, Vars: make(map[string]Value), Unset: make(map[string]string), Dir: "/",
		files: make(map[string]Value), commands: commands(), Aliases: make(map[string]string), edited: make(map[string]string), gone: make(map[string]bool),
		bodies: make(map[*syntax.Stmt]Source), executed: make(map[*Fetch]bool), clones: make(map[string]*Checkout), remotes: make(map[string]Value), Budget: &Budget{Work: DefaultWork},
	}
	return m
}

// Clone returns a machine that goes on from the state of m, with nothing done yet.
func (m *Machine) Clone() *Machine {
	n := New(m.Platform)
	n.Budget = m.Budget
	m.Budget.Spend(64 * (len(m.Vars) + len(m.Unset) + len(m.files)))
	n.Vars, n.Unset, n.Dir, n.files = maps.Clone(m.Vars), maps.Clone(m.Unset), m.Dir, maps.Clone(m.files)
	for name, v := range n.files {
		n.files[name] = v.withoutDownloads()
	}
	n.Script, n.Aliases, n.edited = m.Script, maps.Clone(m.Aliases), maps.Clone(m.edited)
	n.gone, n.unixed, n.configs = maps.Clone(m.gone), m.unixed, maps.Clone(m.configs)
	return n
}

var errCRLF = errors.New("it has CRLF line ends, which the shell takes as parts of words")

// Parse parses a script, as bash and, if it is not that, as POSIX shell. Lines that end
// with CRLF are an error: the parser is kinder to them than shells are.
func Parse(text string) (*syntax.File, error) {
	if strings.Contains(text, "\r\n") {
		return nil, errCRLF
	}
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(text), "")
	if err == nil {
		return file, nil
	}
	if file, posix := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(text), ""); posix == nil {
		return file, nil
	}
	return nil, fmt.Errorf("reading the shell script: %w", err)
}

// Run evaluates a script in a shell of its own. Variables that it sets and the
// directory that it changes to end with it. The error is of a text that is no
// script, or of one that was followed only in part.
func (m *Machine) Run(src Source) error {
	if m.spent(len(src.Text) + 512*len(m.Vars)) {
		return errTooMuch
	}
	file, err := Parse(src.Text)
	if err != nil {
		return err
	}
	vars, dir, source, st := maps.Clone(m.Vars), m.Dir, m.source, m.state
	defer func() { m.Vars, m.Dir, m.source, m.state = vars, dir, source, st }()
	m.source, m.steps, m.assigned = src, 0, assigned(file)
	m.env = make(map[string]bool)
	for name := range m.Vars {
		m.env[name] = true
	}
	m.state = state{errexit: src.Errexit, pipefail: src.Pipefail, args: src.Args, functions: make(map[string]function)}
	m.ways, m.aliases, m.via = nil, nil, nil
	if src.Login != "" {
		m.via = []string{src.Login}
	}
	m.list(file.Stmts, context{})
	m.trapped()
	if m.over() {
		return errTooMuch
	}
	return nil
}

var errTooMuch = errors.New("it takes too many steps to be followed to its end")

// spent notes that something costs n, and reports whether that is too much.
func (m *Machine) spent(n int) bool { return !m.Budget.Spend(n) }

// over reports whether the evaluation has cost too much to go on.
func (m *Machine) over() bool {
	return m.steps > maxSteps || m.Budget.Work <= 0 || len(m.fetches) > maxFetches
}

// maxFetches is how many downloads of a stage are looked at.
const maxFetches = 3000

// assigned returns the names of the variables that a script sets somewhere.
func assigned(file *syntax.File) map[string]bool {
	names := make(map[string]bool)
	syntax.Walk(file, func(n syntax.Node) bool {
		if a, ok := n.(*syntax.Assign); ok && a.Name != nil && !a.Naked {
			names[a.Name.Value] = true
		}
		return true
	})
	return names
}

// abs returns the path that a word names.
func (m *Machine) abs(v Value) string {
	p := v.Text
	if p == "" || p == "-" {
		return p
	}
	if len(p) > 4096 {
		return "$(…)" // no system has longer names
	}
	if !strings.HasPrefix(p, "/") && !strings.HasPrefix(p, "$") {
		p = m.Dir + "/" + p
	}
	return path.Clean(p)
}
