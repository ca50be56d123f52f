package spdx

import (
	"bytes"
	"encoding/json"
	"testing"
)

// TestParts holds what is said of packages beside their fields, and what they contain.
func TestParts(t *testing.T) {
	all := packages()
	d := documentOf()
	part := &Package{Key: "m", Name: "m", Location: "NOASSERTION", PURL: "pkg:golang/m@v1"}
	d.Annotate(all[0], []string{"a \"note\"\n", "b"})
	d.Annotate(all[1], nil)
	d.Annotate(all[0], []string{"of a key that is there"})
	d.Contain(all[0], part)
	d.Contain(all[1], part)
	text, err := d.Extend(nil)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Packages []struct {
			ID          string `json:"SPDXID"`
			Name        string
			Annotations []struct{ Comment, AnnotationDate, Annotator string }
		}
		Relationships []struct{ SpdxElementId, RelationshipType, RelatedSpdxElement string }
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	ids := make(map[string]string)
	for _, p := range got.Packages {
		ids[p.Name] = p.ID
		if n := len(p.Annotations); n > 0 && (p.Name != all[0].Name || n != 2 || p.Annotations[0].Comment != "a \"note\"\n") {
			t.Errorf("%s: annotations %+v", p.Name, p.Annotations)
		}
	}
	holders := make(map[string]bool)
	for _, r := range got.Relationships {
		if r.RelationshipType == "CONTAINS" && r.RelatedSpdxElement == ids["m"] {
			holders[r.SpdxElementId] = true
		}
	}
	if len(got.Packages) != 4 || len(holders) != 2 || !holders[ids[all[0].Name]] || !holders[ids[all[1].Name]] {
		t.Errorf("got %s", text)
	}
	if again, err := documentOf(all[0]).Extend(text); err != nil || bytes.Contains(again, []byte("annotations")) || !bytes.Contains(again, []byte("pkg:golang/m@v1")) {
		t.Errorf("added to: %s, %v", again, err)
	}
}
