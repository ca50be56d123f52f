package sync

import (
	"bytes"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"depfetch/lock"
	"depfetch/lock/dockerfile"
)

// Source says where a RUN gets depfetch and the lockfile from.
type Source struct {
	From string // an image or a named context that holds /depfetch
	// Vendor is the folder of the build context that holds the programs, or empty.
	// If it is set, they are copied from there and From is not used.
	Vendor string
	Lock   string // the path of the lockfile in the build context
}

// Binary returns the name of the program for a platform in the folder of Vendor.
func Binary(p lock.Platform) string { return dockerfile.ProgramName(stageName, string(p)) }

const (
	stageName  = "depfetch"       // of the stage with the vendored program
	buildStage = "depfetch-build" // of the same for stages on the build platform
)

// Edit returns the Dockerfile with all instructions adopted that Judge adopts.
func (r *Reading) Edit(s Source, pins Pins) []byte {
	var edits []dockerfile.Edit
	stages := make(map[string]string) // the names, by the platform as FROM writes it
	vendored := false
	for _, run := range r.Runs {
		if run.Adopted() {
			vendored = vendored || s.Vendor != "" && run.source == stageName && !r.File.Numbered()
			continue
		}
		if !run.Judge(pins).Adopt {
			continue
		}
		from := s.From
		if s.Vendor != "" {
			from, vendored = stageName, true
		}
		if p := run.Stage.Root().Platform; !targets(p) {
			from = foreign(p)
			stages[p] = from
		}
		edits = append(edits, r.mount(run, from, s.Lock))
	}
	for _, a := range r.Adds {
		if v := a.Judge(pins); v.Adopt {
			if e, ok := r.checksum(a, pins); ok {
				edits = append(edits, e)
			}
		}
	}
	if e, ok := r.stages(s, stages, vendored); ok {
		edits = append(edits, e)
	}
	if s.Vendor != "" {
		edits = append(edits, r.contextStages(s)...)
	}
	return dockerfile.Apply(r.File.Data, edits)
}

