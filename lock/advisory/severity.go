package advisory

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	cvss2 "github.com/pandatix/go-cvss/20"
	cvss30 "github.com/pandatix/go-cvss/30"
	cvss31 "github.com/pandatix/go-cvss/31"
	cvss4 "github.com/pandatix/go-cvss/40"
)

// Level is how severe a vulnerability is, by the scale of CVSS. Values compare with < and >.
type Level int

const (
	Unknown Level = iota
	None          // 0.0
	Low           // up to 3.9
	Medium        // up to 6.9
	High          // up to 8.9
	Critical
)

func levelNames() []string { return []string{"unknown", "none", "low", "medium", "high", "critical"} }

// String returns the level's name.
func (l Level) String() string { return levelNames()[l] }

// ParseLevel reads a threshold by its name.
func ParseLevel(s string) (Level, error) {
	if i := slices.Index(levelNames(), s); i >= int(Low) {
		return Level(i), nil
	}
	return Unknown, fmt.Errorf("severity %q: want low, medium, high or critical", s)
}

// Severity is how severe a vulnerability is.
type Severity struct {
	Level  Level
	Score  float64 // of CVSS; 0 if Vector is empty
	Vector string  // of CVSS; may be empty
}

// compare orders severities; an unknown one comes before all others.
func (s Severity) compare(o Severity) int {
	return cmp.Or(cmp.Compare(s.Level, o.Level), cmp.Compare(s.Score, o.Score))
}

// severity returns the highest severity that r gives for t: by the vectors of CVSS, or else
// by the word of its database.
func (r *record) severity(t target) (highest Severity) {
	scores, words := r.Severity, []json.RawMessage{r.Specific}
	for _, a := range r.Affected {
		if a.Package.is(t) {
			scores = slices.Concat(scores, a.Severity)
			words = append(words, a.Specific, a.EcosystemSpecific)
		}
	}
	for _, s := range scores {
		if got := s.read(); got.compare(highest) > 0 {
			highest = got
		}
	}
	if highest.Level != Unknown {
		return highest
	}
	for _, w := range words {
		highest.Level = max(highest.Level, word(w))
	}
	return highest
}

// read returns what a vector says. It is zero for one that cannot be read.
func (s score) read() Severity {
	var (
		n   float64
		err error
	)
	switch {
	case s.Type == "CVSS_V2":
		var v *cvss2.CVSS20
		if v, err = cvss2.ParseVector(s.Score); err == nil {
			n = v.BaseScore()
		}
	case strings.HasPrefix(s.Score, "CVSS:3.0/"):
		var v *cvss30.CVSS30
		if v, err = cvss30.ParseVector(s.Score); err == nil {
			n = v.BaseScore()
		}
	case strings.HasPrefix(s.Score, "CVSS:3.1/"):
		var v *cvss31.CVSS31
		if v, err = cvss31.ParseVector(s.Score); err == nil {
			n = v.BaseScore()
		}
	case strings.HasPrefix(s.Score, "CVSS:4.0/"):
		var v *cvss4.CVSS40
		if v, err = cvss4.ParseVector(s.Score); err == nil {
			n = v.Score()
		}
	default:
		return Severity{}
	}
	if err != nil {
		return Severity{}
	}
	return Severity{levelOf(n), n, s.Score}
}

func levelOf(score float64) Level {
	switch {
	case score < 0.1:
		return None
	case score < 4:
		return Low
	case score < 7:
		return Medium
	case score < 9:
		return High
	}
	return Critical
}

// word returns the severity that a database has in words of its own: GitHub's.
func word(specific json.RawMessage) Level {
	var s struct {
		Severity json.RawMessage `json:"severity"`
	}
	var name string
	if json.Unmarshal(specific, &s) != nil || json.Unmarshal(s.Severity, &name) != nil {
		return Unknown
	}
	switch strings.ToLower(name) {
	case "low":
		return Low
	case "moderate", "medium":
		return Medium
	case "high":
		return High
	case "critical":
		return Critical
	}
	return Unknown
}
