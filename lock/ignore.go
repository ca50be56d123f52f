package lock

import (
	"errors"
	"strings"
	"time"
	"unicode"
)

// Ignore is an entry of policy.ignore: a vulnerability that somebody has looked at and
// accepts until a day. Only deplock reads it.
type Ignore struct {
	ID     string // of the vulnerability, or an alias of it
	Reason string
	Until  time.Time // the last day, which is its beginning in UTC

	at *value
}

// Fault returns an error about i at its place in the lockfile.
func (i Ignore) Fault(hint, msg string) *Error {
	e := i.at.errorf(KindPolicy, i.at.Start, "%s", msg)
	e.Hint = hint
	return e
}

// Ignores returns the entries of policy.ignore in the order of the document. Its error
// is an [ErrorList] of [KindFormat]. Parse leaves them alone, since they are of no use to
// a build.
func (f *File) Ignores() ([]Ignore, error) {
	doc, _ := scan(f.Name, f.Syntax.Text)
	ignores := parseIgnores(doc.root.get("policy").get("ignore"))
	return ignores, doc.faults.err()
}

// parseIgnores reads what is ignored: a table, or an array of tables.
func parseIgnores(v *value) (ignores []Ignore) {
	seen := make(map[string]bool)
	for _, t := range v.tables("ignores nothing; leave it out") {
		if !t.table(ignoreKeys...) {
			continue
		}
		id := t.require("id")
		i := Ignore{ID: parsed(id, parseAdvisory), Reason: parsed(t.require("reason"), parseReason), at: t}
		if until := t.require("until"); until != nil {
			day, _ := until.scalar().(time.Time)
			if i.Until = day; day.Location().String() != "date-local" {
				until.fail("want the last day, as 2026-12-31")
			}
		}
		if folded := strings.ToLower(i.ID); id != nil && seen[folded] {
			id.fail("%q is listed twice", i.ID)
		} else {
			seen[folded] = true
		}
		ignores = append(ignores, i)
	}
	return ignores
}

// parseAdvisory reads the id of a vulnerability.
func parseAdvisory(s string) (string, error) {
	if s == "" || len(s) > 128 || !strings.Contains(s, "-") || !consistsOf(s, "._:-") {
		return s, errors.New("want the id of a vulnerability, as GHSA-… or CVE-…")
	}
	return s, nil
}

// parseReason reads why something is ignored.
func parseReason(s string) (string, error) {
	if strings.TrimSpace(s) == "" || strings.ContainsFunc(s, unicode.IsControl) {
		return s, errors.New("want a line that says why it does no harm here")
	}
	return s, nil
}
