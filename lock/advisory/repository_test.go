package advisory

import (
	"context"
	"path/filepath"
	"testing"
	"time"
)

// curl is a record that is about commits, and names the tags that they are in.
const curl = `{"id":"CURL-CVE-2023-1","aliases":["CVE-2023-1"],"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
 "affected":[{"ranges":[{"type":"GIT","repo":"https://github.com/Curl/curl.git","events":[{"introduced":"0"},{"fixed":"2fd1c24f0ac60ef9ec70b39ab1b3ac8e4e5f9e25"}]}],
 "versions":["curl-8_4_0","8.5.0"]}]}`

// TestRepositories asks about what is known by tags and commits of repositories.
func TestRepositories(t *testing.T) {
	const commit = "0123456789012345678901234567890123456789"
	a := newAPI(t)
	a.records["CURL-CVE-2023-1"] = curl
	// The API matches tags loosely: the parts of another's version are the same.
	for _, asked := range []string{"curl-8_4_0", "curl-8_5_0", "lib/v8.4.0.1", "curl-8_6_0"} {
		a.pages["GIT https://github.com/Curl/curl "+asked] = []string{"CURL-CVE-2023-1"}
	}
	a.pages[commit] = []string{"CURL-CVE-2023-1"}
	var subjects []Subject
	for _, version := range []string{"curl-8_4_0", "curl-8_5_0", "lib%2Fv8.4.0.1", "curl-8_6_0", commit, "master"} {
		subjects = append(subjects, Subject{Name: version, PURL: "pkg:github/curl/curl@" + version, Repository: "https://github.com/Curl/curl"})
	}
	const found = " CURL-CVE-2023-1 [CVE-2023-1] critical 9.8 fixed= below=false ignored=false expired=false\n"
	var waits []time.Duration
	r, err := Audit(context.Background(), a.client(&waits), subjects, Policy{})
	if err != nil {
		t.Fatal(err)
	}
	const unknown = "master: its version is not known\n"
	if want := "curl-8_4_0" + found + "curl-8_5_0" + found + commit + found + unknown; show(r) != want || len(r.Asked) != 5 {
		t.Errorf("got\n%s%v, want\n%s", show(r), r.Asked, want)
	}

	file := filepath.Join(t.TempDir(), "all.zip")
	export(t, file, map[string]string{"CURL-CVE-2023-1": curl})
	if r, err = Audit(context.Background(), Database{file}, subjects, Policy{}); err != nil {
		t.Fatal(err)
	}
	want := "curl-8_4_0" + found + "curl-8_5_0" + found + unknown + commit + ": not compared offline: commits have no order without their repository\n"
	if show(r) != want {
		t.Errorf("got\n%swant\n%s", show(r), want)
	}
	if !ByTag(subjects[0]) || !ByTag(subjects[4]) || ByTag(ellipticSubject()) || ByTag(subjects[5]) {
		t.Error("what is asked by tag is not told from the rest")
	}
}

func TestEndsWith(t *testing.T) {
	for _, test := range []struct {
		tag, version string
		want         bool
	}{
		{"v1.2.3", "v1.2.3", true},
		{"v1.2.3", "1.2.3", true},
		{"1.2.3", "v1.2.3", true},
		{"curl-8_5_0", "8.5.0", true},
		{"kustomize/v5.4.2", "5.4.2", true},
		{"OpenSSL_1_1_1w", "1.1.1w", true},
		{"v1.2.3", "2.3", false},
		{"v1.2.3", "1.2", false},
		{"1.2-3", "3", false},
		{"v11.2.3", "1.2.3", false},
		{"rc1.2", "1.2", false},
		{"v1", "", false},
	} {
		if endsWith(test.tag, test.version) != test.want {
			t.Errorf("%s, %s: %t", test.tag, test.version, !test.want)
		}
	}
}

func TestRepository(t *testing.T) {
	for address, want := range map[string]string{
		"https://github.com/Helm/Helm/releases/download/v1/a": "https://github.com/Helm/Helm",
		"https://codeload.github.com/o/R/tar.gz/refs/tags/v1": "https://github.com/o/R",
		"https://raw.githubusercontent.com/O/r/v1/a":          "https://github.com/O/r",
		"https://github.com/O/r":                              "",
		"https://example.com/O/r/releases/download/v1/a":      "",
		"%": "",
	} {
		if got := Repository(address); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}
