package fetch_test

import (
	"fmt"
	"testing"

	"depfetch/fetch"
	"depfetch/fetch/digest"
	"depfetch/fetch/spdx"
)

func TestDescribe(t *testing.T) {
	sum, member := digest.Of([]byte("file")), digest.Of([]byte("member"))
	const generic = "pkg:generic/tool@1.0?checksum=sha256:3b9c358f36f0a31b6ad3e14f309c7cf198ac9246e8316f9ce543d5b19ac02b80&download_url="
	for _, test := range []struct {
		artifact fetch.Artifact
		placed   bool
		want     spdx.Package
	}{
		{ // a file
			fetch.Artifact{Name: "tool", Version: "1.0", URL: "https://example.com/t?key=secret", Digest: sum, Path: "/bin/tool"}, true,
			spdx.Package{Key: "/bin/tool", Name: "tool", Version: "1.0", File: "/bin/tool", Location: "https://example.com/t?key=REDACTED", Digest: sum,
				PURL: generic + "https:%2F%2Fexample.com%2Ft%3Fkey%3DREDACTED"},
		},
		{ // a member
			fetch.Artifact{Name: "tool", Version: "1.0", URL: "https://example.com/t.zip", Digest: sum, Path: "/bin/tool", Member: "t/tool", Unpacked: member}, true,
			spdx.Package{Key: "/bin/tool", Name: "tool", Version: "1.0", File: "/bin/tool", Location: "https://example.com/t.zip", Digest: member,
				PURL:    generic + "https:%2F%2Fexample.com%2Ft.zip",
				Archive: "t.zip", ArchiveDigest: sum, Member: "t/tool"},
		},
		{ // a tree, whose manifest is no checksum of a file
			fetch.Artifact{Name: "tool", Version: "1.0", URL: "https://github.com/o/r/releases/download/v1/t.zip", Digest: sum, Path: "/opt", Unpack: &fetch.Unpack{}, Unpacked: member}, true,
			spdx.Package{Key: "/opt", Name: "tool", Version: "1.0", File: "/opt", Location: "https://github.com/o/r/releases/download/v1/t.zip",
				PURL:    "pkg:github/o/r@v1",
				Archive: "t.zip", ArchiveDigest: sum},
		},
		{ // a line of urls, named by its registry
			fetch.Artifact{Name: "https://npm.example.com/lodash/-/lodash-4.17.21.tgz", URL: "https://npm.example.com/lodash/-/lodash-4.17.21.tgz", Digest: sum}, false,
			spdx.Package{Key: "https://npm.example.com/lodash/-/lodash-4.17.21.tgz " + sum.String(), Name: "lodash", Version: "4.17.21", File: "lodash-4.17.21.tgz",
				Location: "https://npm.example.com/lodash/-/lodash-4.17.21.tgz", Digest: sum, PURL: "pkg:npm/lodash@4.17.21"},
		},
		{ // named by its registry, whatever the lockfile calls it
			fetch.Artifact{Name: "ng", Version: "v12", URL: "https://npm.example.com/@angular/cli/-/cli-12.3.1.tgz", Digest: sum, Path: "/opt/ng.tgz"}, true,
			spdx.Package{Key: "/opt/ng.tgz", Name: "@angular/cli", Version: "12.3.1", File: "/opt/ng.tgz", Comment: "dependency ng",
				Location: "https://npm.example.com/@angular/cli/-/cli-12.3.1.tgz", Digest: sum, PURL: "pkg:npm/%40angular/cli@12.3.1"},
		},
		{ // a line of urls, whose version is the tag of a release
			fetch.Artifact{Name: "https://github.com/o/r/releases/download/v1.2/t.zip", URL: "https://github.com/o/r/releases/download/v1.2/t.zip", Digest: sum}, false,
			spdx.Package{Key: "https://github.com/o/r/releases/download/v1.2/t.zip " + sum.String(), Name: "r", Version: "v1.2", File: "t.zip",
				Location: "https://github.com/o/r/releases/download/v1.2/t.zip", Digest: sum, PURL: "pkg:github/o/r@v1.2"},
		},
		{ // a line of urls, of a branch, which is no version
			fetch.Artifact{Name: "https://raw.githubusercontent.com/o/r/main/get.sh", URL: "https://raw.githubusercontent.com/o/r/main/get.sh", Digest: sum}, false,
			spdx.Package{Key: "https://raw.githubusercontent.com/o/r/main/get.sh " + sum.String(), Name: "r", File: "get.sh",
				Location: "https://raw.githubusercontent.com/o/r/main/get.sh", Digest: sum, PURL: "pkg:github/o/r@main#get.sh"},
		},
		{ // a line of urls, named by nothing but its host
			fetch.Artifact{Name: "https://get.example.com/", URL: "https://get.example.com/", Digest: sum}, false,
			spdx.Package{Key: "https://get.example.com/ " + sum.String(), Name: "get.example.com", File: "get.example.com", Location: "https://get.example.com/", Digest: sum,
				PURL: "pkg:generic/get.example.com?checksum=sha256:" + sum.String() + "&download_url=https:%2F%2Fget.example.com%2F"},
		},
	} {
		var got, want spdx.Document
		got.Add(test.artifact.Describe(test.placed))
		want.Add(&test.want)
		text, err := got.Extend(nil)
		if err != nil {
			t.Fatal(err)
		}
		if wanted, err := want.Extend(nil); err != nil || string(text) != string(wanted) {
			t.Errorf("got %s, want %s, %v", text, wanted, err)
		}
	}
}

// BenchmarkDescribe makes the document of 300 dependencies.
func BenchmarkDescribe(b *testing.B) {
	artifacts := make([]fetch.Artifact, 300)
	for i := range artifacts {
		name := fmt.Sprintf("tool%d", i)
		artifacts[i] = fetch.Artifact{Name: name, Version: "1.0", URL: "https://github.com/o/" + name + "/releases/download/v1.0/" + name + "-linux-amd64.tar.gz",
			Digest: digest.Of([]byte(name)), Path: "/usr/local/bin/" + name, Member: name, Unpacked: digest.Of([]byte(name))}
	}
	for b.Loop() {
		var d spdx.Document
		for i := range artifacts {
			d.Add(artifacts[i].Describe(true))
		}
		if _, err := d.Extend(nil); err != nil {
			b.Fatal(err)
		}
	}
}
