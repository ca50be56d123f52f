package purl

import "testing"

func TestGeneric(t *testing.T) {
	for want, got := range map[string]string{
		"pkg:generic/openssl@1.1.10g?checksum=sha256:de4d501267da&download_url=https:%2F%2Fopenssl.org%2Fsource%2Fopenssl-1.1.0g.tar.gz": Generic("openssl",
			"1.1.10g", "https://openssl.org/source/openssl-1.1.0g.tar.gz", "de4d501267da"),
		"pkg:generic/100%25%20%28off%29%2F2@1%2B2%40~3?checksum=sha256:0&download_url=%C3%A9": Generic("100% (off)/2", "1+2@~3", "é", "0"),
		"pkg:generic/a?checksum=sha256:0&download_url=b":                                      Generic("a", "", "b", "0"),
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestParts(t *testing.T) {
	for text, want := range map[string][2]string{
		"pkg:github/o/r@kustomize%2Fv5.4.2#a@b/c":     {"r", "kustomize/v5.4.2"},
		"pkg:npm/%40angular/cli@12.3.1%2Ba":           {"@angular/cli", "12.3.1+a"},
		"pkg:golang/github.com/a/b@v1.0.0":            {"github.com/a/b", "v1.0.0"},
		"pkg:maven/org.apache/a@1":                    {"a", "1"},
		"pkg:gem/nokogiri@1.16.0?platform=x86_64@1/2": {"nokogiri", "1.16.0"},
		"": {},
	} {
		if name, version := Parts(text); name != want[0] || version != want[1] {
			t.Errorf("%s: got %s, %s", text, name, version)
		}
	}
}

func TestFromAddress(t *testing.T) {
	for address, want := range map[string]string{
		"https://github.com/Helm/Helm/releases/download/v3.18.4/x.tgz":                           "pkg:github/helm/helm@v3.18.4",
		"https://github.com/kubernetes-sigs/kustomize/releases/download/kustomize%2Fv5.4.2/k.gz": "pkg:github/kubernetes-sigs/kustomize@kustomize%2Fv5.4.2",
		"https://github.com/kubernetes-sigs/kustomize/releases/download/kustomize/v5.4.2/k.gz":   "pkg:github/kubernetes-sigs/kustomize@kustomize%2Fv5.4.2",
		"https://github.com/o/r/releases/download/jq-1.7.1+a/jq":                                 "pkg:github/o/r@jq-1.7.1%2Ba",
		"https://github.com/o/r/archive/refs/tags/v1.0.tar.gz":                                   "pkg:github/o/r@v1.0",
		"https://github.com/o/r/archive/v1.0.zip":                                                "pkg:github/o/r@v1.0",
		"https://github.com/o/r/archive/a0b1c2.tar.gz":                                           "pkg:github/o/r@a0b1c2",
		"https://github.com/o/r/raw/v1/install/get.sh":                                           "pkg:github/o/r@v1#install/get.sh",
		"https://raw.githubusercontent.com/o/r/v1/install/get.sh":                                "pkg:github/o/r@v1#install/get.sh",
		"https://raw.githubusercontent.com/o/r/refs/tags/v1/get.sh":                              "pkg:github/o/r@v1#get.sh",
		"https://codeload.github.com/o/r/tar.gz/refs/tags/v1.0":                                  "pkg:github/o/r@v1.0",
		"https://github.com/o/r/releases/latest/download/x.tgz":                                  "",
		"https://github.com/o/r":                                                                 "",

		"https://npm.example.com/lodash/-/lodash-4.17.21.tgz":                                             "pkg:npm/lodash@4.17.21",
		"https://npm.example.com/@angular/cli/-/cli-12.3.1-rc.1.tgz":                                      "pkg:npm/%40angular/cli@12.3.1-rc.1",
		"https://npm.example.com/%40angular%2fcli/-/cli-12.3.1.tgz":                                       "pkg:npm/%40angular/cli@12.3.1",
		"https://npm.example.com/lodash/-/other-4.17.21.tgz":                                              "",
		"https://npm.example.com/lodash":                                                                  "",
		"https://files.pythonhosted.org/packages/aa/bb/c/Zope.Interface-5.0.tar.gz":                       "pkg:pypi/zope-interface@5.0",
		"https://files.pythonhosted.org/packages/aa/bb/c/ruamel.yaml_clib-0.2-cp39-cp39-linux_x86_64.whl": "pkg:pypi/ruamel-yaml-clib@0.2",
		"https://files.pythonhosted.org/packages/aa/bb/c/pip-24.0-1-py3-none-any.whl":                     "pkg:pypi/pip@24.0",
		"https://files.pythonhosted.org/packages/source/r/requests/requests-2.31.0.tar.gz":                "pkg:pypi/requests@2.31.0",
		"https://files.pythonhosted.org/packages/aa/bb/c/pip.tar.gz":                                      "",

		"https://repo1.maven.org/maven2/org/apache/commons/commons-lang3/3.14.0/commons-lang3-3.14.0.jar":    "pkg:maven/org.apache.commons/commons-lang3@3.14.0",
		"https://repo1.maven.org/maven2/a/b/1.0/b-1.0-all.jar":                                               "pkg:maven/a/b@1.0",
		"https://repo.maven.apache.org/maven2/org/apache/maven/apache-maven/3.9/apache-maven-3.9-bin.tar.gz": "pkg:maven/org.apache.maven/apache-maven@3.9",
		"https://repo1.maven.org/maven2/a/b/1.0/c-1.0.jar":                                                   "",
		"https://repo1.maven.org/maven2/a/b/1.0/b-1.1.jar":                                                   "",

		"https://static.crates.io/crates/serde/serde-1.0.200.crate":                            "pkg:cargo/serde@1.0.200",
		"https://static.crates.io/crates/rust_decimal/1.2.3/download":                          "pkg:cargo/rust_decimal@1.2.3",
		"https://crates.io/api/v1/crates/serde/1.0.200/download":                               "pkg:cargo/serde@1.0.200",
		"https://goproxy.example.com/github.com/!burnt!sushi/toml/@v/v1.4.0.zip":               "pkg:golang/github.com/BurntSushi/toml@v1.4.0",
		"https://goproxy.example.com/github.com/a/b/@v/v1.4.0-!r!c1.zip":                       "",
		"https://goproxy.example.com/github.com/a/b/@v/v2.0.0+incompatible.zip":                "pkg:golang/github.com/a/b@v2.0.0%2Bincompatible",
		"https://goproxy.example.com/github.com/a/b/@v/list":                                   "",
		"https://go.dev/dl/go1.22.1.linux-amd64.tar.gz":                                        "pkg:golang/stdlib@1.22.1",
		"https://dl.google.com/go/go1.22rc1.src.tar.gz":                                        "pkg:golang/stdlib@1.22rc1",
		"https://goproxy.example.com/golang.org/toolchain/@v/v0.0.1-go1.22.1.linux-amd64.zip":  "pkg:golang/stdlib@1.22.1",
		"https://goproxy.example.com/golang.org/toolchain/@v/v0.0.1-go1.22rc1.linux-arm64.zip": "pkg:golang/stdlib@1.22rc1",
		"https://dl.google.com/go/other.tar.gz":                                                "",

		"https://rubygems.org/gems/rails-7.1.3.gem":                       "pkg:gem/rails@7.1.3",
		"https://rubygems.org/downloads/nokogiri-1.16.0-x86_64-linux.gem": "pkg:gem/nokogiri@1.16.0",
		"https://rubygems.org/gems/foo-2d-1.0.gem":                        "pkg:gem/foo-2d@1.0",

		"https://deb.example.com/debian/pool/main/c/curl/curl_7.88.1-10_amd64.deb": "",
		"https://example.com/api/npm/lodash/-/lodash-4.17.21.tgz":                  "",
		"https://example.com/api/go/github.com/a/b/@v/v1.0.0.zip":                  "",
		"file:///npm.example.com/lodash/-/lodash-4.17.21.tgz":                      "",
		"%": "",
	} {
		if got := FromAddress(address); got != want {
			t.Errorf("%s: got %s, want %s", address, got, want)
		}
	}
}
