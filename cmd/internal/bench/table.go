//go:build bench

package bench

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// writeTable writes an aligned Markdown table, its first row the head, its
// columns from number right on aligned to the right.
func writeTable(out io.Writer, table [][]string, right int) {
	width := make([]int, len(table[0]))
	for _, cells := range table {
		for i, c := range cells {
			width[i] = max(width[i], utf8.RuneCountInString(c), 4)
		}
	}
	for n, cells := range table {
		for i, c := range cells {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(c))
			if i < right {
				c += pad
			} else {
				c = pad + c
			}
			fmt.Fprintf(out, "| %s ", c)
		}
		fmt.Fprintln(out, "|")
		if n > 0 {
			continue
		}
		for i, w := range width {
			rule := strings.Repeat("-", w+2)
			if i >= right {
				rule = rule[1:] + ":"
			}
			fmt.Fprintf(out, "|%s", rule)
		}
		fmt.Fprintln(out, "|")
	}
}
