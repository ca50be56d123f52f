package record

import (
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"depfetch/lock/dockerfile"
)

// Where a RUN of a recorded build finds the recording.
const (
	Here    = "/.deplock-record"  // the folder with the files of the kit, read-only
	Journal = "/.deplock-journal" // the folder with the journals, a cache mount
)

// stage is the name of the stage that holds the recording program.
const stage = "deplock-record"

// folders are where the recording programs are mounted: in the second folder, which comes
// first in the PATH of images, if depfetch is mounted in the first.
var folders = []string{"/usr/local/bin", "/usr/local/sbin"}

// Recipe is a Dockerfile for a recording.
type Recipe struct {
	Text []byte
	// Target and Build say that there are RUNs on the target platform and on the
	// build platform. Platforms are the other platforms with RUNs.
	Target, Build bool
	Platforms     []string
}

// Mounted returns a Dockerfile with the recording programs mounted as curl and wget into
// every RUN. The cache mount with the journal has the given id. Stages are added before
// the first one, so the numbers of stages change; all else stays as it is. It is an
// error if the platform of a stage is not known.
func Mounted(f *dockerfile.File, id string) (*Recipe, error) {
	r := &recipe{names: make(map[string]string)}
	for _, s := range f.Stages {
		for _, in := range s.Instructions {
			if c, ok := in.Command.(*instructions.RunCommand); ok {
				from, err := r.stage(s)
				if err != nil {
					return nil, fmt.Errorf("%s:%d: %w", f.Name, f.Position(s.From.Start).Line, err)
				}
				at := in.Operands()
				r.edits = append(r.edits, dockerfile.Edit{Start: at, End: at, Text: mounts(c, f.Data[at:in.End], from, id)})
			}
		}
	}
	if len(r.stages) == 0 {
		return &Recipe{Text: f.Data}, nil
	}
	for _, s := range f.Stages {
		for _, in := range s.Instructions {
			c, ok := in.Command.(*instructions.CopyCommand)
			if !ok {
				continue
			}
			n, err := strconv.Atoi(c.From)
			m := copyFrom.FindSubmatchIndex(f.Data[in.Start:in.End])
			if err == nil && m != nil && n < len(f.Stages) {
				r.edits = append(r.edits, dockerfile.Edit{Start: in.Start + m[2], End: in.Start + m[3], Text: strconv.Itoa(n + len(r.stages))})
			}
		}
	}
	at := f.Stages[0].From.Start
	r.edits = append(r.edits, dockerfile.Edit{Start: at, End: at, Text: strings.Join(r.stages, "")})
	r.Text = dockerfile.Apply(f.Data, r.edits)
	return &r.Recipe, nil
}

// recipe builds a Recipe.
type recipe struct {
	Recipe
	names  map[string]string // of the stages with the program, by the platform as FROM writes it
	stages []string
	edits  []dockerfile.Edit
}

// stage returns the name of the stage that holds the program for the platform of s. It
// adds that stage if there is none.
func (r *recipe) stage(s *dockerfile.Stage) (string, error) {
	platform := s.Root().Platform
	if strings.Contains(platform, "TARGETPLATFORM") {
		platform = ""
	}
	if name := r.names[platform]; name != "" {
		return name, nil
	}
	args, program := "", ""
	switch {
	case platform == "":
		r.Target = true
		args, program = "ARG TARGETARCH\nARG TARGETVARIANT\n", Program("linux/$TARGETARCH")+"$TARGETVARIANT"
	case strings.Contains(platform, "BUILDPLATFORM"):
		r.Build = true
		args, program = "ARG BUILDARCH\nARG BUILDVARIANT\n", Program("linux/$BUILDARCH")+"$BUILDVARIANT"
	case strings.Contains(platform, "$"):
		return "", fmt.Errorf("which program records in a stage with --platform=%s is not known; write the platform, $BUILDPLATFORM or $TARGETPLATFORM", platform)
	default:
		r.Platforms = append(r.Platforms, platform)
		program = Program(platform)
	}
	name := stage
	if n := len(r.stages); n > 0 {
		name += "-" + strconv.Itoa(n)
	}
	r.names[platform] = name
	r.stages = append(r.stages, fmt.Sprintf("FROM scratch AS %s\n%sCOPY --from=%s %s /deplock\nCOPY --from=%s record /record\n", name, args, Kit, program, Kit))
	return name, nil
}

// mounts returns the flags for a RUN.
func mounts(c *instructions.RunCommand, text []byte, from, id string) string {
	taken := make(map[string]bool)
	for _, m := range dockerfile.Mounts(c) {
		taken[path.Clean("/"+m.Target)] = true
	}
	var b strings.Builder
	program := func(target string) {
		taken[target] = true
		fmt.Fprintf(&b, "--mount=type=bind,from=%s,source=deplock,target=%s ", from, target)
	}
	for _, tool := range []string{"curl", "wget"} {
		for _, folder := range folders {
			if target := folder + "/" + tool; !taken[target] {
				program(target)
				break
			}
		}
	}
	if !installs.Match(text) {
		for _, m := range absolute.FindAllSubmatch(text, -1) {
			if target := string(m[1]); !taken[target] {
				program(target)
			}
		}
	}
	fmt.Fprintf(&b, "--mount=type=bind,from=%s,source=record,target=%s ", from, Here)
	fmt.Fprintf(&b, "--mount=type=cache,id=%s,target=%s,mode=0777 ", id, Journal)
	return b.String()
}

// A program that is called by its path is mounted over, unless a package manager may
// install it there.
var (
	absolute = regexp.MustCompile(`(?:^|[^\w./-])((?:/usr)?/bin/(?:curl|wget))(?:[^\w./-]|$)`)
	installs = regexp.MustCompile(`\b(?:apt|apt-get|aptitude|dpkg|apk|dnf|microdnf|tdnf|yum|rpm|zypper|pacman|emerge|opkg)\b`)
)

// copyFrom matches the number of a stage in a COPY. Mounts cannot use numbers.
var copyFrom = regexp.MustCompile(`--from="?(\d+)"?\s`)

// Program returns the file name of the recording program for a platform in the kit.
func Program(platform string) string {
	return dockerfile.ProgramName("deplock", platform)
}

// Collector returns a Dockerfile whose build copies the journal out of the cache mount
// with an id and empties that. Its context is the kit. The id is an argument of the
// command too, since the builder's cache does not distinguish cache mounts by their ids.
func Collector(id string) []byte {
	return fmt.Appendf(nil, `FROM --platform=$BUILDPLATFORM scratch AS collect
ARG BUILDARCH
ARG BUILDVARIANT
COPY %s$BUILDVARIANT /deplock
RUN --mount=type=cache,id=%s,target=%s,mode=0777 ["/deplock", "record-collect", "%s", "/out", "%s"]
FROM scratch
COPY --from=collect /out /
`, Program("linux/$BUILDARCH"), id, Journal, Journal, id)
}
