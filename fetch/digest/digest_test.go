package digest_test

import (
	"encoding/json"
	"testing"

	"depfetch/fetch/digest"
)

// TestText holds that what is written is read again, an unknown digest too, and that
// nothing else is.
func TestText(t *testing.T) {
	for _, want := range []digest.SHA256{{}, digest.Of(nil), digest.Of([]byte("a"))} {
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		got := digest.Of([]byte("another"))
		if err := json.Unmarshal(text, &got); err != nil || got != want {
			t.Errorf("%s is read as %v, %v; want %v", text, got, err, want)
		}
	}
	var d digest.SHA256
	for _, text := range []string{`"ab"`, `"0000000000000000000000000000000000000000000000000000000000000000"`} {
		if err := json.Unmarshal([]byte(text), &d); err == nil {
			t.Errorf("%s is read as a digest", text)
		}
	}
}
