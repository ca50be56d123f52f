package release

import "testing"

func TestMoving(t *testing.T) {
	for address, want := range map[string]string{
		"https://github.com/o/r/releases/latest/download/tool-1.2.tgz":         "latest",
		"https://example.com/tool-latest.tar.gz":                               "latest",
		"https://example.com/get?version=latest":                               "latest",
		"https://example.com/nightly/tool.tar.gz":                              "nightly",
		"https://example.com/nightly/2024-01-05/tool.tar.gz":                   "",
		"https://example.com/stable/tool":                                      "stable",
		"https://example.com/linux/static/stable/x86_64/docker-27.0.3.tgz":     "",
		"https://raw.githubusercontent.com/o/r/HEAD/install.sh":                "HEAD",
		"https://raw.githubusercontent.com/o/r/master/install.sh":              "the branch master",
		"https://raw.githubusercontent.com/o/r/refs/heads/main/install.sh":     "the branch main",
		"https://raw.githubusercontent.com/o/r/v1.2.3/install.sh":              "",
		"https://github.com/o/r/archive/main.tar.gz":                           "the branch main",
		"https://github.com/o/r/archive/refs/heads/release-2.tar.gz":           "the branch release-2",
		"https://github.com/o/r/archive/refs/tags/v1.2.3.tar.gz":               "",
		"https://github.com/o/r/raw/develop/x":                                 "the branch develop",
		"https://gitlab.com/g/s/p/-/raw/main/x":                                "the branch main",
		"https://gitlab.com/g/s/p/-/archive/main/p-main.zip":                   "the branch main",
		"https://codeload.github.com/o/r/zip/master":                           "the branch master",
		"https://ftp.example.com/debian/pool/main/c/curl/curl_8.5.0_amd64.deb": "",
		"https://api.github.com/repos/o/r/releases":                            "the answer of an API",
		"https://gitlab.com/api/v4/projects/1/packages/generic/x/1.0.2/x.zip":  "",
		"https://example.com/tool-1.2.3.tar.gz":                                "",
		"https://example.com/tool":                                             "",
		"https://example.com/latestool":                                        "",
	} {
		if got := Moving(address); got != want {
			t.Errorf("%s: got %q, want %q", address, got, want)
		}
	}
	for final, want := range map[string]bool{"https://example.com/get": false, "https://cdn.example.com/tool-1.2.tgz": true, "https://cdn.example.com/tool": false} {
		if got := Leads("https://example.com/get", final); got != want {
			t.Errorf("%s: got %v", final, got)
		}
	}
}
