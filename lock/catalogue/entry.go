package catalogue

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"depfetch/lock"
)

// Entry is one package of a registry.
type Entry struct {
	Name        string `yaml:"name"`
	Description string `yaml:"description"`
	Link        string `yaml:"link"`
	Aliases     []struct {
		Name string `yaml:"name"`
	} `yaml:"aliases"`
	SearchWords       []string          `yaml:"search_words"`
	Private           bool              `yaml:"private"`
	VersionConstraint string            `yaml:"version_constraint"`
	VersionOverrides  []versionOverride `yaml:"version_overrides"`
	settings          `yaml:",inline"`

	at     string   // where it is: see RegistryError
	fault  string   // why it cannot be mapped, or ""
	parsed sync.Map // its templates: see scope
}

// versionOverride are the settings of some versions.
type versionOverride struct {
	VersionConstraint string `yaml:"version_constraint"`
	settings          `yaml:",inline"`
}

// settings are what an entry says of a package, and what the overrides of versions say
// anew. A zero field says nothing.
type settings struct {
	Type                string            `yaml:"type"`
	RepoOwner           string            `yaml:"repo_owner"`
	RepoName            string            `yaml:"repo_name"`
	Asset               string            `yaml:"asset"`
	URL                 string            `yaml:"url"`
	Path                string            `yaml:"path"`
	Format              string            `yaml:"format"`
	Files               []file            `yaml:"files"`
	Replacements        map[string]string `yaml:"replacements"`
	Overrides           []override        `yaml:"overrides"`
	FormatOverrides     []formatOverride  `yaml:"format_overrides"`
	SupportedEnvs       []string          `yaml:"supported_envs"`
	VersionFilter       *string           `yaml:"version_filter"`
	VersionPrefix       *string           `yaml:"version_prefix"`
	VersionSource       string            `yaml:"version_source"`
	Rosetta2            *bool             `yaml:"rosetta2"`
	WindowsARMEmulation *bool             `yaml:"windows_arm_emulation"`
	CompleteWindowsExt  *bool             `yaml:"complete_windows_ext"`
	WindowsExt          string            `yaml:"windows_ext"`
	AppendExt           *bool             `yaml:"append_ext"`
	NoAsset             *bool             `yaml:"no_asset"`
	ErrorMessage        *string           `yaml:"error_message"`
	Checksum            *checksum         `yaml:"checksum"`
	Vars                []variable        `yaml:"vars"`

	Signing `yaml:",inline"`

	// Of what is built from source, which is refused.
	Crate         string    `yaml:"crate"`
	Cargo         yaml.Node `yaml:"cargo"`
	GoVersionPath *string   `yaml:"go_version_path"`
	Build         yaml.Node `yaml:"build"`
}

// Signing is what a registry says of signatures and attestations, as it stands there.
type Signing struct {
	Cosign       yaml.Node `yaml:"cosign"`
	SLSA         yaml.Node `yaml:"slsa_provenance"`
	Minisign     yaml.Node `yaml:"minisign"`
	Attestations yaml.Node `yaml:"github_artifact_attestations"`
}

// override are the settings of some platforms.
type override struct {
	GOOS     string    `yaml:"goos"`
	GOArch   string    `yaml:"goarch"`
	Envs     []string  `yaml:"envs"`
	Variants []variant `yaml:"variants"`
	settings `yaml:",inline"`
}

type variant struct {
	Key   string `yaml:"key"`
	Value string `yaml:"value"`
}

type formatOverride struct {
	GOOS   string `yaml:"goos"`
	Format string `yaml:"format"`
}

// file is a command, and where it lies in the archive.
type file struct {
	Name string `yaml:"name"`
	Src  string `yaml:"src"`
	Dir  string `yaml:"dir"`
	Link string `yaml:"link"`
	Hard bool   `yaml:"hard"`
}

type variable struct {
	Name     string `yaml:"name"`
	Required bool   `yaml:"required"`
	Default  any    `yaml:"default"`
}

type checksum struct {
	Type         string            `yaml:"type"`
	Asset        string            `yaml:"asset"`
	URL          string            `yaml:"url"`
	FileFormat   string            `yaml:"file_format"`
	Algorithm    string            `yaml:"algorithm"`
	Enabled      *bool             `yaml:"enabled"`
	Replacements map[string]string `yaml:"replacements"`
	Pattern      struct {
		Checksum string `yaml:"checksum"`
		File     string `yaml:"file"`
	} `yaml:"pattern"`
	Signing `yaml:",inline"`
}

// FullName returns the name that tells e from all others of its registry.
func (e *Entry) FullName() string {
	switch {
	case e.Name != "":
		return e.Name
	case e.RepoOwner != "" && e.RepoName != "":
		return e.RepoOwner + "/" + e.RepoName
	}
	return e.Path // of a Go package
}

// bad returns the error that e cannot be used as it stands.
func (e *Entry) bad(format string, args ...any) error {
	return &RegistryError{At: e.at, Entry: e.FullName(), Msg: fmt.Sprintf(format, args...)}
}

// names returns all names of e, the full one first.
func (e *Entry) names() []string {
	names := []string{e.FullName()}
	for _, a := range e.Aliases {
		names = append(names, a.Name)
	}
	return names
}

// Page returns the address of a page about e, or "".
func (e *Entry) Page() string {
	if e.Link == "" && e.RepoOwner != "" {
		return "https://github.com/" + e.RepoOwner + "/" + e.RepoName
	}
	return e.Link
}

// Commands returns the names of the commands that some version of e has.
func (e *Entry) Commands() []string {
	var names []string
	bare := false
	add := func(files []file) {
		bare = bare || len(files) == 0
		for _, f := range files {
			names = append(names, f.Name)
		}
	}
	scopes := []*settings{&e.settings}
	for i := range e.VersionOverrides {
		scopes = append(scopes, &e.VersionOverrides[i].settings)
	}
	for _, s := range scopes {
		add(s.Files)
		for _, o := range s.Overrides {
			if o.Files != nil {
				add(o.Files)
			}
		}
	}
	if bare && len(names) == 0 {
		names = append(names, e.command())
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// downloads reports whether some version of e is a download.
func (e *Entry) downloads() bool {
	types := []string{e.Type}
	for _, v := range e.VersionOverrides {
		types = append(types, v.Type)
	}
	return slices.ContainsFunc(types, func(t string) bool {
		return slices.Contains([]string{typeRelease, typeHTTP, typeContent, typeArchive}, t)
	})
}

// command returns the name of the command of a version that lists no files.
func (e *Entry) command() string {
	if e.Name == "" && e.RepoName != "" {
		return e.RepoName
	}
	return path.Base(e.FullName())
}

// variants returns the values of libc that e tells apart.
func (e *Entry) variants() []string {
	var values []string
	add := func(overrides []override) {
		for _, o := range overrides {
			for _, v := range o.Variants {
				if v.Key == "libc" {
					values = append(values, v.Value)
				}
			}
		}
	}
	add(e.Overrides)
	for _, v := range e.VersionOverrides {
		add(v.Overrides)
	}
	slices.Sort(values)
	return slices.Compact(values)
}

// machine is what a registry is evaluated for.
type machine struct {
	platform     lock.Platform
	goos, goarch string
	libc         string // "glibc", "musl" or ""
}

func machineOf(p lock.Platform, libc string) machine {
	parts := strings.Split(p.String(), "/")
	m := machine{platform: p, goos: parts[0], goarch: parts[1]}
	if m.goos == "linux" {
		m.libc = libc
	}
	return m
}

func (m machine) env() string { return m.goos + "/" + m.goarch }
