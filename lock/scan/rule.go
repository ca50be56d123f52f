// Package scan finds what Dockerfiles download or start from without a pin, and
// checks that check nothing.
//
// It guarantees that a finding names the place, the rule and the reason, and that
// the same file gives the same findings in the same order. It reports what it can
// show: a download that is compared with a sum, a downloaded list or a signature
// counts as checked, and what only the build can tell is not held against a file.
// A script that it cannot read is reported, so that silence means something.
package scan

import (
	"fmt"
	"slices"
	"strings"
)

// Level says how much a finding matters. Values compare with < and >.
type Level int

const (
	Note Level = iota
	Warning
	Error
)

// String returns the level's name, which is SARIF's too.
func (l Level) String() string { return levelNames()[l] }

func levelNames() []string { return []string{"note", "warning", "error"} }

// ParseLevel reads a level by its name.
func ParseLevel(s string) (Level, error) {
	if i := slices.Index(levelNames(), s); i >= 0 {
		return Level(i), nil
	}
	return Note, fmt.Errorf("level %q: want note, warning or error", s)
}

// Rule is what a finding is a breach of.
type Rule struct {
	ID    string
	Level Level // the highest that its findings have
	Title string
	Why   string
	Mend  string
}

// Rules returns all rules.
func Rules() []Rule {
	return []Rule{
		{"unverified", Error, "download without a check",
			"whoever controls the server, its account or the way to it decides what is built, and nobody sees a change",
			"pin it with deplock sync, or compare it with a sum: echo \"SUM  FILE\" | sha256sum -c -"},
		{"ineffective-check", Error, "check that cannot fail",
			"the build goes on when the sum is wrong, so the check only looks like one",
			"let the failure end the step: put && behind the check or set -e before it, and neither || nor ; behind it"},
		{"pipe-to-shell", Error, "download piped into a shell",
			"what the server sends today is run at once, and a transfer that breaks off runs half of it",
			"download it to a file, check its sum, then run it; or install a pinned release instead"},
		{"pipe-to-tar", Error, "download piped into an unpacker",
			"the archive is parsed before it can be checked, and it never is",
			"pin it with deplock sync, or download it to a file and check its sum first"},
		{"used-before-check", Warning, "used before it is checked",
			"the check comes when the damage is done",
			"check the sum before anything reads the file"},
		{"insecure-tls", Error, "certificates are not checked",
			"anybody on the way can send anything",
			"drop the option; give a private CA with --cacert"},
		{"plain-http", Warning, "download over plain http",
			"anybody on the way can read and change it",
			"use the https address"},
		{"curl-without-fail", Warning, "curl without -f",
			"an error page is taken for the file",
			"add -f (--fail)"},
		{"unpinned-url", Warning, "address without a version",
			"what it leads to changes without a change of the Dockerfile",
			"name a version in the address"},
		{"unpinned-source", Warning, "source code without a commit",
			"a branch changes with every push and a tag can be moved, so the same Dockerfile builds something else tomorrow",
			"name a full commit, which cannot be moved (git checkout, pip's @, npm's #, cargo's --rev), or pin an archive of it (deplock add)"},
		{"package-source", Error, "further place that packages come from",
			"whoever holds its key decides what is installed, and without a check of signatures everybody on the way does",
			"leave the check of signatures on, and name the key that belongs to the place (signed-by)"},
		{"target-platform", Warning, "platform that is not the one built for",
			"the files of another architecture are taken, and nothing fails until they are run",
			"put ARG TARGETPLATFORM, without a default, into the stage; if files for the build machine are meant, say depfetch --platform"},
		{"add-unverified", Error, "ADD of an address without --checksum",
			"whoever controls the server decides what is built, and nobody sees a change",
			"add --checksum=sha256:SUM (deplock export --format add prints such lines), or for a repository its commit"},
		{"unpinned-image", Warning, "image without a digest",
			"a tag can be moved, so the same Dockerfile builds on something else tomorrow",
			"deplock pin writes the digest behind the tag"},
		{"tools-left", Note, "tools for downloading in the final stage",
			"they and what they need make the image larger, need updates, and serve whoever breaks in",
			"download in a stage of its own, or with depfetch, which leaves nothing"},
		{"root-user", Warning, "final stage runs as root",
			"whoever breaks out of the program is root in the container",
			"add USER with a user of the image or a number"},
		{"unread-script", Note, "script that is not read",
			"what it downloads is not looked at",
			"look at it yourself"},
	}
}

// FindRule returns a rule by its ID.
func FindRule(id string) (Rule, bool) {
	for _, r := range Rules() {
		if r.ID == id {
			return r, true
		}
	}
	return Rule{}, false
}

// ids returns the IDs of all rules, with commas between.
func ids() string {
	var all []string
	for _, r := range Rules() {
		all = append(all, r.ID)
	}
	return strings.Join(all, ", ")
}

// CheckRule returns an error that lists the rules if there is none of the ID.
func CheckRule(id string) error {
	if _, ok := FindRule(id); !ok {
		return fmt.Errorf("no rule %q: there are %s", id, ids())
	}
	return nil
}
