package sbom

import (
	"regexp"
	"strings"
	"testing"

	"depfetch/lock/catalogue"
)

// form is the one of CPE 2.3 (NIST IR 7695, 6.2), of an application.
var form = regexp.MustCompile(`^cpe:2\.3:a(?::(?:\*|-|(?:[a-z0-9._-]|\\[!"#$%&'()+,/:;<=>@\[\]^` + "`" + `{|}~*?\\])+)){10}$`)

func TestProducts(t *testing.T) {
	entries, err := catalogue.Builtin().Entries()
	if err != nil {
		t.Fatal(err)
	}
	for repository, product := range products {
		got := cpe(repository, "v1.2.3")
		if !form.MatchString(got) || strings.Count(product, ":") != 1 || repository != strings.ToLower(repository) {
			t.Errorf("%s: %q", repository, got)
		}
		owner, name, _ := strings.Cut(repository, "/")
		known := false
		for _, e := range entries {
			known = known || strings.EqualFold(e.RepoOwner, owner) && strings.EqualFold(e.RepoName, name) || strings.EqualFold(e.Name, repository)
		}
		if !known {
			t.Errorf("%s is not in the built-in catalogue", repository)
		}
	}
	if form.MatchString("cpe:2.3:a:a b:c:1:*:*:*:*:*:*:*") || form.MatchString("cpe:2.3:a:a:c:1:*:*:*:*:*:*") {
		t.Error("the form takes everything")
	}
}

func TestCPE(t *testing.T) {
	for _, test := range []struct{ repository, version, want string }{
		{"jqlang/jq", "jq-1.7.1", "cpe:2.3:a:jqlang:jq:1.7.1:*:*:*:*:*:*:*"},
		{"golang/go", "go1.22", "cpe:2.3:a:golang:go:1.22:*:*:*:*:*:*:*"},
		{"golang/go", "1.22rc1", ""},
		{"helm/helm", "v3.0.0-rc.1", ""},
		{"helm/helm", "main", ""},
		{"hashicorp/vault", "api/v1.2.0", ""},
		{"helm/helm", "", ""},
		{"someone/helm", "v3.0.0", ""},
		{"", "v3.0.0", ""},
	} {
		if got := cpe(test.repository, test.version); got != test.want {
			t.Errorf("%s %s: got %q, want %q", test.repository, test.version, got, test.want)
		}
	}
}

func TestCompanions(t *testing.T) {
	for address, want := range map[string]bool{
		"https://example.com/v1/SHA256SUMS":                          true,
		"https://example.com/v1/vault_1.2.0_SHA256SUMS":              true,
		"https://example.com/v1/vault_1.2.0_SHA256SUMS.72D7468F.sig": true,
		"https://example.com/v1/checksums.txt":                       true,
		"https://example.com/v1/tool_checksums_sha256.txt":           true,
		"https://example.com/v1/tool.tar.gz.asc?a=b":                 true,
		"https://example.com/v1/tool.sha256":                         true,
		"https://example.com/v1/tool.spdx.json":                      true,
		"https://example.com/v1/multiple.intoto.jsonl":               true,
		"https://example.com/v1/tool.tar.gz":                         false,
		"https://example.com/v1/tool-linux-amd64":                    false,
		"https://example.com/v1/sha256sum-linux-amd64":               false,
		"https://example.com/v1/install.yaml":                        false,
		"https://example.com/v1/keyring":                             false,
		"https://example.com/checksums.txt/tool":                     false,
	} {
		if got := isCompanion(address); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
}
