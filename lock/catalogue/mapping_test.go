package catalogue

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"depfetch/lock"
	"depfetch/lock/edit"
)

var updateGolden = flag.Bool("update", false, "write what the tests got to testdata")

func testRegistry(t *testing.T) *Registry {
	t.Helper()
	data, err := os.ReadFile("testdata/registry.yaml")
	if err != nil {
		t.Fatal(err)
	}
	r, err := Parse("test", data)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var both = []lock.Platform{"linux/amd64", "linux/arm64"}

// TestMap holds what entries become, in testdata/mapped.toml and the errors behind it.
func TestMap(t *testing.T) {
	all := append(both, "darwin/arm64", "windows/amd64")
	cases := []struct {
		name string
		want Want
	}{
		{"kubectl", Want{Tag: "v1.31.0", Platforms: both}},
		{"helm/helm", Want{Tag: "v3.18.4", Platforms: all[:3]}},
		{"helm/helm", Want{Tag: "v3.18.4", Platforms: all}},
		{"helm/helm", Want{Tag: "v3.18.4", Platforms: all[3:]}},
		{"jaq", Want{Tag: "v0.9.0", Platforms: both}},
		{"jaq", Want{Tag: "v1.0.0", Platforms: both}},
		{"jaq", Want{Tag: "v1.2.0", Platforms: both}},
		{"jaq", Want{Tag: "v1.3.0", Platforms: both}},
		{"jaq", Want{Tag: "v2.0.0", Platforms: both}},
		{"jq", Want{Tag: "jq-1.7.1", Platforms: both}},
		{"jq", Want{Tag: "jq-1.6", Platforms: both}},
		{"jq", Want{Tag: "jq-1.6", Platforms: both[:1]}},
		{"arkade", Want{Tag: "0.11.1", Platforms: both}},
		{"uv", Want{Tag: "0.8.0", Platforms: both}},
		{"uvx", Want{Tag: "0.8.0", Platforms: both, Command: "uvx", Libc: "musl"}},
		{"uv", Want{Tag: "0.8.0", Platforms: both, Command: "pip"}},
		{"ways", Want{Tag: "v1.0", Platforms: both}},
		{"alike", Want{Tag: "v1.0", Platforms: both}},
		{"script", Want{Tag: "v1.0", Platforms: both}},
		{"env", Want{Tag: "v1.0", Platforms: both}},
		{"example.com/go/tool", Want{Tag: "v1.0", Platforms: both}},
		{"keys", Want{Tag: "v1.0", Platforms: both}},
		{"words", Want{Tag: "v1.0", Platforms: both}},
		{"pack", Want{Tag: "v1.0", Platforms: both}},
		{"signed/file", Want{Tag: "v1.0", Platforms: both}},
		{"signed/list", Want{Tag: "v1.0", Platforms: both}},
		{"signed/list", Want{Tag: "v1.0", Platforms: all[:3]}},
		{"braces", Want{Tag: "v1.0", Platforms: both}},
		{"md5", Want{Tag: "v1.0", Platforms: both}},
		{"nowhere", Want{Tag: "1.2.3", Platforms: both}},
		{"nowhere", Want{Tag: "1.2", Platforms: both}},
	}
	var b strings.Builder
	for _, c := range cases {
		fmt.Fprintf(&b, "# %s %s %s", c.name, c.want.Tag, c.want.Platforms)
		if c.want.Libc != "" {
			b.WriteString(" " + c.want.Libc)
		}
		b.WriteString("\n")
		e, err := Lookup([]*Registry{testRegistry(t)}, c.name)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		m, err := e.Map(c.want)
		if err != nil {
			fmt.Fprintf(&b, "# %T: %s\n", err, strings.ReplaceAll(err.Error(), "\n", "\n# "))
			var nearest *TemplateError
			if errors.As(err, &nearest) {
				fmt.Fprintf(&b, "# nearest: %s %s\n", nearest.URL, nearest.Platforms)
			}
			b.WriteString("\n")
			continue
		}
		for _, r := range m.Remarks {
			fmt.Fprintf(&b, "# remark: %s\n", r)
		}
		doc, err := edit.Parse("x", []byte("version = 1\n"))
		if err == nil {
			err = doc.Add(m.Dep)
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		b.WriteString(strings.TrimPrefix(string(doc.Bytes()), "version = 1\n\n") + "\n")
	}
	golden(t, "mapped.toml", b.String())
}

// golden compares got with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	name = filepath.Join("testdata", name)
	if *updateGolden {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil || got != string(want) {
		t.Errorf("%s (-update writes it): %v\n%s", name, err, got)
	}
}

// TestNameTag holds how tags are split into what stands before versions and these.
func TestNameTag(t *testing.T) {
	cases := []struct{ tag, prefix, lead, version string }{
		{"v1.2.3", "", "v", "1.2.3"},
		{"1.2.3", "", "", "1.2.3"},
		{"jq-1.7.1", "", "jq-", "1.7.1"},
		{"jq-1.7.1", "jq-", "jq-", "1.7.1"},
		{"cli/v2.0", "cli/", "cli/v", "2.0"},
		{"cli/v2.0", "cli/v", "cli/v", "2.0"},
		{"go1.22rc1", "", "go", "1.22rc1"},
		{"cidr2ip-1.0.0", "", "cidr2ip-", "1.0.0"},
		{"1.2.3-rc-1.0", "", "", "1.2.3-rc-1.0"},
		{"s3/v2.0.1", "", "s3/v", "2.0.1"},
		{"2026-01-05", "", "", "2026-01-05"},
		{"2026-08-17.4", "", "", "2026-08-17.4"},
		{"r26", "", "r", "26"},
		{"nightly", "", "", "nightly"},
		{"other-1", "jq-", "", "other-1"},
		{"jq-x-1", "jq-", "jq-", "x-1"},
	}
	for _, c := range cases {
		n, version := nameTag(c.tag, c.prefix)
		if n.lead() != c.lead || version != c.version {
			t.Errorf("%s of %s: got %q %q, want %q %q", c.tag, c.prefix, n.lead(), version, c.lead, c.version)
		}
		if got := n.lead() + version; got != c.tag {
			t.Errorf("%s of %s: put together again it is %s", c.tag, c.prefix, got)
		}
	}
}

// TestTags holds how upstream may write a version, and which tags are versions.
func TestTags(t *testing.T) {
	r := testRegistry(t)
	cases := []struct {
		name, version string
		tags          string
	}{
		{"jaq", "1.2.0", "v1.2.0 1.2.0"},
		{"jaq", "v1.2.0", "v1.2.0 1.2.0"},
		{"jq", "1.7.1", "jq-1.7.1 jq-v1.7.1 v1.7.1 1.7.1"},
		{"jq", "jq-1.7.1", "jq-1.7.1"},
		{"env", "1.0", "v1.0 1.0"},
		{"atlas", "1.0", "atlas/v1.0 atlas/1.0 v1.0 1.0"},
	}
	for _, c := range cases {
		e, err := Lookup([]*Registry{r}, c.name)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(e.Tags(c.version), " "); got != c.tags {
			t.Errorf("%s %s: got %s, want %s", c.name, c.version, got, c.tags)
		}
	}
	accepted := map[string]string{"jq-1.7.1": "jq", "jq-1.6": "jq", "v1.3.0": "jaq", "v2.0": "jaq", "anything": "uv"}
	refused := map[string]string{"jq-1.7rc1": "jq", "1.7": "jq", "v0.8.0": "jaq", "v1.0.0": "jaq"}
	for want, tags := range map[bool]map[string]string{true: accepted, false: refused} {
		for tag, name := range tags {
			e, err := Lookup([]*Registry{r}, name)
			if err != nil {
				t.Fatal(err)
			}
			if got := e.Accepts(tag); got != want {
				t.Errorf("%s %s: got %v", name, tag, got)
			}
		}
	}
}
