package catalogue

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"depfetch/lock"
	"depfetch/lock/edit"
	"depfetch/lock/update"
)

// Want says what of an entry is to become a dependency.
type Want struct {
	Tag       string          // the version, as upstream writes it
	Platforms []lock.Platform // at least one
	Libc      string          // "gnu" or "musl" for entries that tell them apart; empty means gnu
	Single    bool            // the command alone, of a tool that is otherwise unpacked whole
	Command   string          // which one, of an entry that has several; empty means the main one
}

// Mapping is an entry as a dependency.
type Mapping struct {
	Entry *Entry
	Tag   string
	Dep   edit.NewDep // all but what is the user's to say and what is locked
	// Commands are all that the download contains.
	Commands []string
	// Bin is where the commands are in a tool that is unpacked whole, such as "bin" or
	// "."; else it is empty.
	Bin string
	// Remarks are about what the dependency does not say.
	Remarks []string
	// Unsettled are signatures of which the registry does not say exactly who must have
	// made them. All others are in Dep.
	Unsettled []update.Unsettled
}

// Map returns e as a dependency. Its error is of a type of this package.
func (e *Entry) Map(w Want) (*Mapping, error) {
	renderings, n, version, err := e.renderAll(w.Tag, w)
	if err != nil {
		return nil, err
	}
	r := renderings[0].r
	m := &Mapping{Entry: e, Tag: w.Tag}
	main, err := e.mainFile(renderings, w.Command, m)
	if err != nil {
		return nil, err
	}
	if !lockable(version) {
		return nil, &VersionError{Entry: e.FullName(), Version: version}
	}
	m.Dep = edit.NewDep{Name: nameOf(renderings[0].files[main].name), Version: version, Mode: "0755"}
	m.Dep.Path = "/usr/local/bin/" + m.Dep.Name
	m.Dep.Latest = r.latest(n)
	whole := !w.Single && e.asTree(renderings, m)
	if err := e.templates(w, renderings, main, m); err != nil {
		return nil, err
	}
	if err := e.verify(w, n, version, renderings, main, m); err != nil {
		return nil, err
	}
	if libcs := e.variants(); len(libcs) > 1 && w.Libc == "" {
		m.Remarks = append(m.Remarks, "there are builds for gnu and for musl; this is for gnu, --libc musl takes the other")
	}
	if strip, ok := treeOf(renderings[0].files[main].member.String()); ok && !whole {
		m.Remarks = append(m.Remarks, fmt.Sprintf("it lies in a tree; if it needs the rest of it: deplock remove %s && deplock add %s@%s --unpack=strip=%d --path /opt/%s",
			m.Dep.Name, e.FullName(), w.Tag, strip, m.Dep.Name))
	}
	if len(m.Commands) > 1 && !whole {
		m.Remarks = append(m.Remarks, fmt.Sprintf("the download also has %s; this takes %s out of it alone",
			strings.Join(slices.DeleteFunc(slices.Clone(m.Commands), func(c string) bool { return c == renderings[0].files[main].name }), ", "), renderings[0].files[main].name))
	}
	return m, nil
}

// treeOf reports whether a member lies in a directory bin, beside which there may be
// what it needs, and below how many others that is.
func treeOf(member string) (strip int, ok bool) {
	elems := strings.Split(member, "/")
	strip = slices.Index(elems, "bin")
	return strip, strip >= 0 && strip == len(elems)-2
}

// renderAll evaluates e for a tag and all platforms of w.
func (e *Entry) renderAll(tag string, w Want) (all []*rendering, n naming, version string, err error) {
	libc := "glibc"
	if w.Libc == "musl" {
		libc = "musl"
	}
	branch, err := e.branchOf(tag)
	if err != nil {
		return nil, n, "", err
	}
	var missing []lock.Platform
	for i, p := range w.Platforms {
		r := e.resolve(tag, branch, machineOf(p, libc))
		if i == 0 {
			n, version = nameTag(tag, r.prefix())
		}
		rendered, err := r.render(n, version)
		if _, none := errors.AsType[*NoFileError](err); err != nil && (none || r.supported()) {
			return nil, n, "", err
		}
		if !r.supported() {
			missing = append(missing, p)
			continue
		}
		all = append(all, rendered)
	}
	if missing != nil {
		return nil, n, "", &PlatformError{Entry: e.FullName(), Version: tag, Platforms: missing}
	}
	return all, n, version, nil
}

// mainFile returns the index of the file that is wanted, and sets what commands m has.
func (e *Entry) mainFile(all []*rendering, command string, m *Mapping) (int, error) {
	files := all[0].files
	main := -1
	for i, f := range files {
		m.Commands = append(m.Commands, f.name)
		name := strings.TrimSuffix(f.name, ".exe")
		if command != "" && (f.name == command || name == command) || command == "" && main < 0 && name == e.command() {
			main = i
		}
	}
	if main < 0 && command != "" {
		return 0, &FileError{Entry: e.FullName(), Name: command, Commands: m.Commands}
	}
	main = max(main, 0)
	for _, other := range all[1:] {
		if main >= len(other.files) || strings.TrimSuffix(other.files[main].name, ".exe") != strings.TrimSuffix(files[main].name, ".exe") {
			return 0, &TemplateError{Entry: e.FullName(), Version: m.Tag, Why: "other files are in the download for " + other.r.machine.platform.String()}
		}
	}
	return main, nil
}

