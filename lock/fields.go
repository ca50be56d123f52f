package lock

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"depfetch/fetch"
	"depfetch/fetch/digest"
	"depfetch/fetch/unpack"
)

// defaultMode is the mode of a file whose dependency gives none.
const defaultMode fs.FileMode = 0o644

// parsePath reads a path and returns its clean form with a leading slash.
func parsePath(v *value, unpack *fetch.Unpack) string {
	s, ok := v.str()
	if !ok {
		return ""
	}
	if msg := pathFault(s, unpack); msg != "" {
		v.fail("%s", msg)
		return ""
	}
	return path.Clean("/" + s)
}

// pathFault returns why s cannot be a path, or "".
func pathFault(s string, unpack *fetch.Unpack) string {
	elems := strings.Split(s, "/")
	last := elems[len(elems)-1]
	switch {
	case s == "":
		return "an empty path names no file"
	case strings.ContainsFunc(s, notPath):
		return "a path holds no control characters and no backslashes"
	case slices.Contains(elems, ".."):
		return `a path does not climb: ".." is refused`
	case unpack == nil && path.Clean("/"+s) == "/":
		return "a path names a file; the root can only be unpacked into"
	case unpack == nil && (last == "" || last == "."):
		return "a path names a file; only one that is unpacked into may end in a slash"
	case unpack != nil && unpack.Replace && path.Clean("/"+s) == "/":
		return "the root cannot be replaced"
	}
	if !strings.Contains(s, "{") {
		return ""
	}
	for _, name := range words() {
		w := "{" + name + "}"
		if strings.Contains(s, w) || strings.Contains(s, w[:len(w)-1]+"|") {
			return fmt.Sprintf("a path is not a template: %s would stand in it as it is", w)
		}
	}
	return ""
}

func notPath(r rune) bool { return unicode.IsControl(r) || r == '\\' }

// parseMode reads a file's mode. It is zero for a dependency that is unpacked.
func parseMode(v *value, unpack *fetch.Unpack) fs.FileMode {
	switch {
	case v == nil && unpack == nil:
		return defaultMode
	case v == nil:
		return 0
	case unpack != nil:
		v.failKey("unpacked files have the modes of the archive; leave mode out")
		return 0
	}
	if n, ok := v.scalar().(int64); ok {
		v.fail("want a string, found an integer; write %q", modeString(n, v.doc.Text[v.Start:]))
		return 0
	}
	s, ok := v.str()
	if !ok {
		return 0
	}
	n, err := strconv.ParseUint(s, 8, 12)
	switch {
	case err != nil || len(s) < 3 || len(s) > 4:
		v.fail(`mode %q: want three octal digits, as in "0755"`, s)
	case n > 0o777:
		v.fail("mode %q: setuid, setgid and sticky bits are refused", s)
	}
	return fs.FileMode(n)
}

// modeString returns the mode that was probably meant by the integer n, which
// stands at the beginning of text: 755 is 0755, and so is 0o755.
func modeString(n int64, text string) string {
	decimal := strconv.FormatInt(n, 10)
	if _, err := strconv.ParseUint(decimal, 8, 9); err == nil && !strings.HasPrefix(text, "0o") {
		return fmt.Sprintf("%04s", decimal)
	}
	return fmt.Sprintf("%04o", n&0o777)
}

// parseOwner reads an owner, "uid:gid".
func parseOwner(s string) (*fetch.Owner, error) {
	user, group, _ := strings.Cut(s, ":")
	uid, okUID := parseID(user)
	gid, okGID := parseID(group)
	if !okUID || !okGID {
		return nil, fmt.Errorf(`owner %q: want numeric "uid:gid", each at most %d`, s, uint32(maxID))
	}
	return &fetch.Owner{UID: uid, GID: gid}, nil
}

// maxID is the largest user or group: the one above means "leave it" to chown.
const maxID = math.MaxUint32 - 1

// parseID reads a user or group number.
func parseID(s string) (uint32, bool) {
	n, err := strconv.ParseUint(s, 10, 32)
	return uint32(n), err == nil && n <= maxID && strconv.FormatUint(n, 10) == s
}

// parseUnpack reads how to unpack; nil means not to.
func parseUnpack(v *value) *fetch.Unpack {
	if v == nil {
		return nil
	}
	if v.kind == kindTable {
		return parseUnpackTable(v)
	}
	unpack, ok := v.scalar().(bool)
	if !ok {
		v.failType("true or a table")
	}
	if !unpack {
		return nil
	}
	return &fetch.Unpack{}
}

