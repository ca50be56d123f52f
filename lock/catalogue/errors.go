package catalogue

import (
	"fmt"
	"strings"

	"depfetch/lock"
)

// UnknownError reports a name that no registry has.
type UnknownError struct {
	Name string
	Near []string // full names that are like it
}

func (e *UnknownError) Error() string {
	s := fmt.Sprintf("%s is in no catalogue", e.Name)
	switch len(e.Near) {
	case 0:
	case 1:
		s += "; did you mean " + e.Near[0] + "?"
	default:
		s += "; like it are " + strings.Join(e.Near, ", ")
	}
	return s
}

// AmbiguousError reports a name that several entries have.
type AmbiguousError struct {
	Name    string
	Entries []*Entry
}

func (e *AmbiguousError) Error() string {
	s := fmt.Sprintf("%s is the name of several tools", e.Name)
	for _, entry := range e.Entries {
		s += strings.TrimRight(fmt.Sprintf("\n%s  %s", entry.FullName(), entry.Description), " ")
	}
	return s
}

// RegistryError reports an entry that cannot be used as it stands.
type RegistryError struct {
	At    string // the registry and the line in it; of one without lines, its name alone
	Entry string
	Msg   string
}

func (e *RegistryError) Error() string { return e.At + ": " + e.Entry + ": " + e.Msg }

// NoFileError reports a version of which there is nothing to download.
type NoFileError struct{ Entry, Version, Why string }

func (e *NoFileError) Error() string { return fmt.Sprintf("%s %s: %s", e.Entry, e.Version, e.Why) }

// BuildError reports an entry that is not a download.
type BuildError struct{ Entry, Type string }

func (e *BuildError) Error() string {
	return fmt.Sprintf("%s is built from source (%s), so there is nothing to download", e.Entry, e.Type)
}

// PlatformError reports platforms for which there is no download, by the registry.
type PlatformError struct {
	Entry, Version string
	Platforms      []lock.Platform
}

func (e *PlatformError) Error() string {
	names := make([]string, len(e.Platforms))
	for i, p := range e.Platforms {
		names[i] = p.String()
	}
	return fmt.Sprintf("%s %s: the catalogue lists no file for %s", e.Entry, e.Version, strings.Join(names, ", "))
}

// FileError reports a command that an entry does not have.
type FileError struct {
	Entry, Name string
	Commands    []string
}

func (e *FileError) Error() string {
	return fmt.Sprintf("%s has no command %s: it has %s", e.Entry, e.Name, strings.Join(e.Commands, ", "))
}

// TemplateError reports an entry whose addresses no template of a lockfile can say.
type TemplateError struct {
	Entry, Version, Why string
	// URL and Platform are of a dependency that comes nearest: a template for some
	// of the platforms.
	URL       string
	Locked    string // the version, as the lockfile has it
	Platforms []lock.Platform
}

func (e *TemplateError) Error() string {
	return fmt.Sprintf("%s %s cannot be written as one dependency: %s", e.Entry, e.Version, e.Why)
}

// VersionError reports a version that upstream does not write so.
type VersionError struct{ Entry, Version string }

func (e *VersionError) Error() string {
	return fmt.Sprintf("%s: %s is not a version of it by the catalogue", e.Entry, e.Version)
}
