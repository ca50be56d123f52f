package lock

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite the golden files of testdata")

// golden compares got with a file of testdata, or writes it there with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}

// load parses and checks a lockfile.
func load(name, text string) (*File, error) {
	f, err := Parse(name, []byte(text))
	if err != nil {
		return nil, err
	}
	if err := f.Check(); err != nil {
		return f, err
	}
	if err := f.CheckImages(); err != nil {
		return f, err
	}
	_, err = f.Ignores()
	return f, err
}

// report renders an error with all that a command would show of it.
func report(t *testing.T, err error) string {
	t.Helper()
	list, ok := errors.AsType[ErrorList](err)
	if !ok {
		t.Fatalf("want an ErrorList, got %T: %v", err, err)
	}
	kinds := []string{"syntax", "format", "stale", "policy"}
	var b strings.Builder
	for _, e := range list {
		fmt.Fprintf(&b, "%s [%s]\n", e, kinds[e.Kind])
		if e.Hint != "" {
			fmt.Fprintf(&b, "\thint: %s\n", e.Hint)
		}
	}
	return b.String()
}

func TestBad(t *testing.T) {
	for path, text := range fixtures(t, "bad") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			_, err := load(filepath.Base(path), text)
			if err == nil {
				t.Fatal("no error")
			}
			got := report(t, err)
			golden(t, strings.TrimSuffix(path, ".toml")+".err", got)
			if strings.Contains(got, "hunter2") {
				t.Errorf("a password is shown: %s", got)
			}
		})
	}
}

// dump renders what a lockfile says, without where it says it.
func dump(t *testing.T, f *File) string {
	t.Helper()
	type line struct {
		Platform, URL, SHA256 string
		Unpacked              string `json:",omitempty"`
		Trust                 string
		By                    string `json:",omitempty"`
		Size                  int64
	}
	unpacked := func(l Line) string {
		if l.Unpacked.IsZero() {
			return ""
		}
		return l.Unpacked.String()
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	encode := func(v any) {
		if err := enc.Encode(v); err != nil {
			t.Fatal(err)
		}
	}
	var hosts []string
	for _, h := range f.Policy.Hosts {
		hosts = append(hosts, h.String())
	}
	encode(map[string]any{"platforms": f.Platforms, "hosts": hosts, "trust": f.Policy.Trust.String()})
	for _, d := range f.Deps {
		var lines []line
		for _, l := range d.Locked {
			lines = append(lines, line{l.Platform.String(), l.URL, l.Digest.String(), unpacked(l), l.Trust.String(), l.By, l.Size})
		}
		var mirrors []string
		for _, m := range d.Mirrors {
			mirrors = append(mirrors, m.String())
		}
		var signatures []map[string]any
		for _, s := range d.Signatures {
			signatures = append(signatures, map[string]any{
				"kind": s.Kind, "url": s.URL.String(), "of_sums": s.OfSums, "key": s.Key,
				"fingerprint": s.Fingerprint, "namespace": s.Namespace, "identity": s.Identity.String(), "issuer": s.Issuer, "signer": s.Signer(),
				"cert": s.Cert.String(), "bundle": s.Bundle, "repository": s.Repository, "workflow": s.Workflow, "ref": s.Ref.String(),
			})
		}
		encode(map[string]any{
			"name": d.Name, "version": d.Version, "platforms": d.Platforms, "groups": d.Groups,
			"url": d.URL.String(), "alias": d.Alias, "mirrors": mirrors, "sums": d.Sums.String(),
			"signature": signatures, "path": d.Path, "mode": fmt.Sprintf("%04o", d.Mode),
			"owner": d.Owner, "member": d.Member.String(), "unpack": d.Unpack, "limits": d.Limits, "latest": d.Latest, "catalogue": d.Catalogue,
			"allow_platform_mismatch": d.AllowPlatformMismatch, "locked": lines,
		})
	}
	for _, p := range f.URLs {
		encode(map[string]any{
			"url": p.URL, "sha256": p.Digest.String(), "size": p.Size, "trust": p.Trust.String(),
			"mirrors": p.Mirrors, "modified": p.Modified, "unpinned": p.Unpinned,
		})
	}
	for _, v := range f.Vendor {
		encode(map[string]any{"vendored": v.Path, "sha256": v.Digest.String()})
	}
	for _, r := range f.Catalogue {
		encode(map[string]any{"registry": r.Name, "url": r.URL, "path": r.Path, "sha256": r.Digest.String()})
	}
	for _, r := range f.Policy.Images {
		encode(map[string]any{
			"match": r.Match, "signed_as": r.SignedAs, "kind": r.Kind, "key": r.Key, "identity": r.Identity.String(), "issuer": r.Issuer,
			"repository": r.Repository, "workflow": r.Workflow, "ref": r.Ref.String(), "signer": r.Signer(),
		})
	}
	ignores, _ := f.Ignores()
	for _, i := range ignores {
		encode(map[string]any{"ignored": i.ID, "reason": i.Reason, "until": i.Until.Format(time.DateOnly)})
	}
	for _, i := range f.Images {
		encode(map[string]any{"image": i.Name, "digest": i.Digest.String(), "by": i.By})
	}
	return b.String()
}

func TestGood(t *testing.T) {
	for path, text := range fixtures(t, "good") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			f, err := load(filepath.Base(path), text)
			if err != nil {
				t.Fatal(err)
			}
			// basic-*.toml are other layouts of basic.toml
			name, _, _ := strings.Cut(strings.TrimSuffix(path, ".toml"), "-")
			golden(t, name+".json", dump(t, f))
		})
	}
}
