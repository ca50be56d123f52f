package document

import (
	"encoding/json"
	"testing"
)

// TestObject holds that objects are JSON, in the order of the calls, and what they leave out.
func TestObject(t *testing.T) {
	for _, test := range []struct {
		name, want string
		make       func(*Object)
	}{
		{"one", `{"a":"b"}`, func(o *Object) { o.Text("a", "b") }},
		{"order", `{"b":"1","a":[2],"c":"3"}`, func(o *Object) { o.Text("b", "1"); o.Raw("a", "[2]"); o.Text("c", "3") }},
		{"no empty text", `{"a":0,"c":"d"}`, func(o *Object) { o.Text("x", ""); o.Raw("a", "0"); o.Text("b", ""); o.Text("c", "d") }},
		{"escapes", `{"\"k\\\"":"\"\\\u000a\u001b[31m\u202eé"}`, func(o *Object) { o.Text(`"k\"`, "\"\\\n\x1b[31m\u202eé") }},
	} {
		var o Object
		test.make(&o)
		text := string(o) + "}"
		if text != test.want {
			t.Errorf("%s: got %s, want %s", test.name, text, test.want)
		}
		if !json.Valid([]byte(text)) {
			t.Errorf("%s: no JSON: %s", test.name, text)
		}
	}
	var none Object
	if none.Text("a", ""); none != nil {
		t.Errorf("an empty text began an object: %s", none)
	}
}

// FuzzText holds that every text comes back, but for bytes that are no UTF-8.
func FuzzText(f *testing.F) {
	f.Add("key", "value")
	f.Add("\"\\\n\u2028", "\x00\x1b\ufffd\U0001f600")
	f.Fuzz(func(t *testing.T, key, value string) {
		if value == "" {
			return
		}
		var o Object
		o.Text(key, value)
		o.Raw("n", "1")
		var got map[string]any
		if err := json.Unmarshal([]byte(string(o)+"}"), &got); err != nil {
			t.Fatalf("%q: %v", o, err)
		}
		for _, c := range string(o) {
			if c < ' ' || c == 0x7f || c == 0x202e {
				t.Errorf("%q affects a terminal", o)
			}
		}
		if key != "n" && string([]rune(key)) == key && string([]rune(value)) == value && got[key] != value {
			t.Errorf("%q came back as %q", value, got[key])
		}
	})
}
