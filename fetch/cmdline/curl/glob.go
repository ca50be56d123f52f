package curl

import (
	"strconv"
	"strings"

	"depfetch/fetch/cmdline"
)

// maxURLs limits the URLs that a glob expands to.
const maxURLs = 10000

// glob is one URL of the expansion of a URL with globs.
type glob struct {
	text  string
	parts []string // the expansion of each glob
}

// substitute replaces #1, #2 … in the name of an output.
func (g glob) substitute(name string) string {
	var b strings.Builder
	for {
		before, after, ok := strings.Cut(name, "#")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		digits := after[:len(after)-len(strings.TrimLeft(after, "0123456789"))]
		if n, err := strconv.Atoi(digits); err == nil && n > 0 && n <= len(g.parts) {
			b.WriteString(g.parts[n-1])
		} else {
			b.WriteString("#" + digits)
		}
		name = after[len(digits):]
	}
}

// Globs returns the URLs that a URL with globs expands to.
func Globs(url string) ([]string, error) {
	all, err := expandGlob(url)
	urls := make([]string, len(all))
	for i, g := range all {
		urls[i] = g.text
	}
	return urls, err
}

// expandGlob expands {a,b}, [1-9], [01-10:2] and [a-z]. A backslash
// quotes a brace or bracket, and brackets around an IPv6 address are no glob.
func expandGlob(url string) ([]glob, error) {
	all := []glob{{}}
	for url != "" {
		i := strings.IndexAny(url, "{}[]\\")
		if i < 0 {
			i = len(url)
		}
		words, literal := []string(nil), url[:i]
		rest := url[i:]
		switch {
		case rest == "":
		case rest[0] == '\\':
			if len(rest) > 1 && strings.IndexByte("{}[]", rest[1]) >= 0 {
				rest = rest[1:]
			}
			literal, rest = literal+rest[:1], rest[1:]
		default:
			end := strings.IndexAny(rest, "}]")
			if end < 1 || rest[end]-rest[0] != 2 {
				return nil, cmdline.Bad("unmatched brace or bracket in the URL; --globoff takes it literally")
			}
			inner := rest[1:end]
			switch {
			case rest[0] == '{':
				words = strings.Split(inner, ",")
			case strings.Count(inner, ":") > 1: // an IPv6 address
				literal += rest[:end+1]
			default:
				if words = expandRange(inner); words == nil {
					return nil, cmdline.Bad("bad range [", inner, "] in the URL; --globoff takes it literally")
				}
			}
			rest = rest[end+1:]
		}
		if len(all)*len(words) > maxURLs {
			return nil, cmdline.Bad("the URL stands for too many")
		}
		for i := range all {
			all[i].text += literal
		}
		if words != nil {
			var next []glob
			for _, g := range all {
				for _, w := range words {
					next = append(next, glob{g.text + w, append(g.parts[:len(g.parts):len(g.parts)], w)})
				}
			}
			all = next
		}
		url = rest
	}
	return all, nil
}

// expandRange expands the text between brackets, or returns nil.
func expandRange(s string) (words []string) {
	bounds, by, _ := strings.Cut(s, ":")
	from, to, _ := strings.Cut(bounds, "-")
	step := 1
	if by != "" {
		step, _ = strconv.Atoi(by)
	}
	a, err := strconv.Atoi(from)
	b, err2 := strconv.Atoi(to)
	letters := err != nil && len(from) == 1 && len(to) == 1 && from[0] >= 'A'
	if letters {
		a, b = int(from[0]), int(to[0])
	} else if err != nil || err2 != nil {
		return nil
	}
	if step < 1 || b < a || (b-a)/step >= maxURLs {
		return nil
	}
	for n := a; n <= b; n += step {
		word := string(rune(n))
		if !letters {
			word = strconv.Itoa(n)
			word = strings.Repeat("0", max(len(from)-len(word), 0)) + word
		}
		words = append(words, word)
	}
	return words
}
