package migrate

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"depfetch/lock"
	"depfetch/lock/dockerfile"
)

var update = flag.Bool("update", false, "rewrite testdata")

// describe says in a few lines what becomes of a download.
func describe(d *Download) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d:%d ", d.At.Line, d.At.Col)
	if d.Why != "" {
		fmt.Fprintf(&b, "%s: left: %s\n", d.URL(), d.Why)
		return b.String()
	}
	dep := d.Dep
	fmt.Fprintf(&b, "%s %s", dep.Name, dep.URL)
	if dep.Version != "" {
		fmt.Fprintf(&b, " version=%s", dep.Version)
	}
	for _, p := range slices.Sorted(maps.Keys(dep.Alias)) {
		fmt.Fprintf(&b, " %s=%s", p, dep.Alias[p])
	}
	fmt.Fprintf(&b, " path=%s", dep.Path)
	if dep.Mode != "" {
		fmt.Fprintf(&b, " mode=%s", dep.Mode)
	}
	if u := dep.Unpack; u != nil {
		fmt.Fprintf(&b, " unpack=%d,%s", u.Strip, strings.Join(u.Include, "+"))
	}
	if dep.Platforms != nil {
		fmt.Fprintf(&b, " platforms=%v", dep.Platforms)
	}
	for _, p := range slices.Sorted(maps.Keys(d.Sums)) {
		for _, s := range d.Sums[p] {
			fmt.Fprintf(&b, " %s:%s:%.4s", p, s.Algorithm, s.Hex)
		}
	}
	b.WriteString("\n")
	if d.Keep != "" {
		fmt.Fprintf(&b, "    stays: %s\n", d.Keep)
	}
	return b.String()
}

// TestPlans compares what becomes of the Dockerfiles of testdata: the dependencies
// and the rewritten file.
func TestPlans(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no tests: %v", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			text := map[string][]byte{}
			for _, f := range ar.Files {
				text[f.Name] = f.Data
			}
			f, err := dockerfile.Parse("Dockerfile", text["before"])
			if err != nil {
				t.Fatal(err)
			}
			plan := Make(f, []lock.Platform{"linux/amd64", "linux/arm64"}, nil)
			after, err := plan.Rewrite("deps.lock.toml")
			if err != nil {
				t.Fatal(err)
			}
			var deps strings.Builder
			for _, d := range plan.Downloads {
				deps.WriteString(describe(d))
			}
			if *update {
				ar.Files = []txtar.File{{Name: "before", Data: text["before"]}, {Name: "plan", Data: []byte(deps.String())}, {Name: "after", Data: after}}
				if err := os.WriteFile(name, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got, want := deps.String(), string(text["plan"]); got != want {
				t.Errorf("plan\n%s\nwant\n%s", got, want)
			}
			if got, want := string(after), string(text["after"]); got != want {
				t.Errorf("after\n%s\nwant\n%s", got, want)
			}
			// What was rewritten has nothing left to move.
			again, err := dockerfile.Parse("Dockerfile", after)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range Make(again, plan.Platforms, nil).Downloads {
				if d.Keep == "" {
					if second, err := Make(again, plan.Platforms, nil).Rewrite("deps.lock.toml"); err != nil || string(second) != string(after) {
						t.Errorf("a second time changes it again: %v\n%s", err, second)
					}
					break
				}
			}
		})
	}
}
