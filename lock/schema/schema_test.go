package schema

import (
	"bytes"
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the schema beside FORMAT.md")

// file is where the schema is kept.
const file = "../deps.lock.schema.json"

// TestFile holds that the file is what the code makes of the parser's keys.
func TestFile(t *testing.T) {
	got := JSON()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the code makes; go test ./lock/schema -update writes it", file)
	}
}

// TestUndescribed holds that the schema knows the keys of the parser, and no others.
func TestUndescribed(t *testing.T) {
	if keys := Undescribed(); len(keys) > 0 {
		t.Errorf("keys that only the parser or only the schema knows: %q", keys)
	}
}
