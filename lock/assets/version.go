package assets

import (
	"slices"
	"strings"
	"unicode"
)

// versionForms returns how names of files may write a version: as it is, without a v,
// without what follows a plus, and with other separators.
func versionForms(version string) []string {
	bare := strings.TrimPrefix(version, "v")
	if bare == "" || !strings.ContainsFunc(bare, unicode.IsDigit) {
		return nil
	}
	core, _, _ := strings.Cut(bare, "+")
	forms := []string{
		bare, strings.ReplaceAll(bare, "+", "%2b"), strings.ReplaceAll(bare, "+", "."), strings.ReplaceAll(bare, "+", "-"), strings.ReplaceAll(bare, "+", "_"), core,
		strings.ReplaceAll(core, ".", "_"), strings.ReplaceAll(core, ".", "-"),
	}
	var all []string
	for _, f := range forms {
		if f != "" && !slices.Contains(all, f) {
			all = append(all, f)
		}
	}
	return all
}

// withoutVersion takes a version out of a name, where it stands by itself.
func withoutVersion(s, version string) string {
	for from := 0; ; {
		i := strings.Index(s[from:], version)
		if i < 0 {
			return s
		}
		start, end := from+i, from+i+len(version)
		if Bounded(s, start, end) {
			head := s[:start]
			if strings.HasSuffix(head, "v") && (len(head) == 1 || !isWord(head[len(head)-2])) {
				head = head[:len(head)-1]
			}
			s = head + "-" + s[end:]
			from = len(head) + 1
			continue
		}
		from = start + 1
	}
}

// Bounded reports whether s[start:end], a version, stands there by itself: behind no
// digit, and before none, with or without a dot.
func Bounded(s string, start, end int) bool {
	digit := func(i int) bool { return i >= 0 && i < len(s) && isDigit(s[i]) }
	switch {
	case digit(start-1) || start > 1 && (s[start-1] == '.') && digit(start-2):
		return false
	case digit(end) || end < len(s) && s[end] == '.' && digit(end+1):
		return false
	case end-start < 3 && start > 0 && isWord(s[start-1]) && (s[start-1] != 'v' || start > 1 && isWord(s[start-2])):
		return false // the 6 of armv6, the 64 of x64
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isWord(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || isDigit(c) }
