package catalogue

import (
	"bufio"
	"cmp"
	"os"
	"slices"
	"strings"
	"testing"

	"depfetch/lock"
	"depfetch/lock/edit"
)

// TestBuiltin holds that all of the built-in catalogue is read and described, and that
// the newest versions of each entry map for all Linux platforms that it has.
func TestBuiltin(t *testing.T) {
	entries, err := Builtin().Entries()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Description == "" || e.fault != "" {
			t.Errorf("%s: %q, %s", e.FullName(), e.Description, e.fault)
		}
		platforms := slices.DeleteFunc(e.Platforms(), func(p lock.Platform) bool { return !strings.HasPrefix(p.String(), "linux/") })
		if !slices.Contains(platforms, "linux/amd64") {
			t.Errorf("%s: only for %v", e.FullName(), platforms)
		}
		if _, err := e.Map(Want{Tag: e.Tags("99999.8.7")[0], Platforms: platforms}); err != nil {
			t.Errorf("%s: %v", e.FullName(), err)
		}
	}
}

// TestBuiltinAddresses holds that each entry of the built-in catalogue gives addresses
// that its project is known to publish, for each version and platform of the list.
func TestBuiltinAddresses(t *testing.T) {
	f, err := os.Open("testdata/addresses.tsv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	entries, err := Builtin().Entries()
	if err != nil {
		t.Fatal(err)
	}
	unchecked := make(map[*Entry]bool)
	for _, e := range entries {
		unchecked[e] = true
	}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		fields := append(strings.Split(lines.Text(), "\t"), "")
		name, version, platform, want, libc := fields[0], fields[1], lock.Platform(fields[2]), fields[3], fields[4]
		e, err := Lookup([]*Registry{Builtin()}, name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		// Servers take a slash in a tag escaped or not.
		want = strings.ReplaceAll(want, "%2F", "/")
		got, err := addressesOf(e, version, platform, libc)
		if !slices.Contains(got, want) {
			t.Errorf("%s %s for %s: got %q, %v; want %s", name, version, platform, got, err, want)
		}
		for same := range unchecked {
			if same.FullName() == e.FullName() {
				delete(unchecked, same)
			}
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	for e := range unchecked {
		t.Errorf("of %s no published address is known", e.FullName())
	}
}

// addressesOf returns what the templates expand to that e is mapped to, for each tag that
// may be meant by a version.
func addressesOf(e *Entry, version string, platform lock.Platform, libc string) (all []string, first error) {
	for _, tag := range e.Tags(version) {
		m, err := e.Map(Want{Tag: tag, Platforms: []lock.Platform{platform}, Libc: libc})
		if err != nil {
			first = cmp.Or(first, err)
			continue
		}
		dep, err := edit.Draft(m.Dep)
		if err != nil {
			return nil, err
		}
		address, err := dep.Expand(dep.URL, platform)
		if err != nil {
			return nil, err
		}
		all = append(all, address)
	}
	return all, first
}

// TestBuiltinNames holds that no two entries of the built-in catalogue answer to one
// command, and that each is found by its own.
func TestBuiltinNames(t *testing.T) {
	entries, err := Builtin().Entries()
	if err != nil {
		t.Fatal(err)
	}
	of := make(map[string]string)
	for _, e := range entries {
		for _, command := range e.Commands() {
			if other, ok := of[command]; ok {
				t.Errorf("%s and %s have %s", other, e.FullName(), command)
			}
			of[command] = e.FullName()
			if got, err := Lookup([]*Registry{Builtin()}, command); err != nil || got.FullName() != e.FullName() {
				t.Errorf("%s: %v, %v", command, got, err)
			}
		}
	}
	if len(of) < 60 {
		t.Errorf("it has %d commands", len(of))
	}
}
