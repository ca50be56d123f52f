package dockerfile

import (
	"maps"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"depfetch/lock"
	"depfetch/lock/dockerfile/script"
)

// scope holds what the variables of a stage stand for.
type scope struct {
	env, arg map[string]script.Value
	// unset says of variables that have no value why that is.
	unset map[string]string
	// longest is how long a value of it may be.
	longest int
}

// The bounds of what a word of an instruction stands for, in bytes, and of what it
// may come to on the way.
const (
	maxWord      = 1 << 15
	maxExpansion = 1 << 18
)

func newScope() scope {
	return scope{make(map[string]script.Value), make(map[string]script.Value), make(map[string]string), 0}
}

func (s scope) clone() scope {
	return scope{maps.Clone(s.env), maps.Clone(s.arg), maps.Clone(s.unset), s.longest}
}

func (s scope) get(name string) (script.Value, bool) {
	if v, ok := s.env[name]; ok {
		return v, true
	}
	v, ok := s.arg[name]
	return v, ok
}

// vars returns the variables as a shell has them.
func (s scope) vars() map[string]script.Value {
	all := maps.Clone(s.arg)
	maps.Copy(all, s.env)
	return all
}

// lookups is the EnvGetter of one expansion; it notes what is asked for.
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
		return "$PATH", true // each image has one
	}
	return v.Text, ok
}

func (l *lookups) Keys() []string {
	return slices.Collect(maps.Keys(l.vars()))
}

// expand expands a word of an instruction.
func (f *File) expand(word string, s scope) script.Value {
	if len(word) > maxWord || len(word)+strings.Count(word, "$")*s.longest > maxExpansion {
		return script.Unknown(word[:min(len(word), 80)]+"…", "it is too long")
	}
	if !strings.ContainsAny(word, "$'\"\\`") {
		return script.Text(word)
	}
	l := &lookups{scope: s}
	r, err := f.lexer().ProcessWordWithMatches(word, l)
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

// hasAlternative reports whether a word says what to take if a variable is unset.
func hasAlternative(word, name string) bool {
	for _, op := range []string{":-", "-", ":+", "+"} {
		if strings.Contains(word, "${"+name+op) {
			return true
		}
	}
	return false
}

// meta returns the scope of FROM lines, on a platform.
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

// declare adds the variables of an ARG. meta is what stands before the first FROM.
func (f *File) declare(c *instructions.ArgCommand, s *scope, meta scope) {
	for _, kv := range c.Args {
		given, ok := f.BuildArgs[kv.Key]
		switch {
		case ok:
			v := script.Text(given)
			v.Vars = []string{kv.Key}
			s.arg[kv.Key] = v
			s.longest = max(s.longest, len(v.Text))
			delete(s.unset, kv.Key)
		case kv.Value != nil:
			v := f.expand(*kv.Value, *s)
			v.Vars = capped(append([]string{kv.Key}, v.Vars...))
			s.arg[kv.Key] = v
			s.longest = max(s.longest, len(v.Text))
			delete(s.unset, kv.Key)
		case meta.arg != nil:
			if v, ok := meta.arg[kv.Key]; ok {
				v.Vars = capped(append([]string{kv.Key}, v.Vars...))
				s.arg[kv.Key] = v
				s.longest = max(s.longest, len(v.Text))
				continue
			}
			fallthrough
		default:
			if _, ok := s.arg[kv.Key]; !ok {
				s.unset[kv.Key] = "ARG " + kv.Key + " has no default"
			}
		}
	}
}

// set adds the variables of an ENV: all are expanded before any is set.
func (f *File) set(c *instructions.EnvCommand, s *scope) {
	values := make([]script.Value, len(c.Env))
	for i, kv := range c.Env {
		values[i] = f.expand(kv.Value, *s)
	}
	for i, kv := range c.Env {
		v := values[i]
		s.longest = max(s.longest, len(v.Text))
		v.Vars = capped(append([]string{kv.Key}, v.Vars...))
		s.env[kv.Key] = v
		delete(s.unset, kv.Key)
	}
}

// capped returns the first of the names of variables that went into a value.
func capped(names []string) []string { return names[:min(len(names), 100)] }
