package slsa

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	provenance "github.com/in-toto/attestation/go/predicates/provenance/v1"
	attestation "github.com/in-toto/attestation/go/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"depfetch/fetch/document"
	"depfetch/fetch/document/documenttest"
)

// statement is about a file, a member and a tree of one archive, and one of whose names the
// text has to be escaped.
func statement() *Statement {
	sum, archive := documenttest.Sum, documenttest.Archive
	s := &Statement{
		Version: "1.2.3", Lockfile: "deps.lock.toml", Digest: sum("lockfile"), Platform: "linux/amd64",
		Names: []string{"tree", "kubectl"}, Groups: []string{"ci", "ci"},
	}
	s.Place("/opt/tool", sum("manifest"), true, "tree")
	s.Use("tree", "1.0", archive, sum("archive"))
	s.Place("/bin/tool", sum("tool"), false, "tool")
	s.Use("tool", "1.0", archive, sum("archive"))
	s.Place("/bin/kubectl", sum("kubectl"), false, "kubectl")
	s.Use("kubectl", "v1.34.1", documenttest.Kubectl, sum("kubectl"))
	s.Place("/odd\" \u202e", sum("odd"), false, "odd")
	s.Use("odd", "", "https://example.com/odd?token=REDACTED", sum("odd"))
	return s
}

func TestStatement(t *testing.T) {
	got, err := statement().Replace(nil)
	if err != nil {
		t.Fatal(err)
	}
	documenttest.Golden(t, "statement.intoto.json", got)
	other := statement()
	slices.Reverse(other.subjects)
	slices.Reverse(other.dependencies)
	slices.Reverse(other.Names)
	for range 2 {
		if again, err := other.Replace(got); err != nil || !bytes.Equal(again, got) {
			t.Errorf("in another order: got %s, %v", again, err)
		}
	}
}

// validate returns what in-toto's own types say of a text.
func validate(text []byte) (*attestation.Statement, *provenance.Provenance, error) {
	var s attestation.Statement
	var p provenance.Provenance
	if err := protojson.Unmarshal(text, &s); err != nil {
		return nil, nil, err
	}
	predicate, err := protojson.Marshal(s.Predicate)
	if err != nil {
		return nil, nil, err
	}
	if err := protojson.Unmarshal(predicate, &p); err != nil {
		return nil, nil, err
	}
	return &s, &p, errors.Join(s.Validate(), p.Validate())
}

// TestValid holds statements against in-toto's and SLSA's own types.
func TestValid(t *testing.T) {
	one := &Statement{Version: "1.2.3", Lockfile: "deps.lock.toml", Digest: documenttest.Sum("lockfile"), Platform: "linux/amd64"}
	one.Place("/bin/one", documenttest.Sum("one"), false, "one")
	one.Use("one", "", "https://example.com/one", documenttest.Sum("one"))
	for want, s := range map[int]*Statement{1: one, 4: statement()} {
		text, err := s.Replace(nil)
		if err != nil {
			t.Fatal(err)
		}
		got, p, err := validate(text)
		if err != nil {
			t.Fatal(err)
		}
		deps := p.BuildDefinition.ResolvedDependencies
		if len(got.Subject) != want || len(deps) != want || got.PredicateType != "https://slsa.dev/provenance/v1" {
			t.Errorf("read as %v, %v", got, p)
		}
		for _, d := range append(deps, got.Subject...) {
			if len(d.Digest) != 1 {
				t.Errorf("%s has no digest", d.Name)
			}
		}
		for old, wrong := range map[string]string{
			`"sha256":"`: `"sha256":"0`, `"subject":`: `"subjects":`, `"builder":{"id"`: `"builder":{"ID"`, "/Statement/v1": "/Statement/v3",
		} {
			if _, _, err := validate([]byte(strings.Replace(string(text), old, wrong, -1))); err == nil {
				t.Errorf("in-toto's types take %s", wrong)
			}
		}
	}
}

func TestReplaceForeign(t *testing.T) {
	text, err := statement().Replace(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, old := range []string{"x", "{}", string(text[1:]), strings.Replace(string(text), buildType, "https://example.com/other", 1)} {
		if got, err := statement().Replace([]byte(old)); err != document.ErrForeign {
			t.Errorf("%.30s: got %s, %v", old, got, err)
		}
	}
	newer := statement()
	newer.Version = "1.2.4"
	if got, err := newer.Replace(text); err != nil || bytes.Equal(got, text) {
		t.Errorf("got %s, %v", got, err)
	}
}
