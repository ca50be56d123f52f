package purl

import (
	"strings"
	"testing"

	"github.com/package-url/packageurl-go"
)

// TestParser has the parser of others read what this package writes: it must find the
// parts that were meant, and no more to bring into the canonical form.
func TestParser(t *testing.T) {
	none := packageurl.Qualifiers{}
	for text, want := range map[string]packageurl.PackageURL{
		FromAddress("https://github.com/Helm/Helm/releases/download/v3.18.4/x.tgz"):                          {Type: "github", Namespace: "helm", Name: "helm", Version: "v3.18.4", Qualifiers: none},
		FromAddress("https://github.com/kubernetes-sigs/kustomize/releases/download/kustomize%2Fv5.4.2/k"):   {Type: "github", Namespace: "kubernetes-sigs", Name: "kustomize", Version: "kustomize/v5.4.2", Qualifiers: none},
		FromAddress("https://github.com/o/r/releases/download/jq-1.7.1+a/jq"):                                {Type: "github", Namespace: "o", Name: "r", Version: "jq-1.7.1+a", Qualifiers: none},
		FromAddress("https://raw.githubusercontent.com/o/r/v1/install/get.sh"):                               {Type: "github", Namespace: "o", Name: "r", Version: "v1", Qualifiers: none, Subpath: "install/get.sh"},
		FromAddress("https://npm.example.com/@angular/cli/-/cli-12.3.1.tgz"):                                 {Type: "npm", Namespace: "@angular", Name: "cli", Version: "12.3.1", Qualifiers: none},
		FromAddress("https://files.pythonhosted.org/packages/a/b/c/ruamel.yaml_clib-0.2-cp39-cp39-any.whl"):  {Type: "pypi", Name: "ruamel-yaml-clib", Version: "0.2", Qualifiers: none},
		FromAddress("https://repo1.maven.org/maven2/org/apache/commons/commons-io/2.16/commons-io-2.16.jar"): {Type: "maven", Namespace: "org.apache.commons", Name: "commons-io", Version: "2.16", Qualifiers: none},
		FromAddress("https://static.crates.io/crates/rust_decimal/rust_decimal-1.2.3.crate"):                 {Type: "cargo", Name: "rust_decimal", Version: "1.2.3", Qualifiers: none},
		FromAddress("https://goproxy.example.com/github.com/!burnt!sushi/toml/@v/v2.0.0+incompatible.zip"):   {Type: "golang", Namespace: "github.com/burntsushi", Name: "toml", Version: "v2.0.0+incompatible", Qualifiers: none},
		FromAddress("https://rubygems.org/gems/nokogiri-1.16.0-x86_64-linux.gem"):                            {Type: "gem", Name: "nokogiri", Version: "1.16.0", Qualifiers: none},
		Module("github.com/BurntSushi/toml", "v1.4.0"):                                                       {Type: "golang", Namespace: "github.com/burntsushi", Name: "toml", Version: "v1.4.0", Qualifiers: none},
		Module("go.example.com", ""): {Type: "golang", Name: "go.example.com", Qualifiers: none},
		Module("stdlib", "1.22.1"):   {Type: "golang", Name: "stdlib", Version: "1.22.1", Qualifiers: none},
		Image("docker.io/library/debian", "12", "244f"): {Type: "oci", Name: "debian", Version: "sha256:244f", Qualifiers: packageurl.Qualifiers{
			{Key: "repository_url", Value: "docker.io/library/debian"}, {Key: "tag", Value: "12"}}},
		Image("localhost:5000/my_app", "v1_2.3-a", "244f"): {Type: "oci", Name: "my_app", Version: "sha256:244f", Qualifiers: packageurl.Qualifiers{
			{Key: "repository_url", Value: "localhost:5000/my_app"}, {Key: "tag", Value: "v1_2.3-a"}}},
		Generic("100% (off)/2", "1+2@~3", "https://example.com/é?a=b&c=d#e", "00ff"): {Type: "generic", Name: "100% (off)/2", Version: "1+2@~3", Qualifiers: packageurl.Qualifiers{
			{Key: "checksum", Value: "sha256:00ff"}, {Key: "download_url", Value: "https://example.com/é?a=b&c=d#e"}}},
	} {
		got, err := packageurl.FromString(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got.ToString() != want.ToString() || got.Namespace != want.Namespace || got.Name != want.Name {
			t.Errorf("%s: got %#v, want %#v", text, got, want)
		}
		if want.Type == "golang" {
			text = strings.ReplaceAll(text, "BurntSushi", "burntsushi") // see rules
		}
		if canonical := got.ToString(); canonical != text && unescape(canonical) != unescape(text) {
			t.Errorf("%s: it is written %s", text, canonical)
		}
		if err := got.Normalize(); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// unescape leaves the two characters as they are of which old and new rules say another
// thing: a colon, and a slash in a qualifier.
func unescape(text string) string {
	return strings.NewReplacer("%3A", ":", "%2F", "/").Replace(text)
}

// TestSpecification holds examples of the specification's own, of the types that are made
// here (https://github.com/package-url/purl-spec).
func TestSpecification(t *testing.T) {
	for want, got := range map[string]string{
		"pkg:npm/%40angular/animation@12.3.1":               FromAddress("https://npm.example.com/@angular/animation/-/animation-12.3.1.tgz"),
		"pkg:npm/foobar@12.3.1":                             FromAddress("https://npm.example.com/foobar/-/foobar-12.3.1.tgz"),
		"pkg:pypi/django@1.11.1":                            FromAddress("https://files.pythonhosted.org/packages/a/b/c/Django-1.11.1.tar.gz"),
		"pkg:pypi/django-allauth@12.23":                     FromAddress("https://files.pythonhosted.org/packages/a/b/c/django_allauth-12.23.tar.gz"),
		"pkg:maven/org.apache.xmlgraphics/batik-anim@1.9.1": FromAddress("https://repo1.maven.org/maven2/org/apache/xmlgraphics/batik-anim/1.9.1/batik-anim-1.9.1.jar"),
		"pkg:gem/ruby-advisory-db-check@0.12.4":             FromAddress("https://rubygems.org/gems/ruby-advisory-db-check-0.12.4.gem"),
		"pkg:cargo/structopt@0.3.11":                        FromAddress("https://static.crates.io/crates/structopt/structopt-0.3.11.crate"),
		"pkg:golang/google.golang.org/genproto@abcdedf":     Module("google.golang.org/genproto", "abcdedf"),
		"pkg:github/package-url/purl-spec@244fd47e07d1004":  FromAddress("https://github.com/package-url/purl-spec/archive/244fd47e07d1004.zip"),
		"pkg:oci/debian@sha256:244fd47e07d10?repository_url=docker.io%2Flibrary%2Fdebian&tag=latest": Image("docker.io/library/debian", "latest", "244fd47e07d10"),
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
