package dockerfile

import (
	"bytes"
	"regexp"
)

// maxCopied is how many bytes BuildKit's parser may copy for the heredocs of a file.
// For each line of a heredoc, it copies all lines before it again, so one of 1 MB could
// take minutes.
const maxCopied = 2 << 30

var heredocWord = regexp.MustCompile(`<<-?[ \t]*["']?([A-Za-z0-9_.-]+)["']?(?:\s|$)`)

// heredocsTooLarge reports whether the parser might copy more than maxCopied bytes, and
// the line, from 1, of the first heredoc that counts. It overestimates: every << begins
// a heredoc, of those that overlap the costliest counts, and one without a plain word
// extends to the end of the file.
func heredocsTooLarge(data []byte) (line int, too bool) {
	first := bytes.Index(data, []byte("<<"))
	if first < 0 || heredocCost(len(data)-first, bytes.Count(data[first:], []byte("\n"))+1) <= maxCopied {
		return 0, false
	}
	lines := bytes.SplitAfter(data, []byte("\n"))
	next := make(map[string]int) // by name, the next line that ends such a heredoc
	for _, l := range lines {
		if name := heredocName(l); name != "" {
			next[name] = len(lines)
		}
	}
	cost := make([]int64, len(lines)+1) // of this line and all that follow
	behind := make([]int, len(lines)+1) // the bytes of this line and all that follow
	for i := len(lines) - 1; i >= 0; i-- {
		behind[i] = behind[i+1] + len(lines[i])
		cost[i] = cost[i+1]
		if bytes.Contains(lines[i], []byte("<<")) {
			end := len(lines)
			if name := heredocName(lines[i]); name != "" {
				end = next[name]
			}
			if c := heredocCost(behind[i]-behind[end], end-i) + cost[end]; c > cost[i] {
				cost[i], line = c, i+1
			}
		}
		if name := bytes.TrimLeft(bytes.TrimRight(lines[i], "\r\n"), "\t"); len(name) > 0 {
			if _, ok := next[string(name)]; ok {
				next[string(name)] = i
			}
		}
	}
	return line, cost[0] > maxCopied
}

// heredocName returns the word of the only heredoc that begins in a line, or "" if
// there are several or the word is not plain.
func heredocName(line []byte) string {
	if bytes.Count(line, []byte("<<")) != 1 {
		return ""
	}
	if m := heredocWord.FindSubmatch(line); m != nil {
		return string(m[1])
	}
	return ""
}

// heredocCost returns how many bytes the parser copies for a heredoc.
func heredocCost(size, lines int) int64 { return int64(size) * int64(lines) / 2 }
