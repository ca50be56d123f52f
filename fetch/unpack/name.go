package unpack

import (
	"runtime"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// splitName checks the name of a member and returns its elements without empty
// ones and ".", after the first o.Strip of these are taken off. None are left of
// what names the root or is stripped away; stripped tells these apart.
func (o *Options) splitName(name string) (elems []string, stripped bool, err error) {
	relative := name
	if o.AbsoluteNames {
		relative = strings.TrimLeft(name, "/")
		if relative == "" && name != "" {
			relative = "."
		}
	}
	if err := checkName(name, relative); err != nil {
		return nil, false, err
	}
	for elem := range strings.SplitSeq(relative, "/") {
		if elem != "" && elem != "." {
			elems = append(elems, elem)
		}
	}
	if o.Strip > 0 {
		elems = elems[min(o.Strip, len(elems)):]
		stripped = len(elems) == 0
		if hasDrive(strings.Join(elems, "/")) {
			return nil, false, refuse(name, "a Windows drive")
		}
	}
	return elems, stripped, nil
}

// cleanName returns the name of a member as it would be unpacked, or an empty
// one for what has none.
func (o *Options) cleanName(name string) (string, error) {
	elems, _, err := o.splitName(name)
	return strings.Join(elems, "/"), err
}

// checkName refuses names that do not stay below a directory on every system.
// relative is what of name is used.
func checkName(name, relative string) error {
	switch {
	case relative == "":
		return refuse(name, "an empty name")
	case relative[0] == '/':
		return &RefusedError{Name: name, Reason: "an absolute name", Allow: "absolute_names"}
	case len(name) > maxName:
		return refuse(name[:64]+"…", "a name of %d bytes, more than %d", len(name), maxName)
	case hasDrive(relative):
		return refuse(name, "a Windows drive")
	}
	if reason := badCharacter(relative); reason != "" {
		return refuse(name, "%s in a name", reason)
	}
	for elem := range strings.SplitSeq(relative, "/") {
		if elem == ".." {
			return refuse(name, `".." in a name`)
		}
		if len(elem) > maxElement {
			return refuse(name, "an element of %d bytes, more than %d", len(elem), maxElement)
		}
	}
	return nil
}

// badCharacter says what a name or link may not hold on any system.
func badCharacter(s string) string {
	for _, r := range s {
		switch {
		case r == 0:
			return "a NUL"
		case r == '\\' && (runtime.GOOS == "windows" || climbsBackwards(s)):
			return "a backslash"
		case r == utf8.RuneError: // or a byte that is no UTF-8, which is none of these
		case unicode.IsControl(r):
			return "a control character"
		}
	}
	return ""
}

// climbsBackwards tells whether s would leave a directory if backslashes were
// slashes. Others are part of a name, as of systemd's system-getty\x2dtty.slice.
func climbsBackwards(s string) bool {
	isSeparator := func(r rune) bool { return r == '/' || r == '\\' }
	return s[0] == '\\' || slices.Contains(strings.FieldsFunc(s, isSeparator), "..")
}

// hasDrive tells whether Windows would take the beginning of name for a drive.
// "A::B", as Perl's manual pages are called, is none.
func hasDrive(name string) bool {
	if len(name) < 2 || name[1] != ':' || len(name) > 2 && name[2] == ':' {
		return false
	}
	c := name[0] | 0x20
	return 'a' <= c && c <= 'z'
}

// checkTarget refuses what a symbolic link may not hold. Where it leads is
// another question.
func checkTarget(name, target string) error {
	switch {
	case target == "":
		return refuse(name, "a link to nothing")
	case len(target) > maxName:
		return refuse(name, "a link of %d bytes, more than %d", len(target), maxName)
	case hasDrive(target):
		return refuse(name, "a link to a Windows drive, %q", target)
	}
	if reason := badCharacter(target); reason != "" {
		return refuse(name, "%s in its link, %q", reason, target)
	}
	return nil
}
