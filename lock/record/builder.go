package record

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Kit is the name of the named context that a recorded build is given: the folder with
// the recording programs.
const Kit = "deplock-record-kit"

// Build is a command line that builds an image from a Dockerfile.
type Build struct {
	// Dockerfile is the name of the file, or "-" for standard input.
	Dockerfile string
	// Name is the name of the file in the folder that is sent to the builder.
	Name string
	// Platforms are the platforms in the command line, as it writes them.
	Platforms []string

	args     []string
	verb     int      // the index behind the word build
	builder  []string // the options that choose the builder
	buildctl bool
	file     []int  // the indexes of the option that names the Dockerfile or its folder
	context  string // of the build
}

// ParseBuild reads a command line of docker build, docker buildx build, podman build,
// buildah build or buildctl build. It returns nil for every other. The error is of a
// build whose Dockerfile is not known here.
func ParseBuild(args []string) (*Build, error) {
	if len(args) == 0 {
		return nil, nil
	}
	b := &Build{args: args}
	program := strings.TrimSuffix(filepath.Base(args[0]), ".exe")
	verbs, ok := map[string][]string{
		"docker":   {"build", "buildx build", "buildx b", "image build", "builder build"},
		"podman":   {"build", "buildx build", "image build"},
		"buildah":  {"build", "bud"},
		"buildctl": {"build"},
	}[program]
	if !ok || !b.findVerb(verbs) {
		return nil, nil
	}
	if slices.Contains(args[b.verb:], "--help") {
		return nil, nil
	}
	if b.buildctl = program == "buildctl"; b.buildctl {
		return b, b.readBuildctl()
	}
	return b, b.readDocker(program)
}

// BuildsBy returns the name of the program for images that a command line calls, perhaps
// within another command, or "". Its builds are recorded only if ParseBuild knows the
// command line.
func BuildsBy(args []string) string {
	for _, a := range args {
		for word := range strings.FieldsSeq(a) {
			switch name := strings.TrimSuffix(filepath.Base(word), ".exe"); name {
			case "docker", "docker-compose", "podman", "buildah", "buildctl", "nerdctl":
				return name
			}
		}
	}
	return ""
}

// Own code reads the options, since new ones may come with any release of a builder: one
// that is not known counts as an option with a value, where pflag would refuse it.
const (
	// globalValues are the options before the word build that take a value.
	globalValues = " --config --context -c --host -H --log-level -l --tlscacert --tlscert --tlskey --builder" +
		" --connection --url --identity --root --runroot --storage-driver --storage-opt --cgroup-manager --events-backend" +
		" --tmpdir --runtime --registries-conf --registries-conf-dir --cgroup-parent --addr --log-format --tlsservername --tlsdir --timeout "
	// buildSwitches are the options after it that take none.
	buildSwitches = " --check --load --no-cache --pull --push --quiet -q --debug -D --rm --force-rm --compress --squash --help" +
		" --disable-content-trust --all-platforms --layers --no-hostname --no-hosts --pull-always --pull-never --squash-all --stdin" +
		" --tls-verify --skip-unused-stages --identity-label --omit-history --disable-compression --inherit-labels --save-stages --http-proxy "
)

// findVerb sets verb to the index after one of the verbs. It reports whether there is
// one.
func (b *Build) findVerb(verbs []string) bool {
	said := ""
	for i := 1; i < len(b.args); i++ {
		a := b.args[i]
		switch {
		case strings.HasPrefix(a, "-"):
			if strings.Contains(globalValues, " "+a+" ") {
				i++
			}
			continue
		case said != "":
			said += " "
		}
		if said += a; slices.Contains(verbs, said) {
			b.verb = i + 1
			return true
		}
		if !slices.ContainsFunc(verbs, func(v string) bool { return strings.HasPrefix(v, said+" ") }) {
			return false
		}
	}
	return false
}

// option is an option of a command line.
type option struct {
	name, value string
	at, behind  int // the range of its arguments
}

// options returns the options and the other arguments after the verb.
func (b *Build) options() (options []option, others []string) {
	for i := b.verb; i < len(b.args); i++ {
		a := b.args[i]
		o := option{name: a, at: i}
		next := func() {
			if i+1 < len(b.args) {
				i++
				o.value = b.args[i]
			}
		}
		switch {
		case a == "--":
			return options, append(others, b.args[i+1:]...)
		case a == "-" || !strings.HasPrefix(a, "-"):
			others = append(others, a)
			continue
		case strings.HasPrefix(a, "--") || b.buildctl:
			name, value, ok := strings.Cut(a, "=")
			o.name, o.value = name, value
			if !ok && !strings.Contains(buildSwitches, " "+a+" ") {
				next()
			}
		default: // -qf FILE and -fFILE
			j := 1
			for j < len(a)-1 && strings.Contains(buildSwitches, " -"+a[j:j+1]+" ") {
				j++
			}
			o.name = "-" + a[j:j+1]
			if o.value = strings.TrimPrefix(a[j+1:], "="); o.value == "" && !strings.Contains(buildSwitches, " "+o.name+" ") {
				next()
			}
		}
		o.behind = i + 1
		options = append(options, o)
	}
	return options, others
}

