package scripttest

import (
	"github.com/rogpeppe/go-internal/testscript"

	"depfetch/cmd/internal/pages"
)

// page runs a command of a page of this repository as it stands there, with the export
// lines above it, by sh. The command is the only one there that begins with these words.
func page(ts *testscript.TestScript, neg bool, args []string) {
	all, err := pages.Read(ts.Getenv("REPOSITORY"))
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
	if err := ts.Exec("sh", "-ec", script); (err != nil) != neg {
		ts.Fatalf("%s\n%v", script, err)
	}
}
