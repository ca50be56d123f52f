package curl

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// maxURLs is how many URLs a glob may stand for.
const maxURLs = 10000

// glob is a URL of those that one with globs stands for.
type glob struct {
	text  string
	parts []string // what each glob has become
}

// substitute replaces #1, #2 … in the name of an output.
func (g glob) substitute(name string) string {
	for i := len(g.parts); i > 0; i-- {
		name = strings.ReplaceAll(name, "#"+strconv.Itoa(i), g.parts[i-1])
	}
	return name
}

// expandGlob expands {a,b}, [1-9], [01-10:2] and [a-z]. A backslash takes the
// meaning from a brace or bracket, and brackets around an IPv6 address have none.
func expandGlob(url string) ([]glob, error) {
	all := []glob{{}}
	literal := func(s string) {
		for i := range all {
			all[i].text += s
		}
	}
	for i := 0; i < len(url); {
		c := url[i]
		var words []string
		switch {
		case c == '\\' && i+1 < len(url) && strings.IndexByte("{}[]", url[i+1]) >= 0:
			literal(url[i+1 : i+2])
			i += 2
			continue
		case c == '{':
			end := strings.IndexByte(url[i:], '}')
			if end < 0 {
				return nil, errors.New("unmatched brace in the URL; --globoff takes it literally")
			}
			words = strings.Split(url[i+1:i+end], ",")
			i += end + 1
		case c == '[' && isIPv6(url[i:]):
			end := strings.IndexByte(url[i:], ']')
			literal(url[i : i+end+1])
			i += end + 1
			continue
		case c == '[':
			end := strings.IndexByte(url[i:], ']')
			if end < 0 {
				return nil, errors.New("bad range in the URL; --globoff takes it literally")
			}
			var err error
			if words, err = expandRange(url[i+1 : i+end]); err != nil {
				return nil, err
			}
			i += end + 1
		case c == '}' || c == ']':
			return nil, fmt.Errorf("unmatched %q in the URL; --globoff takes it literally", c)
		default:
			literal(url[i : i+1])
			i++
			continue
		}
		if len(all)*len(words) > maxURLs {
			return nil, fmt.Errorf("the URL stands for more than %d", maxURLs)
		}
		var next []glob
		for _, g := range all {
			for _, w := range words {
				next = append(next, glob{g.text + w, append(g.parts[:len(g.parts):len(g.parts)], w)})
			}
		}
		all = next
	}
	return all, nil
}

func isIPv6(s string) bool {
	end := strings.IndexByte(s, ']')
	return end > 0 && strings.Count(s[:end], ":") > 1 && strings.Trim(s[1:end], "0123456789abcdefABCDEF:.%") == ""
}

// expandRange expands what stands between brackets.
func expandRange(s string) ([]string, error) {
	bad := fmt.Errorf("bad range [%s] in the URL; --globoff takes it literally", s)
	bounds, stepText, stepped := strings.Cut(s, ":")
	from, to, ok := strings.Cut(bounds, "-")
	step := 1
	if stepped {
		n, err := strconv.Atoi(stepText)
		if err != nil || n < 1 {
			return nil, bad
		}
		step = n
	}
	if !ok || from == "" || to == "" {
		return nil, bad
	}
	var words []string
	if a, err := strconv.Atoi(from); err == nil {
		b, err := strconv.Atoi(to)
		if err != nil || b < a || (b-a)/step >= maxURLs {
			return nil, bad
		}
		for n := a; n <= b; n += step {
			words = append(words, fmt.Sprintf("%0*d", len(from), n))
		}
		return words, nil
	}
	if len(from) != 1 || len(to) != 1 || from[0] > to[0] || from[0] < 'A' {
		return nil, bad
	}
	for c := int(from[0]); c <= int(to[0]); c += step {
		words = append(words, string(rune(c)))
	}
	return words, nil
}
