package lock

import (
	"strings"
	"testing"
)

func TestExpand(t *testing.T) {
	for _, tt := range []struct {
		text string
		dep  Dep
		on   Platform
		want string
		err  string
	}{
		{text: "", want: ""},
		{text: "plain", want: "plain"},
		{text: "{version}{version}", dep: Dep{Version: "1.2"}, want: "1.21.2"},
		{text: "a{os}-{arch}{variant}z", on: "linux/arm/v7", want: "alinux-armv7z"},
		{text: "[{variant}]", on: "linux/arm64", want: "[]"},
		{text: "{uname}", on: "linux/arm64", want: "aarch64"},
		{text: "{uname}", on: "windows/arm64", err: "{uname}: what uname -m says on windows/arm64 is not known; use {alias}"},
		{text: "{alias}", dep: Dep{Alias: map[Platform]string{"linux/amd64": "x86_64-musl"}}, on: "linux/amd64", want: "x86_64-musl"},
		{text: "tool{alias}.gz", dep: Dep{Alias: map[Platform]string{"linux/amd64": ""}}, on: "linux/amd64", want: "tool.gz"},
		{text: "{alias}", on: "linux/amd64", err: "{alias}: alias has no entry for linux/amd64"},
		{text: "{url}.asc", dep: Dep{URL: Template{text: "https://example.com/{os}"}}, want: "https://example.com/{os}.asc"},
		{text: "{version}", on: "linux/amd64", err: "{version} is used, but there is no version"},
		{text: "{version}", dep: Dep{Version: "1"}, on: Any, want: "1"},
		{text: "{arch}", on: Any, err: "{arch} differs between platforms, and the line any stands for all of them"},
		{text: "{major}/{minor}/{patch}", dep: Dep{Version: "1.22.333"}, want: "1/22/333"},
		{text: "{major}.{minor}", dep: Dep{Version: "v2024.01+build.5"}, want: "2024.01"},
		{text: "{patch}", dep: Dep{Version: "1.2.3-rc.4"}, want: "3"},
		{text: "{patch}", dep: Dep{Version: "1.2.3.4"}, want: "3"},
		{text: "{patch}", dep: Dep{Version: "1.2"}, err: `{patch}: version "1.2" has no such number`},
		{text: "{major}", dep: Dep{Version: "vv1"}, err: `{major}: version "vv1" has no such number`},
		{text: "{version|trim_prefix('v')} {alias|trim_prefix(\"v\")}", dep: Dep{Version: "v1.v2", Alias: map[Platform]string{"linux/amd64": "1.v2"}}, on: "linux/amd64", want: "1.v2 1.v2"},
		{text: "{version|urlencode}", dep: Dep{Version: "21.0.3+9"}, want: "21.0.3%2B9"},
		{text: "{version|replace('+','_')}", dep: Dep{Version: "21.0.3+9"}, want: "21.0.3_9"},
		{text: "{version | replace('.', '_') | before('-')}", dep: Dep{Version: "1.84.0-beta"}, want: "1_84_0"},
		{text: "{version|before('+')}-{version|after('+')}", dep: Dep{Version: "21.0.3+9"}, want: "21.0.3-9"},
		{text: "{version|before('+')}", dep: Dep{Version: "21"}, want: "21"},
		{text: "{version|after('+')}", dep: Dep{Version: "21"}, err: `filter after: "21" holds no "+"`},
		{text: `{version|replace("|", ",")}`, dep: Dep{Version: "1|2"}, want: "1,2"},
		{text: `{version|replace('.', '')}`, dep: Dep{Version: "1.2"}, want: "12"},
		{text: "{os|replace('linux','Linux')}", on: "linux/amd64", want: "Linux"},
		{text: "{minor}", dep: Dep{Version: "1..2"}, err: `{minor}: version "1..2" has no such number`},
	} {
		tmpl, faults := parseTemplate(tt.text, append(words(), "url"))
		if len(faults) > 0 || tmpl.String() != tt.text || tmpl.IsZero() != (tt.text == "") {
			t.Fatalf("parseTemplate(%q): %v", tt.text, faults)
		}
		got, err := tt.dep.Expand(tmpl, tt.on)
		if got != tt.want || (err == nil) != (tt.err == "") || err != nil && err.Error() != tt.err {
			t.Errorf("%q expands to %q, %v; want %q, %s", tt.text, got, err, tt.want, tt.err)
		}
	}
}