func (b *Build) readDocker(program string) error {
	options, others := b.options()
	file := ""
	for _, o := range options {
		switch o.name {
		case "-f", "--file":
			if b.file != nil {
				return fmt.Errorf("it names several Dockerfiles, which are recorded one by one")
			}
			if o.name == "-f" && !strings.HasPrefix(b.args[o.at], "-f") {
				return fmt.Errorf("%s: write -f by itself", b.args[o.at])
			}
			file, b.file = o.value, []int{o.at, o.behind}
		case "--builder", "--isolation":
			b.builder = append(b.builder, b.args[o.at:o.behind]...)
		case "--platform":
			b.Platforms = append(b.Platforms, strings.Split(o.value, ",")...)
		case "--target":
			if strings.Trim(o.value, "0123456789") == "" && o.value != "" {
				return fmt.Errorf("--target %s counts stages, and a recording adds some: name the stage", o.value)
			}
		}
	}
	switch len(others) {
	case 1:
		b.context = others[0]
	case 0:
		b.context = "."
	default:
		return fmt.Errorf("it has several contexts: %s", strings.Join(others, ", "))
	}
	if b.context == "-" || !isDir(b.context) {
		return fmt.Errorf("its context %s is no folder of this machine, and the Dockerfile is not known here", b.context)
	}
	switch {
	case file == "-":
		b.Dockerfile, b.Name = "-", "Dockerfile"
		return nil
	case file == "" && program != "docker" && exists(filepath.Join(b.context, "Containerfile")):
		file = filepath.Join(b.context, "Containerfile")
	case file == "":
		file = filepath.Join(b.context, "Dockerfile")
	case program != "docker" && !exists(file) && exists(filepath.Join(b.context, file)):
		file = filepath.Join(b.context, file)
	}
	b.Dockerfile, b.Name = file, filepath.Base(file)
	return nil
}

func (b *Build) readBuildctl() error {
	options, _ := b.options()
	folder, frontend := "", ""
	b.Name = "Dockerfile"
	for _, o := range options {
		key, value, _ := strings.Cut(o.value, "=")
		switch strings.TrimLeft(o.name, "-") {
		case "frontend":
			frontend = o.value
		case "local":
			if key == "dockerfile" {
				folder, b.file = value, []int{o.at, o.behind}
			}
		case "opt":
			switch key {
			case "filename":
				b.Name = filepath.Clean("/" + value)[1:]
			case "platform":
				b.Platforms = strings.Split(value, ",")
			case "target":
				if strings.Trim(value, "0123456789") == "" && value != "" {
					return fmt.Errorf("target=%s counts stages, and a recording adds some: name the stage", value)
				}
			}
		}
	}
	switch {
	case frontend != "dockerfile.v0" && frontend != "gateway.v0":
		return fmt.Errorf("it has no --frontend dockerfile.v0")
	case folder == "":
		return fmt.Errorf("it has no --local dockerfile=DIR, and the Dockerfile is not known here")
	}
	b.Dockerfile = filepath.Join(folder, b.Name)
	return nil
}

func isDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// Recorded returns the command line that builds the Dockerfile Name in a folder, with the
// kit in another folder. Everything else is unchanged.
func (b *Build) Recorded(folder, kit string) []string {
	rest := slices.Clone(b.args[b.verb:])
	if b.file != nil {
		rest = slices.Delete(rest, b.file[0]-b.verb, b.file[1]-b.verb)
	}
	args := slices.Clone(b.args[:b.verb])
	if b.buildctl {
		args = append(args, "--local", "dockerfile="+folder)
		args = append(args, buildctlKit(kit)...)
	} else {
		args = append(args, "--file", filepath.Join(folder, b.Name), "--build-context", Kit+"="+kit)
	}
	return append(args, rest...)
}

// Collecting returns the command line with which the same builder builds the
// Dockerfile of the kit into the folder out.
func (b *Build) Collecting(kit, out string) []string {
	args := slices.Clone(b.args[:b.verb])
	if b.buildctl {
		args = append(args, "--frontend", "dockerfile.v0", "--local", "dockerfile="+kit, "--local", "context="+kit)
		return append(args, "--output", "type=local,dest="+out)
	}
	args = append(args, b.builder...)
	return append(args, "--output", "type=local,dest="+out, "--file", filepath.Join(kit, "Dockerfile"), kit)
}

func buildctlKit(kit string) []string {
	return []string{"--local", Kit + "=" + kit, "--opt", "context:" + Kit + "=local:" + Kit}
}
