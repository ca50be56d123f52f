package export

import (
	"bytes"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"depfetch/fetch/printable"
	"depfetch/lock"
)

// Dockerfile writes what a lockfile pins as stages of a Dockerfile that a stock
// BuildKit builds: of the last one, deps, COPY --from=deps / / takes what depfetch
// would have placed. It writes no stage for what it cannot express, and says so.
type Dockerfile struct {
	Lockfile  string          // the name that is printed
	Syntax    string          // the image of a syntax line; none if empty
	Platforms []lock.Platform // what stages are for, in their order; none if all lines are of [lock.Any]
	Deps      []*lock.Dep
	Pins      []lock.Pin // of urls
}

// StagePlatforms returns the platforms that a lockfile asks for or has lines for.
func StagePlatforms(f *lock.File) []lock.Platform {
	platforms := slices.Clone(f.Platforms)
	add := func(p lock.Platform) {
		if p != lock.Any && !slices.Contains(platforms, p) {
			platforms = append(platforms, p)
		}
	}
	for _, d := range f.Deps {
		for _, p := range d.Platforms {
			add(p)
		}
		for _, l := range d.Locked {
			add(l.Platform)
		}
	}
	return platforms
}

// Write writes the Dockerfile. The same lockfile makes the same text. It returns what
// is left out, and why; the text has comments that say the same, and what else differs.
func (d Dockerfile) Write(w io.Writer) (left []string, err error) {
	f := &stages{deps: d.Deps, names: map[string]bool{"deps": true}, ofLine: make(map[stageKey]string)}
	var images bytes.Buffer
	if len(d.Platforms) == 0 {
		f.image(&images, "deps", lock.Any, d.Deps)
	} else {
		for _, p := range d.Platforms {
			f.names[platformStage(p)] = true
		}
		for _, p := range d.Platforms {
			f.image(&images, platformStage(p), p, d.Deps)
		}
		images.WriteString("\n" + lastStage)
	}
	var b bytes.Buffer
	if d.Syntax != "" {
		fmt.Fprintf(&b, "# syntax=%s\n", d.Syntax)
	}
	fmt.Fprintf(&b, header, printable.String(d.Lockfile), f.needs())
	if len(d.Pins) > 0 {
		b.WriteString("#\n")
		if err := AddPins(&b, d.Pins); err != nil {
			return nil, err
		}
	}
	if f.archives.Len() > 0 {
		b.WriteString("\n" + archivesHeader)
	}
	f.archives.WriteTo(&b)
	images.WriteTo(&b)
	_, err = b.WriteTo(w)
	return append(f.left, LeftPins(d.Pins)...), err
}

const header = `# What %s pins, for COPY --from=deps / / without depfetch:
# written by deplock export --format dockerfile, for %s.
#
# Files, modes and owners are those of depfetch fetch, but for what is said below. Not so:
#   - times: a file is as old as Last-Modified says, or of 1970, what comes out of an
#     archive as old as there, folders that lead to it as old as the build;
#     SOURCE_DATE_EPOCH as a build argument is the time of all
#   - extended attributes that an archive has are kept
#   - an address is asked once, without retries, mirrors, logins, headers and rewriting
#   - hosts that policy allows are those below; nothing holds for where they redirect to
#   - nothing limits what comes out of an archive, and none is refused: special bits, links
#     that lead out, a second file of one name
`

const archivesHeader = `# WORKDIR fails where ADD has not unpacked. ADD tells a tar from its bytes, and runs
# xz for one that xz has compressed.
`

// lastStage names a stage by what BuildKit says of the target.
const lastStage = `# A platform without a stage is not locked. BuildKit then looks for an image of that name.
FROM deps-${TARGETOS}-${TARGETARCH}${TARGETVARIANT} AS deps
`

// platformStage returns the name of the stage for a platform.
func platformStage(p lock.Platform) string { return "deps-" + stageSuffix(p) }

func stageSuffix(p lock.Platform) string {
	elems := strings.SplitN(p.String(), "/", 2)
	return elems[0] + "-" + strings.ReplaceAll(elems[1], "/", "")
}

// stages are those of a Dockerfile under way.
type stages struct {
	deps     []*lock.Dep
	archives bytes.Buffer // the stages that unpack
	names    map[string]bool
	ofLine   map[stageKey]string // the last stage of what is unpacked
	parents  bool                // COPY --parents is used
	left     []string
}

// stageKey says what is unpacked: the line of a dependency for a platform, or for all.
type stageKey struct {
	dep      string
	platform lock.Platform
}

// needs returns the version of the frontend that the text needs.
func (f *stages) needs() string {
	switch {
	case f.parents:
		return "Dockerfile 1.20, as BuildKit 0.26 has it"
	case f.archives.Len() > 0:
		return "Dockerfile 1.17, as BuildKit 0.23 has it"
	}
	return "Dockerfile 1.6, as BuildKit 0.12 has it"
}

