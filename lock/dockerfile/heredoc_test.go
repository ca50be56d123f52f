package dockerfile_test

import (
	"strings"
	"testing"

	"depfetch/lock/dockerfile"
)

// TestHeredocLimit: what BuildKit's parser would need minutes for is refused before,
// and a large file of usual heredocs is read.
func TestHeredocLimit(t *testing.T) {
	const head = "FROM scratch\n"
	lines := func(n int) string { return strings.Repeat("\n", n) }
	large := func(start, end string) string { return head + "RUN " + start + "\n" + lines(1<<17) + end + "\n" }
	for name, text := range map[string]string{
		"ended":         large("<<E", "E"),
		"not ended":     large("<<E", ""),
		"opened again":  head + strings.Repeat("RUN <<E\n", 1<<17),
		"quoted":        large("<<-'E'", "\tE"),
		"another word":  large("<<E.; #", "E"),
		"word of parts": large("<<E\"x\"", "Ex"),
		"two":           large("<<A <<B", "A\nB"),
		"many":          head + strings.Repeat("RUN <<E\n"+lines(1<<15)+"E\n", 16),
		"hidden":        head + "# <<A\nRUN <<B\nA\n" + lines(1<<17) + "B\n",
		"in one other":  head + "RUN <<A\n<<B\nA\nRUN <<C\n" + lines(1<<17) + "B\nC\n",
	} {
		if _, err := dockerfile.Parse(name, []byte(text)); err == nil || !strings.Contains(err.Error(), "heredocs of so many lines are not read") {
			t.Errorf("%s: %v", name, err)
		}
	}
	body := strings.Repeat("curl -fsSLO https://example.com/a/b/c/d/e/f/g/h/i/j/k/l/m\n", 300)
	usual := head + strings.Repeat("RUN <<E\ncat <<F\n"+body+"F\nE\n", 60)
	if _, err := dockerfile.Parse("usual", []byte(usual)); len(usual) < 1_000_000 || err != nil {
		t.Errorf("%d bytes: %v", len(usual), err)
	}
}
