package release

import "testing"

func TestMoving(t *testing.T) {
	for address, want := range map[string]string{
		"https://github.com/o/r/releases/latest/download/tool-1.2.tgz":         "",
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
		if got := RedirectsToVersion("https://example.com/get", final); got != want {
			t.Errorf("%s: got %v", final, got)
		}
	}
}

func TestMovingPaths(t *testing.T) {
	for address, want := range map[string]bool{
		"https://example.com/latest/tool":                            true,
		"https://example.com/el9/latest/x86_64/tool-1.2.3-4.el9.rpm": false,
		"https://example.com/latest/ubuntu-22.04/tool.tgz":           true,
		"https://example.com/latest/tool-ubuntu-22.04.tgz":           true,
		"https://example.com/releases/latest/download/tool-v1.2":     false,
		"https://example.com/tools-linux-11076708_latest.zip":        false,
		"https://example.com/?product=tool-latest&os=linux":          true,
		"https://example.com/get/tool?v=latest":                      true,
		"https://example.com/tool_latest.zip":                        true,
		"https://example.com/tool-latest-arm64.zip":                  true,
		"https://example.com/v1.2.3/tool-latest.zip":                 true,
		"https://example.com/nightly/2024-01-02/tool":                false,
		"https://example.com/latest-1.2/tool":                        false,
		"https://example.com/t-1.2.tgz":                              false,
		"https://example.com/latest/t.tgz":                           true,
		"https://example.com/t-latest.tgz":                           true,
		"https://example.com/el9/latest/x86_64/t-1.2.3-4.el9.rpm":    false,
		"https://github.com/o/r/releases/latest/download/t":          true,
		"https://github.com/o/r/releases/download/v1.2/t":            false,
		"https://raw.githubusercontent.com/o/r/master/install.sh":    true,
		"https://raw.githubusercontent.com/o/r/v1.2/install.sh":      false,
		"https://raw.githubusercontent.com/o/r/HEAD/install.sh":      true,
		"https://github.com/o/r/archive/refs/heads/dev.zip":          true,
		"https://api.github.com/repos/o/r/releases":                  true,
		"https://example.com/install.sh":                             false,
		"https://example.com/key.asc":                                false,
		"https://example.com/nightly/t":                              true,
		"https://example.com/currently/t":                            false,
		"https://example.com/masters/t":                              false,

		"https://example.com/chrome-stable_current_amd64.deb":      true,
		"https://example.com/rclone-current-linux-amd64.zip":       true,
		"https://example.com/t-current-1.2.3.zip":                  false,
		"https://example.com/job/b/lastSuccessfulBuild/artifact/t": true,
		"https://example.com/channels/rapid/sdk.tar.gz":            true,
		"https://example.com/channels/rapid/sdk-400.0.1.tar.gz":    false,
		"https://example.com/develop/t.tar.gz":                     true,
		"https://apt.llvm.org/llvm-snapshot.gpg.key":               false,
		"https://example.com/keys/kitware-archive-latest.asc":      false,
		"https://example.com/stable/ubuntu/jammy.gpg":              false,
		"https://example.com/stable/ubuntu/jammy.list":             false,
		"https://example.com/stable/fedora/t.repo":                 false,
		"https://example.com/latest/SHASUMS256.txt.asc":            true,
		"https://example.com/t-latest.tar.gz.asc":                  true,
		"https://example.com/t-latest.tar.gz.sig":                  true,
		"https://raw.githubusercontent.com/o/r/master/apt/key.gpg": true,
		"https://example.com/latest/t.asc":                         true,
	} {
		if got := Moving(address); (got != "") != want {
			t.Errorf("%s: got %q", address, got)
		}
	}
}
