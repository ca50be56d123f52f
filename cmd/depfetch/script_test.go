package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"depfetch/cmd/internal/scripttest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"depfetch": main, "curl": main, "wget": main})
}

func TestScripts(t *testing.T) { scripttest.Run(t, "depfetch_*.txtar") }