// TestOddVersions holds that the words and filters of templates give the addresses that
// upstreams publish whose versions are written in several ways.
func TestOddVersions(t *testing.T) {
	const gh = "https://github.com/"
	for _, tt := range []struct{ version, template, want string }{
		{"21.0.3+9", gh + "adoptium/temurin{major}-binaries/releases/download/jdk-{version|urlencode}/OpenJDK{major}U-jdk_x64_linux_hotspot_{version|replace('+', '_')}.tar.gz",
			gh + "adoptium/temurin21-binaries/releases/download/jdk-21.0.3%2B9/OpenJDK21U-jdk_x64_linux_hotspot_21.0.3_9.tar.gz"},
		{"1.30.1+k3s1", gh + "k3s-io/k3s/releases/download/v{version|urlencode}/k3s", gh + "k3s-io/k3s/releases/download/v1.30.1%2Bk3s1/k3s"},
		{"8.10.1", gh + "curl/curl/releases/download/curl-{version|replace('.', '_')}/curl-{version}.tar.gz", gh + "curl/curl/releases/download/curl-8_10_1/curl-8.10.1.tar.gz"},
		{"1.84.0", "https://archives.boost.io/release/{version}/source/boost_{version|replace('.', '_')}.tar.gz", "https://archives.boost.io/release/1.84.0/source/boost_1_84_0.tar.gz"},
		{"74.2", gh + "unicode-org/icu/releases/download/release-{version|replace('.', '-')}/icu4c-{version|replace('.', '_')}-src.tgz", gh + "unicode-org/icu/releases/download/release-74-2/icu4c-74_2-src.tgz"},
		{"7.1.1-33", gh + "ImageMagick/ImageMagick/archive/refs/tags/{version}.tar.gz", gh + "ImageMagick/ImageMagick/archive/refs/tags/7.1.1-33.tar.gz"},
		{"openssl-3.3.1", gh + "openssl/openssl/releases/download/{version}/{version}.tar.gz", gh + "openssl/openssl/releases/download/openssl-3.3.1/openssl-3.3.1.tar.gz"},
		{"openssl-3.3.1", "https://www.openssl.org/source/old/{version|trim_prefix('openssl-')|before('.')}.x/{version}.tar.gz", "https://www.openssl.org/source/old/3.x/openssl-3.3.1.tar.gz"},
		{"3.3.4", "https://cache.ruby-lang.org/pub/ruby/{major}.{minor}/ruby-{version}.tar.gz", "https://cache.ruby-lang.org/pub/ruby/3.3/ruby-3.3.4.tar.gz"},
		{"REL_16_3", gh + "postgres/postgres/archive/refs/tags/{version}.tar.gz", gh + "postgres/postgres/archive/refs/tags/REL_16_3.tar.gz"},
		{"REL_16_3", "https://ftp.postgresql.org/pub/source/v{version|after('_')|replace('_', '.')}/postgresql-{version|trim_prefix('REL_')|replace('_', '.')}.tar.gz",
			"https://ftp.postgresql.org/pub/source/v16.3/postgresql-16.3.tar.gz"},
		{"2.13-3.7.0", "https://archive.apache.org/dist/kafka/{version|after('-')}/kafka_{version}.tgz", "https://archive.apache.org/dist/kafka/3.7.0/kafka_2.13-3.7.0.tgz"},
		{"2024-01-01T16-36-33Z", "https://dl.min.io/server/minio/release/linux-amd64/archive/minio.RELEASE.{version}", "https://dl.min.io/server/minio/release/linux-amd64/archive/minio.RELEASE.2024-01-01T16-36-33Z"},
		{"v0.79.3", gh + "anchore/grype/releases/download/{version}/grype_{version|trim_prefix('v')}_linux_amd64.tar.gz", gh + "anchore/grype/releases/download/v0.79.3/grype_0.79.3_linux_amd64.tar.gz"},
		{"1.9.1", gh + "containernetworking/plugins/releases/download/v{version}/cni-plugins-linux-arm-v{version}.tgz", gh + "containernetworking/plugins/releases/download/v1.9.1/cni-plugins-linux-arm-v1.9.1.tgz"},
	} {
		tmpl, faults := parseTemplate(tt.template, words())
		if got, err := (&Dep{Version: tt.version}).Expand(tmpl, "linux/amd64"); got != tt.want || err != nil || len(faults) > 0 {
			t.Errorf("%s: got %s, %v, %v; want %s", tt.version, got, err, faults, tt.want)
		}
	}
}

func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{"a{version}b{os}", "{", "}", "{}", "{{os}}", "{os{arch}", "{url}é{verison}", "{version|urlencode}", "{ os | replace('a', \"|\")|before('-')}", "{os|after()}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tmpl, faults := parseTemplate(text, words())
		for _, fault := range faults {
			if c := text[fault.offset]; c != '{' && c != '}' {
				t.Errorf("%q: fault at byte %d, which is no brace: %s", text, fault.offset, fault.msg)
			}
		}
		if len(faults) > 0 {
			return
		}
		tmpl = tmpl.unfiltered()
		plain := tmpl.text
		for i := len(tmpl.words) - 1; i >= 0; i-- {
			w := tmpl.words[i]
			plain = plain[:w.start] + "{" + w.name + "}" + plain[w.end:]
		}
		text = plain
		same, err := tmpl.expand(func(name string) (string, error) { return "{" + name + "}", nil })
		if err != nil || same != text {
			t.Errorf("%q with each word for itself is %q, %v", text, same, err)
		}
		bare, _ := tmpl.expand(func(string) (string, error) { return "", nil })
		if strings.ContainsAny(bare, "{}") {
			t.Errorf("%q leaves a brace: %q", text, bare)
		}
	})
}
