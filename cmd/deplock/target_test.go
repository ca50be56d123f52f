package main

import (
	"path/filepath"
	"testing"

	"depfetch/lock/edit"
)

// TestTargetStarted holds that of two processes which start a lockfile at once, neither
// fails, and what both have added is in it.
func TestTargetStarted(t *testing.T) {
	name := filepath.Join(t.TempDir(), "deps.lock.toml")
	var targets [2]target
	for i := range targets {
		var err error
		if targets[i], err = openTarget(name); err != nil {
			t.Fatal(err)
		}
	}
	for i, dep := range []string{"a", "b"} {
		add := func(doc *edit.Document) error {
			return doc.Add(edit.NewDep{Name: dep, URL: "https://example.com/" + dep, Path: "/" + dep})
		}
		if err := targets[i].write(t.Context(), add); err != nil {
			t.Errorf("%s: %v", dep, err)
		}
	}
	got, err := openTarget(name)
	if err != nil || got.file.Dep("a") == nil || got.file.Dep("b") == nil {
		t.Errorf("%+v, %v", got.file, err)
	}
	if !targets[0].started || targets[1].started {
		t.Error("the first one has started it, and not the second")
	}
}