// targets reports whether a platform, as FROM writes it, is the target platform.
func targets(platform string) bool {
	return platform == "" || strings.Contains(platform, "TARGETPLATFORM")
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// foreign returns the name of the stage that holds depfetch for another platform than
// the target platform.
func foreign(platform string) string {
	if strings.Contains(platform, "BUILDPLATFORM") {
		return buildStage
	}
	name := notInNames.ReplaceAllString(strings.ToLower(platform), "-")
	return stageName + "-" + strings.Trim(name, "-")
}

// mount returns the edit that mounts depfetch and the lockfile into a RUN.
func (r *Reading) mount(run *Run, from, lockfile string) dockerfile.Edit {
	at := run.Instruction.Operands()
	more := " " + string(r.File.Escape()) + r.eol(at) + "    "
	var b strings.Builder
	for _, tool := range run.Tools() {
		if !slices.Contains(run.Mounted, tool) {
			fmt.Fprintf(&b, "--mount=type=bind,from=%s,source=depfetch,target=%s/%s%s", from, run.Dir, tool, more)
		}
	}
	if !run.Lock {
		fmt.Fprintf(&b, "--mount=type=bind,source=%s,target=%s%s", lockfile, LockTarget, more)
	}
	return dockerfile.Edit{Start: at, End: at, Text: b.String()}
}

// eol returns the end of the line that an offset is in. The last line may have none, and
// then ends like the others.
func (r *Reading) eol(at int) string {
	data := r.File.Data
	i := bytes.IndexByte(data[at:], '\n')
	if i > 0 && data[at+i-1] == '\r' || i < 0 && bytes.Contains(data, []byte("\r\n")) {
		return "\r\n"
	}
	return "\n"
}

// checksum returns the edit that gives an ADD the pinned checksum, if it needs one.
func (r *Reading) checksum(a *Add, pins Pins) (dockerfile.Edit, bool) {
	pin, _ := pins.Pin(a.Request.URL)
	want := "sha256:" + pin.Digest.String()
	switch {
	case a.Checksum == want:
		return dockerfile.Edit{}, false
	case a.Checksum != "":
		text := r.File.Data[a.Instruction.Start:a.Instruction.End]
		i := bytes.Index(text, []byte("--checksum="+a.Checksum))
		if i < 0 {
			return dockerfile.Edit{}, false // it is in a variable
		}
		i += a.Instruction.Start + len("--checksum=")
		return dockerfile.Edit{Start: i, End: i + len(a.Checksum), Text: want}, true
	}
	at := a.Instruction.Operands()
	return dockerfile.Edit{Start: at, End: at, Text: "--checksum=" + want + " "}, true
}

// stages returns the edit that adds the stages which adopted RUNs take depfetch from, as
// far as they do not exist.
func (r *Reading) stages(s Source, foreigners map[string]string, vendored bool) (dockerfile.Edit, bool) {
	have := func(name string) bool {
		return slices.ContainsFunc(r.File.Stages, func(st *dockerfile.Stage) bool { return strings.EqualFold(st.Name, name) })
	}
	at := r.File.Stages[0].From.Start
	eol := r.eol(at)
	var b strings.Builder
	if vendored && !have(stageName) {
		b.WriteString(s.copied(stageName, "$TARGETPLATFORM", eol))
	}
	for _, p := range slices.Sorted(maps.Keys(foreigners)) {
		switch name := foreigners[p]; {
		case have(name):
		case s.Vendor == "":
			fmt.Fprintf(&b, "FROM --platform=%s %s AS %s%s", p, s.From, name, eol)
		default:
			b.WriteString(s.copied(name, p, eol))
		}
	}
	return dockerfile.Edit{Start: at, End: at, Text: b.String()}, b.Len() > 0
}

// copied returns the stage that copies depfetch for a platform, as FROM writes it, from
// the build context.
func (s Source) copied(name, platform, eol string) string {
	head := "FROM scratch AS " + name + eol
	for _, arch := range []string{"TARGET", "BUILD"} {
		if strings.Contains(platform, arch+"PLATFORM") {
			return head + fmt.Sprintf("ARG %sARCH %sVARIANT%sCOPY %s/depfetch-linux-$%sARCH$%sVARIANT /depfetch%s", arch, arch, eol, s.Vendor, arch, arch, eol)
		}
	}
	return head + fmt.Sprintf("COPY %s/depfetch-linux-%s /depfetch%s", s.Vendor, strings.Join(strings.Split(platform, "/")[1:], ""), eol)
}

// contextStages returns the edits that replace the stages which take depfetch for
// another platform from a named context by stages that copy it.
func (r *Reading) contextStages(s Source) []dockerfile.Edit {
	var edits []dockerfile.Edit
	for _, m := range oursStage.FindAllSubmatchIndex(r.File.Data, -1) {
		text := func(i int) string { return string(r.File.Data[m[2*i]:m[2*i+1]]) }
		ours := slices.ContainsFunc(r.File.Stages, func(st *dockerfile.Stage) bool {
			return st.From.Start == m[0] && st.Name == text(3) && text(2) == stageName && foreign(text(1)) == text(3)
		})
		if ours {
			edits = append(edits, dockerfile.Edit{Start: m[0], End: m[1], Text: s.copied(text(3), text(1), r.eol(m[0]))})
		}
	}
	return edits
}

// What Edit inserts.
var (
	oursMount = regexp.MustCompile("--mount=type=bind,from=[^,\\s]+,source=depfetch,target=/[^,\\s]*/(?:curl|wget) [\\\\`]\r?\n    ")
	oursLock  = regexp.MustCompile("--mount=type=bind,source=[^,\\s]+,target=/deps\\.lock\\.toml [\\\\`]\r?\n    ")
	// oursStage has the platform, the image or context, and the name of the stage.
	oursStage = regexp.MustCompile(`(?m)^FROM --platform=(\S+) (\S+) AS (depfetch-[a-z0-9-]+)\r?\n`)
	oursCopy  = regexp.MustCompile(`(?m)^FROM scratch AS depfetch(?:-[a-z0-9-]+)?\r?\n(?:ARG (?:TARGET|BUILD)ARCH (?:TARGET|BUILD)VARIANT\r?\n)?COPY \S+/depfetch-linux-\S+ /depfetch\r?\n`)
)

// Undo returns the Dockerfile without what Edit has inserted. The checksum of an ADD is
// removed if it is the one in the lockfile.
func (r *Reading) Undo(pins Pins) []byte {
	f := r.File
	var edits []dockerfile.Edit
	remove := func(start, end int) { edits = append(edits, dockerfile.Edit{Start: start, End: end}) }
	for _, s := range f.Stages {
		for _, in := range s.Instructions {
			if _, ok := in.Command.(*instructions.RunCommand); !ok {
				continue
			}
			text := f.Data[in.Start:in.End]
			mounts := oursMount.FindAllIndex(text, -1)
			if len(mounts) == 0 {
				continue
			}
			for _, m := range append(mounts, oursLock.FindAllIndex(text, -1)...) {
				remove(in.Start+m[0], in.Start+m[1])
			}
		}
	}
	for _, a := range r.Adds {
		if a.Request == nil {
			continue
		}
		pin, ok := pins.Pin(a.Request.URL)
		start := a.Instruction.Start
		flag := []byte("--checksum=sha256:" + pin.Digest.String() + " ")
		if i := bytes.Index(f.Data[start:a.Instruction.End], flag); ok && i >= 0 {
			remove(start+i, start+i+len(flag))
		}
	}
	for _, form := range []*regexp.Regexp{oursStage, oursCopy} {
		for _, m := range form.FindAllIndex(f.Data, -1) {
			remove(m[0], m[1])
		}
	}
	return dockerfile.Apply(f.Data, edits)
}
