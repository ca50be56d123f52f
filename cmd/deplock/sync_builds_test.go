package main

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestDeclarations: compose and bake files say which builds they describe, and nothing
// where they are broken. What is made of variables is a "$".
func TestDeclarations(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []declared
	}{
		{"compose.yaml", "services:\n  a: {build: x}\n  b: {build: {context: y, dockerfile: D}}\n  c: {image: z}\n", []declared{{context: "x"}, {context: "y", dockerfile: "D"}}},
		{"compose.yaml", "services: [", nil},
		{"docker-bake.hcl", "variable \"V\" {}\ntarget \"a\" {\n  context = \"x\"\n  tags = [\"t\"]\n}\ntarget \"b\" {\n  context = \"${V}/y\"\n  dockerfile = \"D\"\n}\n",
			[]declared{{context: "$", dockerfile: "D"}, {context: "x"}}},
		{"docker-bake.hcl", "target {", nil},
		{"docker-bake.json", `{"group": {"default": {"targets": ["a"]}}, "target": {"a": {"context": "x", "tags": ["t"]}, "b": {"context": "${V}/y", "dockerfile": "D"}}}`,
			[]declared{{context: "$", dockerfile: "D"}, {context: "x"}}},
		{"docker-bake.json", `{"target": 1}`, nil},
		{"docker-bake.json", `{"target": {"a": {"context": 1}}}`, []declared{{context: "$"}}},
		{"docker-bake.json", `{`, nil},
		{"other.yaml", "services:\n  a: {build: x}\n", nil},
	} {
		dir := t.TempDir()
		name := filepath.Join(dir, tt.name)
		if err := os.WriteFile(name, []byte(tt.text), 0o644); err != nil {
			t.Fatal(err)
		}
		for i := range tt.want {
			tt.want[i].file = name
		}
		got := declarations(dir)
		slices.SortFunc(got, func(a, b declared) int { return cmp.Compare(a.context, b.context) })
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %s\n got %v\nwant %v", tt.name, tt.text, got, tt.want)
		}
	}
}
