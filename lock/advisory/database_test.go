package advisory

import (
	"archive/zip"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// export writes a zip as OSV exports them.
func export(t *testing.T, name string, entries map[string]string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	for id, text := range entries {
		w, err := z.Create(id + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestDatabase(t *testing.T) {
	dir := t.TempDir()
	withdrawn := strings.Replace(elliptic, `"id":"GHSA-r9p9-mrjm-926w"`, `"id":"GHSA-w","withdrawn":"2024-01-01T00:00:00Z"`, 1)
	escaped := strings.NewReplacer(`"GHSA-r9p9-mrjm-926w"`, `"GHSA-u"`, `"CVE-2020-28498"`, ``, `"name":"elliptic"`, `"name":"\u0065lliptic"`).Replace(elliptic)
	export(t, filepath.Join(dir, "npm", "all.zip"), map[string]string{
		"GHSA-r9p9-mrjm-926w": elliptic, "GHSA-w": withdrawn, "GHSA-u": escaped,
		"GHSA-o": `{"id":"GHSA-o","affected":[{"package":{"ecosystem":"npm","name":"other"},"versions":["6.5.3"]}]}`,
		"GHSA-s": `{"id":"GHSA-s","affected":[{"package":{"ecosystem":"npm","name":"odd"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]}]}`,
	})
	export(t, filepath.Join(dir, "PyPI", "all.zip"), nil)
	subjects := []Subject{
		ellipticSubject(), {Name: "fine", PURL: "pkg:npm/elliptic@6.5.4"}, {Name: "odd", PURL: "pkg:npm/odd@latest"},
		{Name: "crate", PURL: "pkg:cargo/crate@1"}, {Name: "wheel", PURL: "pkg:pypi/wheel@1"}, {Name: "data"},
	}
	r, err := Audit(context.Background(), Database{dir}, subjects, Policy{})
	if err != nil {
		t.Fatal(err)
	}
	npm := filepath.Join(dir, "npm", "all.zip")
	want := `elliptic GHSA-r9p9-mrjm-926w [CVE-2020-28498] medium 6.8 fixed=6.5.4 below=false ignored=false expired=false
elliptic GHSA-u [] medium 6.8 fixed=6.5.4 below=false ignored=false expired=false
data: its address names no package of a registry
odd: not compared offline: GHSA-s: invalid version ` + "`latest`" + `
crate: not compared offline: there is no ` + filepath.Join(dir, "crates.io", "all.zip") + `
wheel: not compared offline: ` + filepath.Join(dir, "PyPI", "all.zip") + ` has nothing about the ecosystem PyPI
`
	if got := show(r); got != want || len(r.Asked) != 2 {
		t.Errorf("got\n%s%v, want\n%s", got, r.Asked, want)
	}

	if r, err = Audit(context.Background(), Database{npm}, subjects[:4], Policy{}); err != nil || len(r.Findings) != 2 || len(r.Unasked) != 2 {
		t.Errorf("%v, %v", show(r), err)
	}
	bad := filepath.Join(dir, "bad.zip")
	export(t, bad, map[string]string{"GHSA-1": `{"id":`})
	if _, err = Audit(context.Background(), Database{bad}, subjects, Policy{}); err == nil || err.Error() != bad+": GHSA-1.json: unexpected end of JSON input" {
		t.Error(err)
	}
	if err := os.WriteFile(bad, []byte("no zip"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err = Audit(context.Background(), Database{bad}, subjects, Policy{}); err == nil || err.Error() != bad+": zip: not a valid zip file" {
		t.Error(err)
	}
	if _, err = Audit(context.Background(), Database{filepath.Join(dir, "none")}, subjects, Policy{}); !os.IsNotExist(err) {
		t.Error(err)
	}
}

// TestDatabaseNames holds that entries are found under the names that people write on PyPI,
// and that the distribution of Go is also the go command, which what it has built is not.
func TestDatabaseNames(t *testing.T) {
	dir := t.TempDir()
	entry := func(id, ecosystem, name, kind, fixed string) string {
		return `{"id":"` + id + `","affected":[{"package":{"ecosystem":"` + ecosystem + `","name":"` + name + `"},"ranges":[{"type":"` + kind + `","events":[{"introduced":"0"},{"fixed":"` + fixed + `"}]}]}]}`
	}
	export(t, filepath.Join(dir, "PyPI", "all.zip"), map[string]string{
		"PYSEC-0": entry("PYSEC-0", "PyPI", "other", "ECOSYSTEM", "9"),
		"PYSEC-1": entry("PYSEC-1", "PyPI", "Zope._Interface", "ECOSYSTEM", "5.1"),
	})
	export(t, filepath.Join(dir, "Go", "all.zip"), map[string]string{
		"GO-0": entry("GO-0", "Go", "other", "SEMVER", "9.0.0"),
		"GO-1": entry("GO-1", "Go", "stdlib", "SEMVER", "1.22.3"),
		"GO-2": entry("GO-2", "Go", "toolchain", "SEMVER", "1.22.5"),
	})
	r, err := Audit(context.Background(), Database{dir}, []Subject{
		{Name: "wheel", PURL: "pkg:pypi/zope-interface@5.0"}, {Name: "go", PURL: "pkg:golang/stdlib@1.22.1"},
		{Name: "built", PURL: "pkg:golang/stdlib@1.22.1", Module: "stdlib"},
	}, Policy{})
	if err != nil {
		t.Fatal(err)
	}
	want := `wheel PYSEC-1 [] unknown 0.0 fixed=5.1 below=false ignored=false expired=false
go GO-1 [] unknown 0.0 fixed=1.22.3 below=false ignored=false expired=false
go GO-2 [] unknown 0.0 fixed=1.22.5 below=false ignored=false expired=false
built GO-1 [] unknown 0.0 fixed=1.22.3 below=false ignored=false expired=false
`
	if got := show(r); got != want {
		t.Fatalf("got\n%s, want\n%s", got, want)
	}
	if got := FixedVersion(r.Findings[1:3]); got != "1.22.5" {
		t.Errorf("fixed in %q", got)
	}
}
