package console

import (
	"bytes"
	"encoding/json"
	"testing"
)

func TestObject(t *testing.T) {
	var o object
	o.Text("a", "x")
	o.Text("none", "")
	o.int("zero", 0)
	o.int("large", -1<<63)
	o.float("half", 0.5)
	o.float("none", 0)
	o.flag("yes", true)
	o.flag("no", false)
	var b bytes.Buffer
	if err := o.writeTo(&b); err != nil {
		t.Fatal(err)
	}
	want := `{"a":"x","zero":0,"large":-9223372036854775808,"half":0.5,"yes":true}` + "\n"
	if b.String() != want {
		t.Errorf("got %s, want %s", b.String(), want)
	}
}

// TestObjectShows holds that what steers a terminal is escaped.
func TestObjectShows(t *testing.T) {
	var o object
	o.Text("a", "\x1b[31m\u202eé\U000e0041\u009b\n")
	var b bytes.Buffer
	if err := o.writeTo(&b); err != nil {
		t.Fatal(err)
	}
	if want := `{"a":"\u001b[31m\u202eé\udb40\udc41\u009b\u000a"}` + "\n"; b.String() != want {
		t.Errorf("got %s, want %s", b.String(), want)
	}
}

// FuzzObject holds that a reader of JSON reads what was written.
func FuzzObject(f *testing.F) {
	for _, s := range []string{"", "a\"b\\c/", "\x00\x1f\x7f\n\t", "ü\u2028日本🙂", "\xff\xfe", "</script>"} {
		f.Add(s, 1.5, int64(-1))
	}
	f.Fuzz(func(t *testing.T, s string, x float64, n int64) {
		var o object
		o.Text("k"+s, "v"+s)
		o.int("n", n)
		var b bytes.Buffer
		if err := o.writeTo(&b); err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		d := json.NewDecoder(&b)
		d.UseNumber()
		if err := d.Decode(&got); err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		clean := string([]rune(s)) // what is not UTF-8 is replaced
		if got["k"+clean] != "v"+clean {
			t.Errorf("%q: got %q", s, got)
		}
	})
}
