package scan

import (
	"regexp"
	"strings"

	"depfetch/fetch/source"
	"depfetch/lock/dockerfile/script"
)

var unverified = Rule{
	ID:    "unverified",
	Level: Error,
	Title: "download without a check",
	Why:   "whoever controls the server, its account or the way to it decides what is built, and nobody sees a change",
	Fix:   "pin it with `deplock sync`, or compare it with a sum: `echo \"SUM  FILE\" | sha256sum -c -`",
	check: func(p *pass) {
		for _, d := range p.downloads {
			switch {
			case d.fault != unchecked:
			case d.Piped != nil && d.Piped.Into != d.Tool:
				p.report(Error, d.Start, d.End, "%s downloads %s, and %s takes it unchecked", d.Tool, shown(d.URL), d.Piped.Into)
			default:
				p.report(Error, d.Start, d.End, "%s downloads %s, and nothing checks what arrives", d.Tool, shown(d.URL))
			}
		}
		for _, stage := range p.stages {
			for _, c := range script.Of[*script.Checkout](stage.Events) {
				if c.Module && c.Unchecked {
					p.report(Error, c.Start, c.End, "%s downloads %s, and the checksum database is not asked", c.Tool, shown(c.URL))
				}
			}
		}
	},
}

var ineffectiveCheck = Rule{
	ID:    "ineffective-check",
	Level: Error,
	Title: "check that cannot fail",
	Why:   "the build goes on when the sum is wrong, so the check only looks like one",
	Fix:   "let the failure end the step: put `&&` behind the check or `set -e` before it, in a loop `|| exit 1` behind it, and no other `||` or `;` there",
	check: func(p *pass) {
		for _, d := range p.downloads {
			if d.fault == ineffective {
				c := d.Checks[0]
				p.report(Error, c.At, c.At, "this check of %s cannot fail: %s", shown(d.URL), c.Lost)
			}
		}
		for _, stage := range p.stages {
			for _, i := range script.Of[script.Idle](stage.Events) {
				p.report(Error, i.At, i.At, "%s", i.What)
			}
		}
	},
}

var pipeToShell = Rule{
	ID:    "pipe-to-shell",
	Level: Error,
	Title: "download piped into a shell",
	Why:   "what the server sends today is run at once, and a transfer that breaks off runs half of it",
	Fix:   "download it to a file, check its sum, then run it; or install a pinned release instead",
	check: func(p *pass) {
		for _, d := range p.downloads {
			if d.fault == pipedToShell {
				p.report(Error, d.Start, d.End, "%s runs what %s sends, unseen", d.Piped.Into, shown(d.URL))
			}
		}
	},
}

var pipeToTar = Rule{
	ID:    "pipe-to-tar",
	Level: Error,
	Title: "download piped into an unpacker",
	Why:   "the archive is parsed before it can be checked, and it never is",
	Fix:   "pin it with `deplock sync`, or download it to a file and check its sum first",
	check: func(p *pass) {
		for _, d := range p.downloads {
			if d.fault == pipedToUnpacker {
				p.report(Error, d.Start, d.End, "%s unpacks what %s sends, unchecked", d.Piped.Into, shown(d.URL))
			}
		}
	},
}

var usedBeforeCheck = Rule{
	ID:    "used-before-check",
	Level: Warning,
	Title: "used before it is checked",
	Why:   "the check comes when the damage is done",
	Fix:   "check the sum before anything reads the file",
	check: func(p *pass) {
		for _, d := range p.downloads {
			if d.fault == late {
				p.report(Warning, d.Used.At, d.Used.At, "%s reads what %s sends before it is checked", d.Used.By, shown(d.URL))
			}
		}
	},
}

// namesCommit matches the fragment of a repository's address that names a commit,
// and may name a directory.
var namesCommit = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?(:|$)`)

var addUnverified = Rule{
	ID:    "add-unverified",
	Level: Error,
	Title: "ADD of an address without --checksum",
	Why:   "whoever controls the server decides what is built, and nobody sees a change",
	Fix:   "add `--checksum=sha256:SUM` (`deplock export --format add` prints such lines), or for a repository its commit",
	check: func(p *pass) {
		for _, a := range p.adds {
			repo, ref, _ := strings.Cut(a.URL.Text, "#")
			switch {
			case a.Checksum != "", a.download.Verified(), a.download.Evidence:
			case !a.Git:
				p.report(Error, a.At, a.Instruction.End, "ADD downloads %s, and nothing checks what arrives", shown(a.URL))
			case !namesCommit.MatchString(ref):
				p.report(Warning, a.At, a.Instruction.End, "ADD takes %s#%s without naming a commit", source.Redact(repo), ref)
			}
		}
	},
}
