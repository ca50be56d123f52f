package scripttest

import (
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"depfetch/cmd/internal/pages"
)

// page runs a command of a page of this repository as it stands there, with the export
// lines above it, by sh. The command is the only one there that begins with these words.
// In the variable REPLACE stand pairs of FROM=TO for what cannot be reached in a test.
func page(ts *testscript.TestScript, neg bool, args []string) {
	all, err := pages.Read(filepath.Join(ts.Getenv("REPOSITORY")))
	ts.Check(err)
	p, ok := all[args[0]]
	if !ok {
		ts.Fatalf("there is no page %s", args[0])
	}
	found := p.Find(args[1])
	if len(found) != 1 {
		ts.Fatalf("%s has %d commands that begin with %q", args[0], len(found), args[1])
	}
	script := found[0].Setup + found[0].Text
	for _, pair := range strings.Fields(ts.Getenv("REPLACE")) {
		from, to, _ := strings.Cut(pair, "=")
		script = strings.ReplaceAll(script, from, to)
	}
	if err := ts.Exec("sh", "-ec", script); (err != nil) != neg {
		ts.Fatalf("%s\n%v", script, err)
	}
}
