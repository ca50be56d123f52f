// Package scan finds what Dockerfiles download or start from without a pin, and
// checks that check nothing.
//
// It guarantees that a finding names the place, the rule and the reason, and that
// the same file gives the same findings in the same order. It reports what it can
// show: a download that is compared with a sum, a downloaded list or a signature
// counts as checked, and what only the build can tell is not held against a file.
// A script that it cannot read is reported, so that silence means something.
//
// Each rule is one value, and each file holds one family of them. RULES.md
// documents them all and is generated from these values.
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

// Rule is what a finding is a breach of. Why and Fix are Markdown with code spans and
// no other markup, which Plain takes off.
type Rule struct {
	ID    string
	Level Level // the highest that its findings have
	Title string
	Why   string
	Fix   string

	check func(*pass)
}

// Markdown returns what the rule says in the form of RULES.md.
func (r Rule) Markdown() string {
	return fmt.Sprintf("%s: %s.\n\n**Why:** %s.\n\n**Fix:** %s.", strings.ToUpper(r.Level.String()[:1])+r.Level.String()[1:], r.Title, r.Why, r.Fix)
}

// Plain returns the text of a rule without its markup.
func Plain(markdown string) string { return strings.ReplaceAll(markdown, "`", "") }

// Rules returns all rules, in the order in which they are listed.
func Rules() []Rule {
	return []Rule{
		unverified, ineffectiveCheck, pipeToShell, pipeToTar, usedBeforeCheck,
		insecureTLS, plainHTTP, curlWithoutFail,
		unpinnedURL, unpinnedSource, packageSource,
		targetPlatform,
		addUnverified,
		unpinnedImage, toolsLeft, rootUser,
		unreadScript,
	}
}

// FindRule returns a rule by its ID. The error for an unknown one lists them all.
func FindRule(id string) (Rule, error) {
	var ids []string
	for _, r := range Rules() {
		if r.ID == id {
			return r, nil
		}
		ids = append(ids, r.ID)
	}
	return Rule{}, fmt.Errorf("no rule %q: there are %s", id, strings.Join(ids, ", "))
}
