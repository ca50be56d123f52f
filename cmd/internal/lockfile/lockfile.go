// Package lockfile finds and reads the lockfile of a command.
package lockfile

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"depfetch/cmd/internal/console"
	"depfetch/fetch/osfile"
	"depfetch/fetch/regular"
	"depfetch/lock"
)

// Default is the lockfile's name unless an option or the environment gives another.
const Default = "deps.lock.toml"

// Usage describes the option that names it.
const Usage = "the lockfile (default $DEPFETCH_LOCK, else " + Default + ")"

// Option is the option --lock of a command that reads one lockfile. It may be given
// once: taking the last one would silently ignore the others.
type Option string

// String implements pflag.Value.
func (o *Option) String() string { return string(*o) }

// Type implements pflag.Value.
func (o *Option) Type() string { return "string" }

// Set implements pflag.Value.
func (o *Option) Set(name string) error {
	switch {
	case name == "":
		return errors.New("a name is missing")
	case *o != "":
		return fmt.Errorf("%s is given already, and one lockfile can be", *o)
	}
	*o = Option(name)
	return nil
}

// Name returns the lockfile's name: that of the option, or else the default.
func Name(option string, getenv func(string) string) string {
	if option != "" {
		return option
	}
	if name := getenv("DEPFETCH_LOCK"); name != "" {
		return name
	}
	return Default
}

// Trees returns the directory of the manifests of unpacked trees that belongs to a
// lockfile: deps.lock.trees for deps.lock.toml.
func Trees(name string) string { return strings.TrimSuffix(name, ".toml") + ".trees" }

// Read reads and parses a lockfile. It does not check it for stale lines and
// against its policy.
func Read(name string) (*lock.File, error) {
	data, err := regular.Read(name, lock.MaxSize)
	if err != nil {
		return nil, Unreadable(name, err)
	}
	return lock.Parse(name, data)
}

// Unreadable returns the error of a lockfile that cannot be read.
func Unreadable(name string, err error) error {
	hint := ""
	if errors.Is(err, fs.ErrNotExist) {
		hint = "name it with --lock FILE or DEPFETCH_LOCK; deplock init starts one"
	}
	return console.Usagef(hint, "cannot read the lockfile %s: %w", name, osfile.Cause(err))
}