func parseUnpackTable(v *value) *fetch.Unpack {
	v.table(unpackKeys...)
	u := &fetch.Unpack{}
	strip := v.get("strip")
	n, ok := strip.integer()
	if ok && (n < 0 || n > math.MaxInt32) {
		strip.fail("strip %d: want a number of path elements, 0 or more", n)
	}
	u.Strip = int(n)
	for _, elem := range v.get("include").nonEmpty("would unpack nothing; leave it out to unpack all") {
		s, ok := elem.str()
		if ok && unpack.CheckGlob(s) != nil {
			elem.fail("include %q: want a glob such as \"bin/*\"", s)
		}
		u.Include = append(u.Include, s)
	}
	u.Modes = parseModes(v.get("modes"))
	u.Replace, _ = v.get("replace").boolean()
	u.AbsoluteLinks, _ = v.get("absolute_links").boolean()
	u.AbsoluteNames, _ = v.get("absolute_names").boolean()
	u.DropSpecial, _ = v.get("drop_special_bits").boolean()
	return u
}

// parseModes reads modes of files by globs.
func parseModes(v *value) (modes []unpack.Mode) {
	if v == nil {
		return nil
	}
	if v.kind != kindTable {
		v.failType("a table")
	}
	for _, kid := range v.children() {
		if unpack.CheckGlob(kid.key) != nil {
			kid.failKey("modes %q: want a glob such as \"bin/*\"", kid.key)
		}
		modes = append(modes, unpack.Mode{Glob: kid.key, Mode: parseMode(kid, nil)})
	}
	return modes
}

// parseLimits reads what an archive may cost. A limit that is not given is zero,
// which stands for its default.
func parseLimits(v *value) (l unpack.Limits) {
	if !v.table(limitKeys...) {
		return l
	}
	limit := func(key string) int64 {
		kid := v.get(key)
		n, ok := kid.integer()
		if ok && (n < 1 || n > maxLimit) {
			kid.fail("want a number from 1 to %d", int64(maxLimit))
		}
		return n
	}
	l.Bytes, l.Ratio, l.Window = limit("bytes"), limit("ratio"), limit("window")
	l.Entries, l.Depth = int(min(limit("entries"), math.MaxInt32)), int(min(limit("depth"), math.MaxInt32))
	return l
}

// maxLimit is the most that a limit can be raised to: no sum of such overflows.
const maxLimit = 1 << 53

// parseLocked reads the locked lines of a dependency. A line with faults is
// among them as long as its platform is known.
func parseLocked(v *value, archive bool) []Line {
	if !v.table() {
		return nil
	}
	kids := v.children()
	lines := make([]Line, 0, len(kids))
	for _, kid := range kids {
		p := Any
		if kid.key != string(Any) {
			var err error
			if p, err = ParsePlatform(kid.key); err != nil {
				kid.failKey("%v", err)
				continue
			}
		} else if len(kids) > 1 {
			kid.failKey("any stands for every platform; no other line can stand beside it")
		}
		l := parseLine(kid, p)
		if unpacked := kid.get("unpacked"); unpacked != nil && !archive {
			unpacked.failKey("unpacked goes with member or unpack")
		}
		lines = append(lines, l)
	}
	return lines
}

// parseLine reads the locked line for p.
func parseLine(v *value, p Platform) Line {
	l := Line{Platform: p, at: v}
	if !v.table(lineKeys...) {
		return l
	}
	l.URL = parseAddress(v.require("url"))
	l.Digest = parsed(v.require("sha256"), parseDigest)
	l.Size = parseSize(v.get("size"))
	l.Unpacked = parsed(v.get("unpacked"), parseDigest)
	l.Trust = parsed(v.get("trust"), parseTrust)
	if by := v.get("by"); by != nil {
		l.By, _ = by.str()
		if l.Trust != Signed {
			by.failKey(`by goes with trust = "signed"`)
		}
	}
	return l
}

// parseSize reads the size of a line.
func parseSize(v *value) int64 {
	if v == nil {
		return fetch.SizeUnknown
	}
	n, ok := v.integer()
	if ok && n < 0 {
		v.fail("size %d: want a number of bytes, 0 or more", n)
	}
	return n
}

// require returns the value of a key that the table v must have.
func (v *value) require(key string) *value {
	kid := v.get(key)
	if kid == nil {
		v.failKey("%s is missing", key)
	}
	return kid
}

// parseAddress reads the address of a locked line.
func parseAddress(v *value) string {
	s, ok := v.str()
	if !ok {
		return ""
	}
	if err := v.doc.checkAddress(s); err != nil {
		v.fail("%v", err)
	}
	return s
}

// parseDigest reads a sha256.
func parseDigest(s string) (fetch.Digest, error) {
	if strings.HasPrefix(s, "sha256:") {
		return fetch.Digest{}, errors.New(`a sha256 is 64 hexadecimal digits alone; leave out "sha256:"`)
	}
	return digest.Parse(s)
}
