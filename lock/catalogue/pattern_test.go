package catalogue

import (
	"strings"
	"testing"

	"depfetch/lock"
)

// TestPatternOf holds the templates of addresses of releases, by platform and version.
func TestPatternOf(t *testing.T) {
	const at = "https://github.com/o/linux-tool/releases/download/"
	for _, test := range []struct {
		version string
		files   string // "PLATFORM URL [MEMBER]", one a line, behind at
		url     string // behind at; empty if there is none
		member  string
		alias   string // of linux/amd64
	}{
		{"1.2.0", "linux/amd64 v1.2.0/t-1.2.0-linux-amd64\nlinux/arm64 v1.2.0/t-1.2.0-linux-arm64", "v{version}/t-{version}-{os}-{arch}", "", ""},
		{"1.2.0", "linux/amd64 v1.2.0/t_Linux_x86_64.tar.gz t\nlinux/arm64 v1.2.0/t_Linux_aarch64.tar.gz t", "v{version}/t_Linux_{uname}.tar.gz", "t", ""},
		{"1.2.0", "linux/amd64 v1.2.0/t_Linux_x86_64.tar.gz t\nlinux/arm64 v1.2.0/t_Linux_arm64.tar.gz t", "v{version}/t_Linux_{alias}.tar.gz", "t", "x86_64"},
		{"14.1.1", "linux/amd64 14.1.1/rg-14.1.1-x86_64-unknown-linux-musl.tar.gz rg-14.1.1-x86_64-unknown-linux-musl/rg\n" +
			"linux/arm64 14.1.1/rg-14.1.1-aarch64-unknown-linux-gnu.tar.gz rg-14.1.1-aarch64-unknown-linux-gnu/rg",
			"{version}/rg-{version}-{uname}-unknown-{os}-{alias}.tar.gz", "rg-{version}-{uname}-unknown-{os}-{alias}/rg", "musl"},
		{"1.30.1+k3s1", "linux/amd64 v1.30.1%2Bk3s1/k3s\nlinux/arm64 v1.30.1%2Bk3s1/k3s-arm64", "v{version|urlencode}/k3s{alias}", "", ""},
		{"1.2", "linux/amd64 cli%2Fv1.2/c_1_2_amd64", "cli%2Fv{version}/c_{version|replace('.', '_')}_{arch}", "", ""},
		{"2", "linux/amd64 cli%2Fv2/t_amd64", "cli%2Fv{version}/t_{arch}", "", ""},
		{"64", "linux/amd64 v64/t-linux64\nlinux/arm64 v64/t-arm64", "v{version}/t-{alias}", "", "linux64"},
		{"1.2", "linux/amd64 stable/t-linux-amd64", "", "", ""},
		{"1.2", "linux/amd64 v1.2/t-1.2-amd64\nlinux/arm64 v1.2/t-arm64", "", "", ""},
	} {
		var all []Addresses
		for line := range strings.SplitSeq(test.files, "\n") {
			f := append(strings.Fields(line), "")
			all = append(all, Addresses{Platform: lock.Platform(f[0]), URL: at + f[1], Member: f[2]})
		}
		p, err := PatternOf(test.version, all)
		if test.url == "" {
			if err == nil {
				t.Errorf("%s: %q", test.files, p.URL)
			}
			continue
		}
		if err != nil || p.URL != at+test.url || p.Member != test.member || p.Alias["linux/amd64"] != test.alias {
			t.Errorf("%s\n: %+v, %v", test.files, p, err)
		}
	}
}
