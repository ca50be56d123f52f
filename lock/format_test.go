package lock

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// formatBlocks returns the fenced blocks of FORMAT.md that are of a language.
func formatBlocks(t *testing.T, language string) []string {
	t.Helper()
	data, err := os.ReadFile("FORMAT.md")
	if err != nil {
		t.Fatal(err)
	}
	fence := regexp.MustCompile("(?ms)^```" + language + "\n(.*?)^```$")
	var blocks []string
	for _, match := range fence.FindAllStringSubmatch(string(data), -1) {
		blocks = append(blocks, match[1])
	}
	if len(blocks) == 0 {
		t.Fatalf("FORMAT.md has no %s blocks", language)
	}
	return blocks
}

// TestFormatExamples holds that every example of FORMAT.md is good. Those that
// do not begin with the format's version are parts of one dependency.
func TestFormatExamples(t *testing.T) {
	for _, text := range formatBlocks(t, "toml") {
		if !strings.HasPrefix(text, "version = 1\n") {
			if !regexp.MustCompile(`(?m)^url `).MatchString(text) {
				text = "url = \"https://example.com/tool\"\n" + text
			}
			text = "version = 1\n[deps.tool]\n" + text
		}
		if _, err := load("FORMAT.md", text); err != nil {
			t.Errorf("%s\n%v", text, err)
		}
	}
}

// TestFormatErrors holds that every message of FORMAT.md is one that a bad
// lockfile of testdata gets, and that none which they get is unmentioned but
// for its sample values.
func TestFormatErrors(t *testing.T) {
	documented := make(map[string]bool)
	shapes := make(map[string]bool)
	for _, block := range formatBlocks(t, "errors") {
		for msg := range strings.Lines(block) {
			msg = strings.TrimSuffix(msg, "\n")
			documented[msg] = true
			shapes[shape(msg)] = true
		}
	}
	for path, text := range fixtures(t, "bad") {
		_, err := load(path, text)
		for _, e := range err.(ErrorList) {
			delete(documented, e.Msg)
			if e.Kind != KindSyntax && !shapes[shape(e.Msg)] {
				t.Errorf("FORMAT.md does not mention %q", e.Msg)
			}
		}
	}
	for msg := range documented {
		t.Errorf("no bad lockfile gets %q", msg)
	}
}

// shape returns a message without its sample values.
func shape(msg string) string {
	msg = regexp.MustCompile(`; did you mean .*\?$|^for \S+: `).ReplaceAllString(msg, "")
	msg = regexp.MustCompile(`(want|found|write) (an? )?(string|array|table|integer|float|boolean|date or time)( of tables)?`).ReplaceAllString(msg, "$1 …")
	return regexp.MustCompile(`"[^"]*"|'[^']*'|\{\w*\}|\d+|\S+://\S+|\S*/\S+|deps\.\S+|(tofu|published|signed)|^\w+ is missing$`).ReplaceAllString(msg, "…")
}
