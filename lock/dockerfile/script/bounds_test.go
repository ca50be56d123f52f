package script_test

import (
	"strings"
	"testing"

	"depfetch/lock/dockerfile/script"
)

// TestBounds holds that no script keeps the evaluation from ending.
func TestBounds(t *testing.T) {
	for _, text := range []string{
		`f() { f; f; }; f`,
		`echo 'sh /a' > /a; sh /a`,
		`while :; do :; done`,
		`for a in 1 2 3 4 5 6 7 8 9; do for b in 1 2 3 4 5 6 7 8 9; do for c in 1 2 3 4 5 6 7 8 9; do for d in 1 2 3 4 5 6 7 8 9; do for e in 1 2 3 4 5 6 7 8 9; do :; done; done; done; done; done`,
		strings.Repeat(`if [ -f /x ]; then A=$A1; else A=$A2; fi; `, 500),
		strings.Repeat(`if [ -f /x ]; then `, 14) + ":" + strings.Repeat(`; else :; fi`, 14),
		`A=a; ` + strings.Repeat(`A=$A$A; `, 40) + `echo $A`,
		`x=` + strings.Repeat(`$(echo `, 100) + strings.Repeat(`)`, 100),
		`eval "eval \"eval \\\"$0\\\"\""`,
	} {
		m := script.New("linux/amd64")
		err := m.Run(script.Source{Text: text, Locate: func(i int) int { return i }})
		if long := strings.Count(text, "for ") > 4; (err != nil) != long {
			t.Errorf("%.60s…: %v", text, err)
		}
	}
}
