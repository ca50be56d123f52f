package catalogue

import (
	"slices"
	"strings"
	"unicode"

	"depfetch/lock"
)

// column is a part of a template for several platforms: the same for all of them, a
// word, or what differs.
type column struct {
	fixed  string   // as the template has it
	word   string   // of the platform, such as "os"; if it is set, nothing else is
	values []string // by platform, of what the alias has to say; nil if fixed says it
}

// columns lines up a text for several platforms. The second value is false if the
// version stands in other places, or in another form, for one of them.
func columns(platforms []lock.Platform, texts []text) ([]column, bool) {
	var all []column
	gaps := make([][]text, len(texts)) // by platform: the literals between the words
	words := make([][]string, len(texts))
	for i, t := range texts {
		gap := text{}
		for _, p := range t {
			if p.isLiteral() {
				gap = append(gap, p)
				continue
			}
			gaps[i], words[i], gap = append(gaps[i], gap), append(words[i], p.written()), text{}
		}
		gaps[i] = append(gaps[i], gap)
		if !slices.Equal(words[i], words[0]) {
			return nil, false
		}
	}
	for g := range gaps[0] {
		across := make([]text, len(texts))
		for i := range texts {
			across[i] = joined(gaps[i][g])
		}
		all = append(all, gapColumns(platforms, across)...)
		if g < len(words[0]) {
			all = append(all, column{fixed: words[0][g]})
		}
	}
	return all, true
}

// joined merges neighbouring literals that do not name a machine.
func joined(t text) text {
	var out text
	for _, p := range t {
		if last := len(out) - 1; last >= 0 && !p.machine && !out[last].machine {
			out[last].s += p.s
			continue
		}
		out = append(out, p)
	}
	return out
}

// gapColumns lines up literals: part by part if they are made alike, else by what they
// begin and end with in common.
func gapColumns(platforms []lock.Platform, across []text) []column {
	alike := true
	for _, t := range across {
		alike = alike && slices.EqualFunc(t, across[0], func(a, b part) bool { return a.machine == b.machine })
	}
	var all []column
	for i := range across[0] {
		if !alike {
			break
		}
		values := make([]string, len(across))
		for k, t := range across {
			values[k] = t[i].s
		}
		all = append(all, differing(platforms, values, across[0][i].machine)...)
	}
	if !alike {
		values := make([]string, len(across))
		for k, t := range across {
			values[k] = t.String()
		}
		all = differing(platforms, values, false)
	}
	return mergeDiffering(platforms, across, all)
}

// differing returns the columns of values by platform, which name a machine, or may
// begin and end alike.
func differing(platforms []lock.Platform, values []string, machine bool) []column {
	whole := columnOf(platforms, values, machine)
	if machine || whole.values == nil {
		return []column{whole}
	}
	first := values[0]
	head, tail := common(values)
	middle := make([]string, len(values))
	for k, v := range values {
		middle[k] = v[head : len(v)-tail]
	}
	return []column{{fixed: first[:head]}, columnOf(platforms, middle, true), {fixed: first[len(first)-tail:]}}
}

// mergeDiffering makes one column of all between the first that differs and the last,
// since one alias is easier to read than two.
func mergeDiffering(platforms []lock.Platform, across []text, all []column) []column {
	differs := func(c column) bool { return c.values != nil }
	first := slices.IndexFunc(all, differs)
	last := len(all) - 1
	for last > first && !differs(all[last]) {
		last--
	}
	if first < 0 || last <= first {
		return all
	}
	values := make([]string, len(across))
	for k, t := range across {
		before, after := "", ""
		for _, c := range all[:first] {
			before += c.expand(k, platforms[k])
		}
		for _, c := range all[last+1:] {
			after += c.expand(k, platforms[k])
		}
		whole := t.String()
		values[k] = whole[len(before) : len(whole)-len(after)]
	}
	return slices.Concat(all[:first], []column{{values: values}}, all[last+1:])
}

// expand returns what c is for the platform p, the one of index k.
func (c column) expand(k int, p lock.Platform) string {
	if c.values != nil {
		return c.values[k]
	}
	if c.word != "" {
		return wordsOf(p)[c.word]
	}
	return c.fixed
}

// wordsOf returns what the words of a platform stand for.
func wordsOf(p lock.Platform) map[string]string {
	parts := strings.SplitN(p.String(), "/", 3)
	return map[string]string{"os": parts[0], "arch": parts[1], "uname": p.Uname()}
}

// columnOf returns the column of values by platform: a word if they name a machine and
// the word stands for them everywhere, else themselves.
func columnOf(platforms []lock.Platform, values []string, machine bool) column {
	for _, word := range []string{"os", "arch", "uname"} {
		fits := machine
		for k, p := range platforms {
			fits = fits && wordsOf(p)[word] == values[k]
		}
		if fits {
			return column{word: word}
		}
	}
	for _, v := range values {
		if v != values[0] {
			return column{values: values}
		}
	}
	return column{fixed: values[0]}
}

// common returns how many bytes all values begin and end with in common, without
// cutting a word.
func common(values []string) (head, tail int) {
	shortest := len(values[0])
	for _, v := range values {
		shortest = min(shortest, len(v))
	}
	same := func(at func(v string, i int) byte, i int) bool {
		return !slices.ContainsFunc(values, func(v string) bool { return at(v, i) != at(values[0], i) })
	}
	front := func(v string, i int) byte { return v[i] }
	back := func(v string, i int) byte { return v[len(v)-1-i] }
	for head < shortest && same(front, head) {
		head++
	}
	inWord := func(v string, i int) bool {
		return i > 0 && i < len(v) && isWord(v[i-1]) && isWord(v[i])
	}
	cutsWord := func(at func(v string) int) bool {
		return slices.ContainsFunc(values, func(v string) bool { return inWord(v, at(v)) })
	}
	for head > 0 && cutsWord(func(string) int { return head }) {
		head--
	}
	for tail < shortest-head && same(back, tail) {
		tail++
	}
	for tail > 0 && cutsWord(func(v string) int { return len(v) - tail }) {
		tail--
	}
	return head, tail
}

func isWord(c byte) bool { return c == '_' || unicode.IsLetter(rune(c)) || unicode.IsDigit(rune(c)) }
