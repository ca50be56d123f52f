package sarif

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"depfetch/fetch/printable"
)

// Log is one run of a program. Texts are without a full stop at their end.
type Log struct {
	Program string
	Version string
	Rules   []Rule
	Results []Result
}

// Rule is what results are breaches of.
type Rule struct {
	ID    string
	Title string
	Text  string // all of what it says
	Level string // note, warning or error
	// Help says what to do, also in Markdown, and URL, which is absolute or empty, where
	// people read more.
	Help, Markdown, URL string
	// Security is set for a vulnerability, whose score of CVSS may be known.
	Security bool
	Score    string
}

// Result is one finding, from a place in a file up to another.
type Result struct {
	Rule            string
	Level           string
	Message         string
	File            string
	Line, Col       int
	EndLine, EndCol int
	Suppressed      string // why it does not count; empty if it does
}

// Write writes l.
func (l Log) Write(w io.Writer) error {
	r := run{ColumnKind: "unicodeCodePoints", Results: []result{}}
	r.Tool.Driver = driver{Name: l.Program, SemanticVersion: l.Version, Rules: []rule{}}
	index := make(map[string]int)
	for i, x := range l.Rules {
		index[x.ID] = i
		one := rule{
			ID: x.ID, Short: text{sentence(x.Title)}, Full: text{sentence(x.Text)},
			Help: help{Text: sentence(x.Help), Markdown: x.Markdown}, HelpURI: x.URL, Default: configuration{x.Level},
		}
		if x.Security {
			one.Properties = &properties{Tags: []string{"security"}, Severity: x.Score}
		}
		r.Tool.Driver.Rules = append(r.Tool.Driver.Rules, one)
	}
	seen := make(map[string]int)
	for _, x := range l.Results {
		print := x.File + "\x00" + x.Rule + "\x00" + x.Message
		seen[print]++
		sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", print, seen[print]))
		one := result{
			RuleID: x.Rule, RuleIndex: index[x.Rule], Level: x.Level, Message: text{sentence(x.Message)},
			Locations:    []location{{physical{artifact{uri(x.File)}, region{x.Line, x.Col, x.EndLine, x.EndCol}}}},
			Fingerprints: map[string]string{"deplock/v1": hex.EncodeToString(sum[:16])},
		}
		if x.Suppressed != "" {
			one.Suppressions = []suppression{{"external", x.Suppressed}}
		}
		r.Results = append(r.Results, one)
	}
	enc := json.NewEncoder(printable.JSON(w))
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	return enc.Encode(report{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []run{r}})
}
