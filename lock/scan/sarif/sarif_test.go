package sarif

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"depfetch/lock/dockerfile"
	"depfetch/lock/scan"
)

// schema compiles the schema of OASIS, as it publishes it.
func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	f, err := os.Open("testdata/sarif-schema-2.1.0.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	doc, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("sarif.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("sarif.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(t *testing.T, s *jsonschema.Schema, text []byte) error {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(v)
}

func TestSchema(t *testing.T) {
	const file = `FROM debian:bookworm
ADD http://h/latest/é /a
RUN curl -k https://h/a | sh; curl -o b https://h/b; echo "0123456789abcdef0123456789abcdef b" | sha256sum; \
    wget https://h/c && tar xf c && echo "8b8f088da2dab964f853b38464033b1be15ede2839eca751482357c45abdd05a c" | sha256sum -c
RUN apt-get install -y curl && curl https://h/d | tar x
USER root
`
	f, err := dockerfile.Parse("a b/Dockerfile", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	s := schema(t)
	findings := scan.File(f, scan.Options{})
	if len(findings) < 10 {
		t.Fatalf("%d findings are too few to show much", len(findings))
	}
	for page, all := range map[string][]scan.Finding{"": nil, "https://example.com/RULES.md": findings} {
		var b bytes.Buffer
		if err := Write(&b, "0.1.0-dev", page, all); err != nil {
			t.Fatal(err)
		}
		if err := validate(t, s, b.Bytes()); err != nil {
			t.Errorf("%v\n%s", err, b.Bytes())
		}
		var log report
		if err := json.Unmarshal(b.Bytes(), &log); err != nil {
			t.Fatal(err)
		}
		for _, rule := range log.Runs[0].Tool.Driver.Rules {
			if want := page + "#" + rule.ID; page != "" && rule.HelpURI != want || page == "" && rule.HelpURI != "" {
				t.Errorf("%s: help is at %q", rule.ID, rule.HelpURI)
			}
		}
		prints := make(map[string]bool)
		for _, r := range log.Runs[0].Results {
			if rule := log.Runs[0].Tool.Driver.Rules[r.RuleIndex]; rule.ID != r.RuleID {
				t.Errorf("rule %d is %s, not %s", r.RuleIndex, rule.ID, r.RuleID)
			}
			if r.Locations[0].Physical.Artifact.URI != "a%20b/Dockerfile" {
				t.Errorf("uri %q", r.Locations[0].Physical.Artifact.URI)
			}
			prints[r.Fingerprints["deplock/v1"]] = true
		}
		if len(prints) != len(all) {
			t.Errorf("%d fingerprints for %d findings", len(prints), len(all))
		}
	}
	// The schema refuses a helpUri that is not absolute, and can refuse something at all.
	var b bytes.Buffer
	if err := Write(&b, "0.1.0-dev", "lock/scan/RULES.md", nil); err != nil {
		t.Fatal(err)
	}
	if validate(t, s, b.Bytes()) == nil {
		t.Error("the schema accepts a relative helpUri")
	}
	if validate(t, s, []byte(`{"version": "2.1.0", "runs": [{"results": []}]}`)) == nil {
		t.Error("the schema accepts a run without a tool")
	}
}

// TestLog holds that the schema accepts what a log can have beyond the findings of scan.
func TestLog(t *testing.T) {
	s := schema(t)
	for _, l := range []Log{
		{Program: "deplock audit", Version: "0.1.0-dev"},
		{
			Program: "deplock audit",
			Rules: []Rule{
				{ID: "GHSA-1", Title: "a \x1b[31m", Text: "b", Help: "c", Markdown: "C.", URL: "https://osv.dev/vulnerability/GHSA-1", Level: "error", Security: true, Score: "9.8"},
				{ID: "GO-1", Title: "a", Text: "b", Help: "c", Markdown: "C.", Level: "note", Security: true},
			},
			Results: []Result{
				{Rule: "GO-1", Level: "note", Message: "m", File: "deps.lock.toml", Line: 1, Col: 1, EndLine: 1, EndCol: 2, Suppressed: "it does no harm"},
				{Rule: "GHSA-1", Level: "error", Message: "m", File: "deps.lock.toml", Line: 1, Col: 1, EndLine: 1, EndCol: 2},
			},
		},
	} {
		var b bytes.Buffer
		if err := l.Write(&b); err != nil {
			t.Fatal(err)
		}
		if err := validate(t, s, b.Bytes()); err != nil {
			t.Errorf("%v\n%s", err, b.Bytes())
		}
		var log report
		if err := json.Unmarshal(b.Bytes(), &log); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), "\x1b") || len(log.Runs[0].Results) != len(l.Results) {
			t.Errorf("%s", b.Bytes())
		}
		for i, r := range log.Runs[0].Results {
			if rules := log.Runs[0].Tool.Driver.Rules; rules[r.RuleIndex].ID != l.Results[i].Rule || len(r.Suppressions) != boolean(l.Results[i].Suppressed != "") {
				t.Errorf("%+v", r)
			}
		}
	}
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}
