package dockerfile

import "testing"

func TestApply(t *testing.T) {
	for _, test := range []struct {
		name  string
		edits []Edit
		want  string
	}{
		{name: "nothing", want: "0123456789"},
		{name: "any order", edits: []Edit{{8, 9, "Y"}, {1, 3, "X"}}, want: "0X34567Y9"},
		{name: "both ends", edits: []Edit{{0, 1, ""}, {10, 10, "!"}}, want: "123456789!"},
		{name: "insertions at one place", edits: []Edit{{5, 5, "a"}, {5, 5, "b"}, {5, 6, "c"}}, want: "01234abc6789"},
		{name: "the same bytes twice", edits: []Edit{{2, 5, "x"}, {2, 5, "x"}}, want: "01x56789"},
	} {
		data := "0123456789"
		if got := string(Apply([]byte(data), test.edits)); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}