// image writes the stage that holds what is pinned for a platform.
func (f *stages) image(w *bytes.Buffer, name string, p lock.Platform, deps []*lock.Dep) {
	fmt.Fprintf(w, "\nFROM scratch AS %s\n", name)
	made := map[string]bool{"/": true}
	for _, d := range deps {
		line, ok := d.Line(p)
		why := "not locked for " + p.String()
		if ok {
			why = notStaged(Line{d, line})
		} else if p == lock.Any {
			why = "nothing is locked for it"
		}
		if why != "" {
			fmt.Fprintf(w, "# %s: left out: %s\n", d.Name, printable.String(why))
			text := d.Name + ": left out: " + why
			if !slices.Contains(f.left, text) {
				f.left = append(f.left, text)
			}
			continue
		}
		f.place(w, Line{d, line}, made)
	}
}

// shares reports whether folders of what is unpacked for a dependency may also be those of
// another, which then have the mode of what comes last, and not that of what is made first.
func shares(tree *lock.Dep, deps []*lock.Dep) bool {
	root := strings.TrimSuffix(tree.Path, "/") + "/"
	return slices.ContainsFunc(deps, func(d *lock.Dep) bool {
		if d == tree || d.Path == "" {
			return false
		}
		dir := d.Path
		if d.Unpack == nil {
			dir = path.Dir(dir)
		}
		dir = strings.TrimSuffix(dir, "/") + "/"
		return dir != root && strings.HasPrefix(dir, root) || d.Unpack != nil && strings.HasPrefix(root, dir)
	})
}

// place writes what puts a dependency in its place. Folders of made are there.
func (f *stages) place(w *bytes.Buffer, l Line, made map[string]bool) {
	for _, note := range f.notes(l) {
		fmt.Fprintf(w, "# %s: %s\n", l.Dep.Name, note)
	}
	// Folders that an instruction makes get its --chmod and --chown.
	dir := path.Dir(l.Dep.Path)
	if !made[dir] && (l.Dep.Owner != nil || l.Dep.Unpack == nil && l.Dep.Mode != 0o755) {
		fmt.Fprintf(w, "WORKDIR %s\n", word(dir))
	}
	for ; !made[dir]; dir = path.Dir(dir) {
		made[dir] = true
	}
	var options string
	if l.Dep.Unpack == nil {
		options = fmt.Sprintf(" --chmod=%04o", l.Dep.Mode)
	}
	if l.Dep.Owner != nil {
		options += " --chown=" + l.Dep.Owner.String()
	}
	switch {
	case l.Dep.Unpack != nil:
		from := f.unpacked(l)
		to := strings.TrimSuffix(l.Dep.Path, "/") + "/"
		fmt.Fprintf(w, "COPY --from=%s%s [%s, %s]\n", from, options, quote(contents(l.Dep)), quote(to))
	case !l.Dep.Member.IsZero():
		from := f.unpacked(l)
		member, _ := l.Dep.Expand(l.Dep.Member, l.Platform) // Parse has seen that it expands
		fmt.Fprintf(w, "COPY --from=%s%s [%s, %s]\n", from, options, quote(path.Join(archiveDir, member)), quote(l.Dep.Path))
	default:
		fmt.Fprintf(w, "ADD --checksum=sha256:%s%s [%s, %s]\n", l.Digest, options, quote(l.URL), quote(l.Dep.Path))
	}
}

// archiveDir is where a stage unpacks an archive.
const archiveDir = "/archive"

// contents returns what holds a tree in the last stage of it.
func contents(d *lock.Dep) string {
	switch {
	case d.Unpack.Strip > 0:
		return strings.Repeat("/*", d.Unpack.Strip)
	case len(d.Unpack.Include) > 0:
		return "/"
	}
	return archiveDir + "/"
}

// unpacked returns the name of the stage that holds what an archive does, which it
// writes unless another platform has.
func (f *stages) unpacked(l Line) string {
	key := stageKey{l.Dep.Name, l.Platform}
	if name, ok := f.ofLine[key]; ok {
		return name
	}
	base := stageName(l.Dep.Name)
	if l.Platform != lock.Any {
		base += "-" + stageSuffix(l.Platform)
	}
	last := f.name("archive-" + base)
	// Owners that the archive names are not the lockfile's.
	fmt.Fprintf(&f.archives, "FROM scratch AS %s\nADD --checksum=sha256:%s --unpack=true --chown=0:0 [%s, %s]\nWORKDIR %s\n",
		last, l.Digest, quote(l.URL), quote(archiveDir), archiveDir)
	root := archiveDir
	filter := func(prefix string, globs []string) {
		from := last
		last = f.name(prefix + base)
		f.parents = true
		var words []string
		for _, g := range globs {
			words = append(words, quote(root+"/./"+g))
		}
		fmt.Fprintf(&f.archives, "FROM scratch AS %s\nCOPY --parents --from=%s [%s, \"/\"]\n", last, from, strings.Join(words, ", "))
		root = "" // of that stage
	}
	if u := l.Dep.Unpack; u != nil {
		if len(u.Include) > 0 {
			var globs []string
			for _, g := range u.Include {
				globs = append(globs, included(g, u.Strip)...)
			}
			filter("include-", globs)
		}
		if u.Strip > 0 { // what has no more elements than that is left out
			filter("strip-", []string{strings.Repeat("*/", u.Strip) + "**"})
		}
	}
	f.ofLine[key] = last
	return last
}

