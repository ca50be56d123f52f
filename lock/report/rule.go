package report

import (
	"fmt"

	"depfetch/lock/scan"
)

// Rule is a section of the page: a rule of package scan with its findings. Its level is
// that of the most severe of them, which may all be less than the rule's own.
type Rule struct {
	ID, Level, Title, Why, Fix string
	Class                      string
	Findings                   []Finding
}

// Finding is one breach of a rule.
type Finding struct {
	Place   Place
	Level   string
	Message string
}

// rulesOf groups findings by their rules, the most severe first; of one script that
// several Dockerfiles run, each counts once.
func rulesOf(findings []scan.Finding) (all []Rule) {
	seen := make(map[string]bool)
	by := make(map[string][]Finding)
	worst := make(map[string]scan.Level)
	for _, x := range findings {
		key := fmt.Sprintf("%q %s %d %s", x.File, x.Rule.ID, x.Start.Offset, x.Message)
		if !seen[key] {
			worst[x.Rule.ID] = max(worst[x.Rule.ID], x.Level)
			by[x.Rule.ID] = append(by[x.Rule.ID], Finding{Place{x.File, x.Start.Line}, x.Level.String(), x.Message})
		}
		seen[key] = true
	}
	for _, level := range []scan.Level{scan.Error, scan.Warning, scan.Note} {
		class := map[scan.Level]string{scan.Error: "bad", scan.Warning: "warn", scan.Note: "aside"}[level]
		for _, r := range scan.Rules() {
			if found := by[r.ID]; worst[r.ID] == level && len(found) > 0 {
				all = append(all, Rule{r.ID, level.String(), r.Title, scan.Plain(r.Why), scan.Plain(r.Fix), class, found})
			}
		}
	}
	return all
}
