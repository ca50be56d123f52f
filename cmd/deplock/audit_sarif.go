package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"depfetch/lock"
	"depfetch/lock/advisory"
	"depfetch/lock/scan/sarif"
)

// notAsked is the rule of what nobody could be asked about.
const notAsked = "not-asked"

func (c *command) vulnerabilitiesSARIF(file *lock.File, r *advisory.Report) error {
	l := sarif.Log{Program: "deplock audit", Version: version}
	add := func(rule sarif.Rule, s advisory.Subject, level, message, suppressed string) {
		if !slices.ContainsFunc(l.Rules, func(r sarif.Rule) bool { return r.ID == rule.ID }) {
			l.Rules = append(l.Rules, rule)
		}
		at := placeOf(file, s)
		l.Results = append(l.Results, sarif.Result{
			Rule: rule.ID, Level: level, Message: message, File: file.Name,
			Line: at.line, Col: at.col, EndLine: at.endLine, EndCol: at.endCol, Suppressed: suppressed,
		})
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		rule := vulnerabilityRule(f)
		level, suppressed := rule.Level, ""
		if f.Below {
			level = "note"
		}
		if f.Ignored != nil && !f.Expired {
			suppressed = f.Ignored.Reason + " (until " + f.Ignored.Until.Format(time.DateOnly) + ")"
		}
		// What stands first in a message gets a capital letter, which names must not.
		message := f.ID + " affects " + shownSubject(f.Subject)
		if f.Fixed != "" {
			message += ", and is fixed in " + fixedIn(f)
		}
		add(rule, f.Subject, level, message, suppressed)
	}
	for _, u := range r.Unasked {
		add(sarif.Rule{
			ID: notAsked, Title: "no database knows it", Level: "note",
			Text:     "what no database of advisories can be asked about may have vulnerabilities",
			Help:     "look at what its upstream publishes",
			Markdown: "Look at what its upstream publishes.",
		}, u.Subject, "note", "not asked about "+shownSubject(u.Subject)+": "+u.Why, "")
	}
	return l.Write(c.stdout)
}

// vulnerabilityRule returns the rule that a vulnerability is to code scanning.
func vulnerabilityRule(f *advisory.Finding) sarif.Rule {
	title := f.Summary
	if title == "" {
		title = "a known vulnerability"
	}
	title = strings.TrimSuffix(title, ".")
	rule := sarif.Rule{
		ID: f.ID, Title: title, Text: strings.Join(append([]string{f.ID}, f.Aliases...), ", ") + ": " + title, Level: "error",
		Help: "update to a version without it", Markdown: "Update to a version without it. Read more at " + f.Link() + ".",
		URL: f.Link(), Security: true,
	}
	if f.Severity.Vector != "" {
		rule.Score = fmt.Sprintf("%.1f", f.Severity.Score)
	}
	switch f.Severity.Level {
	case advisory.Medium:
		rule.Level = "warning"
	case advisory.None, advisory.Low:
		rule.Level = "note"
	}
	return rule
}