// included returns globs of COPY --parents for one of include, which is compared with a
// name both as the archive has it and as it is after strip.
func included(glob string, strip int) []string {
	glob = path.Clean(glob)
	if strip == 0 {
		return []string{glob}
	}
	own := glob
	if !strings.ContainsAny(own, "*?") { // COPY fails where a name without wildcards is not there
		own = "[" + own[:1] + "]" + own[1:]
	}
	return []string{own, strings.Repeat("*/", strip) + glob}
}

// name returns a name for a stage that no other one has.
func (f *stages) name(want string) string {
	name := want
	for i := 2; f.names[name]; i++ {
		name = fmt.Sprintf("%s-%d", want, i)
	}
	f.names[name] = true
	return name
}

// stageName returns the name of a dependency as that of a stage may be.
func stageName(name string) string {
	return strings.ToLower(strings.ReplaceAll(name, "+", "-"))
}

// notes returns what differs for a dependency.
func (f *stages) notes(l Line) (notes []string) {
	d := l.Dep
	if len(d.Mirrors) > 0 {
		notes = append(notes, "its mirrors are not asked")
	}
	if u := d.Unpack; u != nil && u.Replace {
		notes = append(notes, "replace = true does not hold: what the image has there stays, and the folder itself has mode 0755")
	}
	if u := d.Unpack; u != nil && len(u.Include) > 0 {
		notes = append(notes, "folders that lead to what include names have the modes of the archive")
	}
	if d.Unpack != nil && shares(d, f.deps) {
		notes = append(notes, "folders that other dependencies share with it have mode and owner of what is copied last")
	}
	if d.Unpack != nil && l.Unpacked.IsZero() {
		notes = append(notes, "no sum of what comes out is locked, so depfetch may refuse the archive; deplock update "+d.Name+" finds out")
	}
	return notes
}

// notStaged returns why stages cannot do what the lockfile says of a dependency, or "".
func notStaged(l Line) string {
	d := l.Dep
	switch {
	case d.Path == "":
		return "it has no path"
	case !visible(path.Dir(d.Path)):
		return "its path holds characters that cannot be seen"
	case strings.HasPrefix(l.URL, "file:"):
		return "ADD takes no file URL; COPY a file of the build context"
	case isGit(l.URL):
		return "ADD takes an address that ends in .git for a repository"
	case d.Unpack == nil && d.Member.IsZero():
		return ""
	case !isTar(l.URL):
		return "ADD unpacks tar archives alone, and the name does not say that it is one"
	}
	member, _ := d.Expand(d.Member, l.Platform)
	if strings.ContainsAny(member, `*?[\`) {
		return fmt.Sprintf("member = %q may be a glob, and COPY does not hold it to one file; write the name", member)
	}
	if d.Unpack == nil {
		return ""
	}
	var cannot []string
	if len(d.Unpack.Modes) > 0 {
		cannot = append(cannot, "modes")
	}
	if d.Unpack.DropSpecial {
		cannot = append(cannot, "drop_special_bits")
	}
	for _, g := range d.Unpack.Include {
		if !plainGlob(g) {
			cannot = append(cannot, fmt.Sprintf("include = %q", g))
		}
	}
	if len(cannot) > 0 {
		return "ADD and COPY cannot unpack with " + strings.Join(cannot, ", ")
	}
	return ""
}

// visible reports whether WORKDIR can name a folder, and a reader see which.
func visible(dir string) bool {
	return printable.String(dir) == dir && strings.TrimSpace(dir) == dir
}

// isGit reports whether ADD takes an address for that of a git repository.
func isGit(address string) bool {
	address, _, _ = strings.Cut(address, "#")
	address, _, _ = strings.Cut(address, "?")
	return strings.HasSuffix(address, ".git")
}

// plainGlob reports whether COPY --parents reads a glob as the lockfile means it.
func plainGlob(glob string) bool {
	for elem := range strings.SplitSeq(glob, "/") {
		if elem != "**" && strings.Contains(elem, "**") {
			return false
		}
		for _, r := range elem {
			switch {
			case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', strings.ContainsRune("*?._+-@=,~", r):
			default:
				return false
			}
		}
	}
	return path.Clean(glob) != "."
}
