// Package sarif writes findings as SARIF 2.1.0, which code scanning reads.
//
// It guarantees a log that the schema of OASIS accepts, whose paths are relative
// and use slashes, and whose fingerprints stay the same while lines move.
package sarif

// Own code: the sixty lines of types below are all of SARIF that is written here, and
// a library's builders (go-sarif has 18,000 lines) would take as many to fill.

import (
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"depfetch/lock/scan"
)

type (
	report struct {
		Schema  string `json:"$schema"`
		Version string `json:"version"`
		Runs    []run  `json:"runs"`
	}
	run struct {
		Tool       tool     `json:"tool"`
		ColumnKind string   `json:"columnKind"`
		Results    []result `json:"results"`
	}
	tool struct {
		Driver driver `json:"driver"`
	}
	driver struct {
		Name            string `json:"name"`
		SemanticVersion string `json:"semanticVersion,omitempty"`
		Rules           []rule `json:"rules"`
	}
	rule struct {
		ID         string        `json:"id"`
		Short      text          `json:"shortDescription"`
		Full       text          `json:"fullDescription"`
		Help       help          `json:"help"`
		HelpURI    string        `json:"helpUri,omitempty"`
		Default    configuration `json:"defaultConfiguration"`
		Properties *properties   `json:"properties,omitempty"`
	}
	// properties are those that GitHub's code scanning reads.
	properties struct {
		Tags     []string `json:"tags"`
		Severity string   `json:"security-severity,omitempty"` // a score of CVSS
	}
	suppression struct {
		Kind          string `json:"kind"`
		Justification string `json:"justification"`
	}
	configuration struct {
		Level string `json:"level"`
	}
	text struct {
		Text string `json:"text"`
	}
	help struct {
		Text     string `json:"text"`
		Markdown string `json:"markdown"`
	}
	result struct {
		RuleID       string            `json:"ruleId"`
		RuleIndex    int               `json:"ruleIndex"`
		Level        string            `json:"level"`
		Message      text              `json:"message"`
		Locations    []location        `json:"locations"`
		Fingerprints map[string]string `json:"partialFingerprints"`
		Suppressions []suppression     `json:"suppressions,omitempty"`
	}
	location struct {
		Physical physical `json:"physicalLocation"`
	}
	physical struct {
		Artifact artifact `json:"artifactLocation"`
		Region   region   `json:"region"`
	}
	artifact struct {
		URI string `json:"uri"`
	}
	region struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
		EndLine     int `json:"endLine"`
		EndColumn   int `json:"endColumn"`
	}
)

// Write writes the findings as one log of one run of the program of a version. A rule's
// helpUri, which must be absolute, leads to its section of the page at a URL where the
// rules are documented; without one it is left out, and the section is in help alone.
func Write(w io.Writer, version, page string, findings []scan.Finding) error {
	l := Log{Program: "deplock scan", Version: version}
	for _, x := range scan.Rules() {
		one := Rule{
			ID: x.ID, Title: x.Title, Text: scan.Plain(x.Why), Level: x.Level.String(),
			Help: scan.Plain(x.Fix), Markdown: x.Markdown(),
		}
		if page != "" {
			one.URL = page + "#" + x.ID
		}
		l.Rules = append(l.Rules, one)
	}
	for _, f := range findings {
		l.Results = append(l.Results, Result{
			Rule: f.Rule.ID, Level: f.Level.String(), Message: f.Message, File: f.File,
			Line: f.Start.Line, Col: f.Start.Col, EndLine: f.End.Line, EndCol: max(f.End.Col, endColumn(f)),
		})
	}
	return l.Write(w)
}

// endColumn returns the least column that a region can end with.
func endColumn(f scan.Finding) int {
	if f.End.Line == f.Start.Line {
		return f.Start.Col + 1
	}
	return 1
}

// sentence returns a message as SARIF wants it.
func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

// uri returns the relative reference of a path.
func uri(path string) string {
	u := url.URL{Path: filepath.ToSlash(filepath.Clean(path))}
	return u.String()
}