// nameForm matches the names that a dependency may have.
var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$`)

// nameOf returns the name of a dependency that is about a command.
func nameOf(command string) string {
	command = strings.TrimSuffix(lastElement(command), ".exe")
	if !nameForm.MatchString(command) {
		command = strings.Trim(regexp.MustCompile(`[^A-Za-z0-9._+-]+`).ReplaceAllString(command, "-"), "-._+")
	}
	return cmp.Or(command, "tool")
}

// lockable reports whether a version can stand in a lockfile.
func lockable(version string) bool {
	return version != "" && len(version) <= 128 && !strings.ContainsFunc(version, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '{' || r == '}' })
}

// latest returns where the versions of r are found, or nil.
func (r *resolved) latest(n naming) []edit.Entry {
	if r.RepoOwner == "" || r.RepoName == "" {
		return nil
	}
	entries := []edit.Entry{{Key: "github", Value: r.RepoOwner + "/" + r.RepoName}}
	if r.VersionSource == "github_tag" {
		entries = append(entries, edit.Entry{Key: "tags", Value: true})
	}
	if n.prefix != "" {
		entries = append(entries, edit.Entry{Key: "prefix", Value: n.prefix})
	}
	return entries
}

// templates sets the templates of m and its alias.
func (e *Entry) templates(w Want, all []*rendering, main int, m *Mapping) error {
	pick := func(of func(*rendering) text) []text {
		texts := make([]text, len(all))
		for i, r := range all {
			texts[i] = of(r)
		}
		return texts
	}
	var a aliases
	urls := pick(func(r *rendering) text { return r.url })
	url, ok := columns(w.Platforms, urls)
	if !ok {
		return e.nearest(w, m.Dep.Version, urls, "the version stands in other places of the address for some platforms")
	}
	a.add(url)
	var member, sums []column
	if m.Dep.Unpack != nil {
		// what comes out of it is not one file
	} else if all[0].files[main].member != nil || slices.ContainsFunc(all, func(r *rendering) bool { return r.files[main].member != nil }) {
		if slices.ContainsFunc(all, func(r *rendering) bool { return r.files[main].member == nil }) {
			return e.nearest(w, m.Dep.Version, urls, "it is an archive for some platforms, and the file itself for others")
		}
		if member, ok = columns(w.Platforms, pick(func(r *rendering) text { return r.files[main].member })); !ok {
			return e.nearest(w, m.Dep.Version, urls, "the version stands in other places of the archive for some platforms")
		}
		a.add(member)
	}
	if !slices.ContainsFunc(all, func(r *rendering) bool { return r.sums == nil }) {
		if sums, ok = columns(w.Platforms, pick(func(r *rendering) text { return r.sums })); !ok {
			sums = nil
			m.Remarks = append(m.Remarks, "the list of checksums is left out: its addresses cannot be written as one template")
		}
		a.add(sums)
	}
	signatures := m.signatures(w, all, &a)
	if err := a.settle(); err != nil {
		return e.nearest(w, m.Dep.Version, urls, err.Error())
	}
	m.Dep.URL, m.Dep.Member, m.Dep.Sums = a.template(url), a.template(member), a.template(sums)
	if rest, ok := strings.CutPrefix(m.Dep.Sums, m.Dep.URL); ok && m.Dep.URL != "" {
		m.Dep.Sums = "{url}" + rest
	}
	for _, settle := range signatures {
		settle()
	}
	m.Dep.Alias = a.alias(w.Platforms)
	return nil
}

// nearest returns the error that there is no template for all platforms, with the one
// that serves the first and those like it.
func (e *Entry) nearest(w Want, version string, urls []text, why string) error {
	err := &TemplateError{Entry: e.FullName(), Version: w.Tag, Locked: version, Why: why}
	for n := len(urls); n > 0; n-- {
		c, ok := columns(w.Platforms[:n], urls[:n])
		if !ok || slices.ContainsFunc(c, func(c column) bool { return c.values != nil }) && n > 1 {
			continue
		}
		var a aliases
		a.add(c)
		err.URL, err.Platforms = a.template(c), w.Platforms[:n]
		break
	}
	return err
}

// aliases collects what differs between platforms in a way that only an alias can say.
type aliases struct {
	differing [][]string
	sep       string
}

func (a *aliases) add(columns []column) {
	for _, c := range columns {
		if c.values != nil && !slices.ContainsFunc(a.differing, func(d []string) bool { return slices.Equal(d, c.values) }) {
			a.differing = append(a.differing, c.values)
		}
	}
}

// settle finds a separator if one alias has to say several things.
func (a *aliases) settle() error {
	if len(a.differing) < 2 {
		return nil
	}
	for _, sep := range []string{":", ",", ";", "~"} {
		if !slices.ContainsFunc(slices.Concat(a.differing...), func(v string) bool { return strings.Contains(v, sep) }) {
			a.sep = sep
			return nil
		}
	}
	return errors.New("the platforms differ in too many ways")
}

// alias returns the entries of the alias.
func (a *aliases) alias(platforms []lock.Platform) map[lock.Platform]string {
	if len(a.differing) == 0 {
		return nil
	}
	alias := make(map[lock.Platform]string)
	for k, p := range platforms {
		var values []string
		for _, d := range a.differing {
			values = append(values, d[k])
		}
		alias[p] = strings.Join(values, a.sep)
	}
	return alias
}

// template writes columns as a template.
func (a *aliases) template(columns []column) string {
	var b strings.Builder
	for _, c := range columns {
		switch {
		case c.word != "":
			b.WriteString("{" + c.word + "}")
			continue
		case c.values == nil:
			b.WriteString(c.fixed)
			continue
		}
		i := slices.IndexFunc(a.differing, func(d []string) bool { return slices.Equal(d, c.values) })
		word := "alias" + strings.Repeat("|after('"+a.sep+"')", max(i, 0))
		if i >= 0 && i < len(a.differing)-1 {
			word += "|before('" + a.sep + "')"
		}
		b.WriteString("{" + word + "}")
	}
	return b.String()
}

// verify expands m by the rules of lockfiles, and compares that with what the registry
// gives: at the version of w, and at its neighbours that the registry describes alike.
func (e *Entry) verify(w Want, n naming, version string, renderings []*rendering, main int, m *Mapping) error {
	dep, err := edit.Draft(m.Dep)
	if err != nil {
		why := err.Error()
		if first, ok := errors.AsType[*lock.Error](err); ok { // its place is in no file
			why = strings.TrimPrefix(first.Key, "deps."+m.Dep.Name+".") + ": " + first.Msg
		}
		return e.bad("what it gives cannot stand in a lockfile: %s", why)
	}
	if err := e.compare(dep, w, renderings, main); err != nil {
		return err
	}
	for _, near := range neighbours(version) {
		tag := n.lead() + near
		all, n2, v2, err := e.renderAll(tag, w)
		if err != nil || n2 != n || v2 != near || !sameBranch(all, renderings) || main >= len(all[0].files) {
			continue // another branch, which update looks up again
		}
		other := *dep
		other.Version = near
		if err := e.compare(&other, w, all, main); err != nil {
			return err
		}
	}
	return nil
}

func sameBranch(a, b []*rendering) bool {
	for i := range a {
		if a[i].r.branch != b[i].r.branch {
			return false
		}
	}
	return true
}

func (e *Entry) compare(dep *lock.Dep, w Want, all []*rendering, main int) error {
	type comparison struct {
		what     string
		template lock.Template
		want     text
	}
	for i, p := range w.Platforms {
		comparisons := []comparison{
			{"address", dep.URL, all[i].url}, {"member", dep.Member, all[i].files[main].member}, {"list of checksums", dep.Sums, all[i].sums},
		}
		signatures := slices.DeleteFunc(slices.Clone(all[i].signatures), func(s renderedSignature) bool { return s.ofSums && dep.Sums.IsZero() || !s.settled() })
		for k, s := range dep.Signatures {
			comparisons = append(comparisons, comparison{"signature", s.URL, signatures[k].url}, comparison{"certificate", s.Cert, signatures[k].cert},
				comparison{"signing identity", s.Identity, signatures[k].identity}, comparison{"signed ref", s.Ref, signatures[k].ref})
		}
		for _, c := range comparisons {
			if c.template.IsZero() {
				continue
			}
			got, err := dep.Expand(c.template, p)
			if err != nil || got != c.want.String() {
				return &TemplateError{Entry: e.FullName(), Version: w.Tag, Platforms: []lock.Platform{p},
					Why: fmt.Sprintf("at %s the %s for %s would be %q, and the catalogue says %q", dep.Version, c.what, p, got, c.want)}
			}
		}
	}
	return nil
}

// core matches the numbers of a version.
var core = regexp.MustCompile(`\d+(?:\.\d+)*`)

// neighbours returns versions near one: with the last number one more and one less, and
// with each number before it one more.
func neighbours(v string) []string {
	at := core.FindStringIndex(v)
	if at == nil {
		return nil
	}
	fields := strings.Split(v[at[0]:at[1]], ".")
	var all []string
	with := func(i, by int) {
		n, err := strconv.Atoi(fields[i])
		if err != nil || n+by < 0 {
			return
		}
		near := slices.Clone(fields)
		near[i] = strconv.Itoa(n + by)
		for k := i + 1; k < len(near); k++ {
			near[k] = "0"
		}
		all = append(all, v[:at[0]]+strings.Join(near, ".")+v[at[1]:])
	}
	last := len(fields) - 1
	with(last, 1)
	with(last, -1)
	for i := last - 1; i >= 0; i-- {
		with(i, 1)
	}
	return all
}
