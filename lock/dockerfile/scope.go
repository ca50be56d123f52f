package dockerfile

import (
	"maps"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/shell"

	"depfetch/lock"
	"depfetch/lock/dockerfile/script"
)

// scope holds the values of the variables at one point of a stage.
type scope struct {
	env, arg map[string]script.Value
	unset    map[string]string // by variable, why it has no value
	longest  int               // the length of the longest value
}

const (
	maxWord      = 1 << 15 // of an expanded word, in bytes
	maxExpansion = 1 << 18 // of what expanding it may need, in bytes
)

func newScope() scope {
	return scope{env: make(map[string]script.Value), arg: make(map[string]script.Value), unset: make(map[string]string)}
}

func (s scope) clone() scope {
	return scope{env: maps.Clone(s.env), arg: maps.Clone(s.arg), unset: maps.Clone(s.unset), longest: s.longest}
}

// get returns the value of a variable. ENV overrides ARG.
func (s scope) get(name string) (script.Value, bool) {
	if v, ok := s.env[name]; ok {
		return v, true
	}
	v, ok := s.arg[name]
	return v, ok
}

// vars returns the variables as a shell sees them.
func (s scope) vars() map[string]script.Value {
	all := maps.Clone(s.arg)
	maps.Copy(all, s.env)
	return all
}

// lookups is the shell.EnvGetter of one expansion. It records the variables that are
// asked for.
type lookups struct {
	scope
	asked []string
}

func (l *lookups) Get(name string) (string, bool) {
	if !slices.Contains(l.asked, name) {
		l.asked = append(l.asked, name)
	}
	v, ok := l.get(name)
	if !ok && name == "PATH" {
		return "$PATH", true // every image has one
	}
	return v.Text, ok
}

func (l *lookups) Keys() []string {
	return slices.Collect(maps.Keys(l.vars()))
}

// expand expands a word of an instruction. The value is not known if a variable in it
// is not.
func (f *File) expand(word string, s scope) script.Value {
	if len(word) > maxWord || len(word)+strings.Count(word, "$")*s.longest > maxExpansion {
		return script.Unknown(word[:min(len(word), 80)]+"…", "it is too long")
	}
	if !strings.ContainsAny(word, "$'\"\\`") {
		return script.Text(word)
	}
	l := &lookups{scope: s}
	r, err := shell.NewLex(f.Escape()).ProcessWordWithMatches(word, l)
	if err != nil {
		return script.Unknown(word, err.Error())
	}
	if len(r.Result) > maxWord || len(l.asked) > 1000 {
		return script.Unknown(word[:min(len(word), 80)]+"…", "it is too long")
	}
	v := script.Text(r.Result)
	for _, name := range l.asked {
		if got, ok := s.get(name); ok {
			v.Vars = append(v.Vars, name)
			for _, n := range got.Vars {
				if !slices.Contains(v.Vars, n) {
					v.Vars = append(v.Vars, n)
				}
			}
			if !got.Known() && v.Known() {
				v.Why = got.Why
			}
			continue
		}
		if hasAlternative(word, name) {
			v.Vars = append(v.Vars, name)
			continue
		}
		why := s.unset[name]
		if why == "" {
			why = name + " is not set in this Dockerfile"
		}
		if v.Why = why; name != "PATH" {
			v.Text = word
		}
	}
	return v
}

// hasAlternative reports whether a word has a default for a variable that is unset.
func hasAlternative(word, name string) bool {
	for _, op := range []string{":-", "-", ":+", "+"} {
		if strings.Contains(word, "${"+name+op) {
			return true
		}
	}
	return false
}

// meta returns the scope of FROM lines for a target platform.
func (f *File) meta(p lock.Platform) scope {
	s := newScope()
	for name, value := range script.TargetVars(p) {
		s.arg[name] = script.Text(value)
	}
	for _, in := range f.args {
		f.declare(in.Command.(*instructions.ArgCommand), &s, scope{})
	}
	return s
}

// declare adds the variables of an ARG. meta is the scope of FROM lines.
func (f *File) declare(c *instructions.ArgCommand, s *scope, meta scope) {
	for _, kv := range c.Args {
		given, isGiven := f.BuildArgs[kv.Key]
		global, isGlobal := meta.arg[kv.Key]
		_, isSet := s.arg[kv.Key]
		switch {
		case isGiven:
			s.assign(s.arg, kv.Key, script.Text(given))
		case kv.Value != nil:
			s.assign(s.arg, kv.Key, f.expand(*kv.Value, *s))
		case isGlobal:
			s.assign(s.arg, kv.Key, global)
		case !isSet:
			s.unset[kv.Key] = "ARG " + kv.Key + " has no default"
		}
	}
}

// set adds the variables of an ENV. All are expanded before any is set.
func (f *File) set(c *instructions.EnvCommand, s *scope) {
	values := make([]script.Value, len(c.Env))
	for i, kv := range c.Env {
		values[i] = f.expand(kv.Value, *s)
	}
	for i, kv := range c.Env {
		s.assign(s.env, kv.Key, values[i])
	}
}

// maxVars is how many names of variables a value keeps that went into it.
const maxVars = 100

// assign sets a variable in vars, which is s.env or s.arg.
func (s *scope) assign(vars map[string]script.Value, name string, v script.Value) {
	v.Vars = append([]string{name}, v.Vars[:min(len(v.Vars), maxVars-1)]...)
	vars[name] = v
	s.longest = max(s.longest, len(v.Text))
	delete(s.unset, name)
}
