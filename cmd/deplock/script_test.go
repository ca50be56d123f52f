package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"depfetch/cmd/internal/scripttest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"deplock": main, "curl": main, "wget": main})
}

func TestScripts(t *testing.T) { scripttest.Run(t, "deplock_*.txtar", "depfetch") }

// TestPages runs the commands that the pages of this repository show, as they stand there.
func TestPages(t *testing.T) { scripttest.Run(t, "page_*.txtar", "depfetch") }
