package spdx

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"depfetch/fetch/document"
	"depfetch/fetch/document/documenttest"
)

// packages are one of each kind: a file, members and a tree of one archive, and one of whose
// fields the text has to be escaped.
func packages() []*Package {
	sum, location := documenttest.Sum, documenttest.Archive
	return []*Package{
		{Key: "/bin/kubectl", Name: "kubectl", Version: "v1.34.1", File: "/bin/kubectl", Location: documenttest.Kubectl,
			Digest: sum("kubectl"), Supplier: "Organization: Kubernetes", License: "Apache-2.0",
			PURL: "pkg:github/kubernetes/kubernetes@v1.34.1", CPE: "cpe:2.3:a:kubernetes:kubernetes:1.34.1:*:*:*:*:*:*:*"},
		{Key: "/bin/tool", Name: "tool", Version: "1.0", File: "/bin/tool", Location: location, Digest: sum("tool"),
			Archive: "tool-1.0.tar.gz", ArchiveDigest: sum("archive"), Member: "bin/tool"},
		{Key: "/bin/other", Name: "other", File: "/bin/other", Comment: "dependency another", Location: location, Archive: "tool-1.0.tar.gz", ArchiveDigest: sum("archive"), Member: "bin/other"},
		{Key: "/opt/tool", Name: "tree", File: "/opt/tool", Location: location, Archive: "tool-1.0.tar.gz", ArchiveDigest: sum("archive")},
		{Key: "odd", Name: `"odd",` + "\"SPDXID\":\"x\u202e\n\\", File: "odd", Location: "https://example.com/odd?token=REDACTED", Digest: sum("odd")},
	}
}

func documentOf(packages ...*Package) *Document {
	d := &Document{Tool: "depfetch-1.2.3", Created: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
	for _, p := range packages {
		d.Add(p)
	}
	return d
}

func encode(t testing.TB, packages ...*Package) []byte {
	t.Helper()
	text, err := documentOf(packages...).Extend(nil)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestDocument(t *testing.T) {
	documenttest.Golden(t, "document.spdx.json", encode(t, packages()...))
}

// TestSchema holds documents against SPDX's own schema.
func TestSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join("..", "..", "testdata", "schema", "spdx-2.3.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range [][]byte{encode(t, packages()[0]), encode(t, packages()...)} {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Error(err)
		}
	}
	var wrong any
	if err := json.Unmarshal([]byte(strings.Replace(string(encode(t, packages()...)), `"SHA256"`, `"SHA-256"`, 1)), &wrong); err != nil {
		t.Fatal(err)
	}
	if schema.Validate(wrong) == nil {
		t.Error("the schema takes everything")
	}
}

// TestExtend holds that it does not matter in which order packages come, nor in how many
// documents, and that what is added takes the place of what has its key.
func TestExtend(t *testing.T) {
	all := packages()
	want := encode(t, all...)
	var text []byte
	for i := len(all) - 1; i >= 0; i-- {
		var err error
		if text, err = documentOf(all[i]).Extend(text); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(text, want) {
		t.Errorf("added one by one: got %s, want %s", text, want)
	}
	if text, err := documentOf(all[1:3]...).Extend(text); err != nil || !bytes.Equal(text, want) {
		t.Errorf("added again: got %s, %v", text, err)
	}

	newer := *all[1]
	newer.Version, newer.Archive, newer.Digest = "2.0", "", documenttest.Sum("newer")
	other := *all[2]
	other.Archive = ""
	tree := *all[3]
	tree.Archive = ""
	got, err := documentOf(&newer, &other, &tree).Extend(text)
	if want := encode(t, all[0], &newer, &other, &tree, all[4]); err != nil || !bytes.Equal(got, want) {
		t.Errorf("newer versions, of no archive: got %s, want %s, %v", got, want, err)
	}
}

func TestExtendForeign(t *testing.T) {
	text := string(encode(t, packages()...))
	for name, text := range map[string]string{
		"json":      `{"spdxVersion":"SPDX-2.3"}`,
		"text":      "something else\n",
		"changed":   strings.Replace(text, "kubectl", "kubectI", 1),
		"cut":       text[:len(text)-2],
		"more":      text + "\n",
		"indented":  strings.Replace(text, `{"name"`, ` {"name"`, 1),
		"unrelated": strings.Replace(text, "DESCRIBES", "CONTAINS", 1),
	} {
		if got, err := documentOf(packages()...).Extend([]byte(text)); err != document.ErrForeign {
			t.Errorf("%s: got %s, %v", name, got, err)
		}
	}
}

func FuzzExtend(f *testing.F) {
	f.Add(encode(f, packages()...))
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := documentOf(packages()...).Extend(text)
		if err == nil && !json.Valid(got) {
			t.Errorf("made %s", got)
		}
	})
}
