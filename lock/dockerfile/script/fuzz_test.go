package script_test

import (
	"strings"
	"testing"

	"depfetch/lock/dockerfile/script"
)

// FuzzRun holds that no script makes the evaluation crash or go on without end, and
// that nothing that stands for what is not known gets into a known address.
func FuzzRun(f *testing.F) {
	for _, text := range idioms() {
		f.Add(text, true)
	}
	f.Add("declare -A M=([a]=1); for k in \"${!M[@]}\"; do wget https://h/$k-${M[$k]}; done", true)
	f.Add("f() { f; f; }; f; while read a; do curl \"$a[1-3]\"; done <<< b", false)
	f.Fuzz(func(t *testing.T, text string, bash bool) {
		m := script.New("linux/arm64")
		m.Budget.Work = 1 << 22
		if err := m.Run(script.Source{Text: text, Locate: func(i int) int { return i }, Bash: bash}); err != nil {
			return
		}
		for _, a := range addresses(m) {
			if !a.known {
				continue
			}
			if strings.Trim(a.text, " \t\n") == "" || strings.Contains(a.text, "\x00") {
				t.Errorf("%q: a known address is %q", text, a.text)
			}
			if strings.Contains(a.text, "$(…)") && !strings.Contains(text, "…") || strings.Contains(a.text, "__unknown_") && !strings.Contains(text, "__unknown_") {
				t.Errorf("%q: %q stands for what is not known", text, a.text)
			}
		}
	})
}
