package sbom

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
	"github.com/package-url/packageurl-go"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"depfetch/fetch/digest"
	"depfetch/lock"
	"depfetch/lock/release"
)

// text has a line of each kind that a document holds.
const text = `version = 1
[deps.kubectl]
version = "v1.34.1"
url = "https://dl.k8s.io/{version}/bin/{os}/{arch}/kubectl"
path = "/bin/kubectl"
catalogue = "kubernetes/kubectl"
[deps.kubectl.locked]
"linux/amd64" = { url = "https://dl.k8s.io/v1.34.1/bin/linux/amd64/kubectl", sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" }
"linux/arm64" = { url = "https://dl.k8s.io/v1.34.1/bin/linux/arm64/kubectl", sha256 = "f3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", trust = "published" }
[deps.helm]
version = "3.18.4"
url = "https://github.com/helm/helm/releases/download/v{version}/helm.tar.gz"
member = "linux/helm"
path = "/bin/helm"
locked.any = { url = "https://github.com/helm/helm/releases/download/v3.18.4/helm.tar.gz", sha256 = "a3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", unpacked = "b3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" }
[urls]
"https://example.com/%C3%A9%22?token=1" = { sha256 = "c3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" }
"https://example.com/left" = { unpinned = "it changes" }
[images]
"ghcr.io/o/my.app_1:v1" = { digest = "sha256:d3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" }
`

func list(t testing.TB, platforms ...lock.Platform) []*Pinned {
	t.Helper()

	f, err := lock.Parse("deps.lock.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return List(f, platforms...)
}

// whole returns all of a document: what is asked for is known.
func whole(t testing.TB) []*Pinned {
	all := list(t)
	all[2].Tell(release.About{Owner: "helm", Organization: true, License: "Apache-2.0"})
	for i, p := range all[:3] {
		p.By = "minisign RWQ"
		p.Modules = Modules(&debug.BuildInfo{GoVersion: "go1.24.1", Main: debug.Module{Path: fmt.Sprintf("k8s.io/Tool%d", i), Version: "(devel)"},
			Deps: []*debug.Module{{Path: "golang.org/x/net", Version: "v0.40.0"}}})
	}
	return all
}

var document = Document{Tool: "deplock", Version: "1.2.3", Created: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}

func TestList(t *testing.T) {
	var got []string
	for _, p := range list(t, "linux/arm64") {
		got = append(got, fmt.Sprint(p.Package.Name, " ", p.Package.Version, " ", p.Platform, " ", p.Trust, " ", p.Repository, " ", p.Package.PURL, " ", p.Package.CPE))
	}
	generic := func(name, digit, address string) string {
		return "pkg:generic/" + name + "?checksum=sha256:" + digit + "3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855&download_url=" + strings.ReplaceAll(url.QueryEscape(address), "%3A", ":")
	}
	want := []string{
		"kubectl v1.34.1 linux/arm64 published kubernetes/kubernetes " + generic("kubectl@v1.34.1", "f", "https://dl.k8s.io/v1.34.1/bin/linux/arm64/kubectl") + " cpe:2.3:a:kubernetes:kubernetes:1.34.1:*:*:*:*:*:*:*",
		"helm 3.18.4 any tofu helm/helm pkg:github/helm/helm@v3.18.4 cpe:2.3:a:helm:helm:3.18.4:*:*:*:*:*:*:*",
		"%C3%A9%22  any tofu  " + generic("%25C3%25A9%2522", "c", "https://example.com/%C3%A9%22?token=REDACTED") + " ",
		"ghcr.io/o/my.app_1 v1 any tofu  pkg:oci/my.app_1@sha256:d3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855?repository_url=ghcr.io%2Fo%2Fmy.app_1&tag=v1 ",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %s\nwant %s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestRepository holds that a dependency whose versions are those of a repository is a
// product of it, wherever its files lie.
func TestRepository(t *testing.T) {
	f, err := lock.Parse("deps.lock.toml", []byte(`version = 1
[deps.helm]
version = "3.18.4"
url = "https://get.helm.sh/helm-v{version}"
latest = { github = "helm/helm" }
path = "/bin/helm"
locked.any = { url = "https://get.helm.sh/helm-v3.18.4", sha256 = "a3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" }
`))
	if err != nil {
		t.Fatal(err)
	}
	if p := List(f)[0]; p.Repository != "helm/helm" || p.Package.CPE != "cpe:2.3:a:helm:helm:3.18.4:*:*:*:*:*:*:*" || !strings.HasPrefix(p.Package.PURL, "pkg:generic/helm@3.18.4?") {
		t.Errorf("got %+v", p)
	}
}

// TestSchemas holds both documents against the official schemas, and against what others
// read in them.
func TestSchemas(t *testing.T) {
	all := whole(t)
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/CycloneDX/cyclonedx-go").Output()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(strings.TrimSpace(string(out)), "schema")
	c := jsonschema.NewCompiler()
	for address, file := range map[string]string{
		"http://cyclonedx.org/schema/spdx.schema.json":     "spdx.schema.json",
		"http://cyclonedx.org/schema/jsf-0.82.schema.json": "jsf-0.82.schemax.json",
		"http://cyclonedx.org/schema/bom-1.6.schema.json":  "bom-1.6.schema.json",
	} {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource(address, v); err != nil {
			t.Fatal(err)
		}
	}
	for file, write := range map[string]func([]*Pinned) ([]byte, error){
		"http://cyclonedx.org/schema/bom-1.6.schema.json":                       document.CycloneDX,
		filepath.Join("..", "..", "testdata", "schema", "spdx-2.3.schema.json"): document.SPDX,
	} {
		schema, err := c.Compile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, pinned := range [][]*Pinned{all, all[:1], list(t, "linux/riscv64")} {
			text, err := write(pinned)
			if err != nil {
				t.Fatal(err)
			}
			v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
			if err != nil {
				t.Fatalf("%v: %s", err, text)
			}
			if err := schema.Validate(v); err != nil {
				t.Errorf("%v: %s", err, text)
			}
			if again, err := write(pinned); err != nil || !bytes.Equal(again, text) {
				t.Errorf("another document of the same: %s, %v", again, err)
			}
		}
		text, err := write(all)
		if err != nil {
			t.Fatal(err)
		}
		var wrong any
		if err := json.Unmarshal(bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("SHA256"), []byte("SHA 2")), []byte("SHA-256"), []byte("SHA 2")), &wrong); err != nil {
			t.Fatal(err)
		}
		if schema.Validate(wrong) == nil {
			t.Errorf("%s takes everything", file)
		}
	}
}

// TestCycloneDX has the library of others read the document.
func TestCycloneDX(t *testing.T) {
	text, err := document.CycloneDX(whole(t))
	if err != nil {
		t.Fatal(err)
	}
	var b cyclonedx.BOM
	if err := cyclonedx.NewBOMDecoder(bytes.NewReader(text), cyclonedx.BOMFileFormatJSON).Decode(&b); err != nil {
		t.Fatal(err)
	}
	if len(*b.Components) != 5 || b.SpecVersion != cyclonedx.SpecVersion1_6 || !strings.HasPrefix(b.SerialNumber, "urn:uuid:") {
		t.Fatalf("got %s", text)
	}
	refs := make(map[string]bool)
	var purls []string
	var see func(all *[]cyclonedx.Component)
	see = func(all *[]cyclonedx.Component) {
		if all == nil {
			return
		}
		for _, c := range *all {
			if refs[c.BOMRef] {
				t.Errorf("two components with bom-ref %s", c.BOMRef)
			}
			refs[c.BOMRef] = true
			purls = append(purls, c.PackageURL)
			see(c.Components)
		}
	}
	see(b.Components)
	if len(purls) != 5+3*3 {
		t.Errorf("got %d package URLs: %s", len(purls), purls)
	}
	for _, p := range purls {
		if _, err := packageurl.FromString(p); err != nil {
			t.Errorf("%s: %v", p, err)
		}
	}
	helm := (*b.Components)[2]
	if helm.Supplier.Name != "helm" || (*helm.Licenses)[0].Expression != "Apache-2.0" || (*helm.Hashes)[0].Value[:2] != "b3" ||
		(*(*helm.ExternalReferences)[0].Hashes)[0].Value[:2] != "a3" {
		t.Errorf("got %s", text)
	}
	var properties []string
	for _, p := range *helm.Properties {
		properties = append(properties, p.Name+"="+p.Value)
	}
	if got, want := strings.Join(properties, " "), "depfetch:platform=any depfetch:trust=tofu depfetch:signed-by=minisign RWQ depfetch:file=/bin/helm depfetch:member=linux/helm"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSPDX(t *testing.T) {
	text, err := document.SPDX(whole(t))
	if err != nil {
		t.Fatal(err)
	}
	for want, n := range map[string]int{
		`"referenceLocator":"pkg:golang/golang.org/x/net@v0.40.0"`: 1,
		`"referenceLocator":"pkg:golang/k8s.io/Tool0"`:             1,
		`"relationshipType":"CONTAINS"`:                            9,
		`"relationshipType":"DESCRIBES"`:                           5,
		`"comment":"trust: published"`:                             1,
		`"comment":"signed by: minisign RWQ"`:                      3,
		`"supplier":"Organization: helm"`:                          1,
		`"licenseDeclared":"Apache-2.0"`:                           1,
		`"primaryPackagePurpose":"CONTAINER"`:                      1,
	} {
		if got := strings.Count(string(text), want); got != n {
			t.Errorf("%s: %d times, want %d: %s", want, got, n, text)
		}
	}
	if _, err := document.SPDX(nil); err != ErrEmpty {
		t.Errorf("of nothing: %v", err)
	}
}

func TestModules(t *testing.T) {
	var got []string
	for _, m := range Modules(
		&debug.BuildInfo{GoVersion: "go1.22.3 X:boringcrypto", Main: debug.Module{Path: "github.com/BurntSushi/x", Version: "v1.0.0"}, Deps: []*debug.Module{
			{Path: "example.com/old", Version: "v1.0.0", Replace: &debug.Module{Path: "example.com/new", Version: "v2.0.0+incompatible"}},
			{Path: "example.com/local", Version: "v1.0.0", Replace: &debug.Module{Path: "./local"}},
		}},
		&debug.BuildInfo{GoVersion: "devel go1.25-0a1b", Main: debug.Module{Path: "example.com/new", Version: "v2.0.0+incompatible"}},
	) {
		got = append(got, m.Path+" "+m.Version+" "+m.PURL)
	}
	want := []string{
		"example.com/local  pkg:golang/example.com/local",
		"example.com/new v2.0.0+incompatible pkg:golang/example.com/new@v2.0.0%2Bincompatible",
		"github.com/BurntSushi/x v1.0.0 pkg:golang/github.com/BurntSushi/x@v1.0.0",
		"stdlib  pkg:golang/stdlib",
		"stdlib 1.22.3 pkg:golang/stdlib@1.22.3",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %s", strings.Join(got, "\n"))
	}
}

// TestBuild holds when the version of a program's own module is taken from the address of
// the release that it is in.
func TestBuild(t *testing.T) {
	for _, test := range []struct{ path, version, purl, want string }{
		{"github.com/O/r", "(devel)", "pkg:github/o/r@v1.2.3", "v1.2.3"},
		{"github.com/o/r/v2", "", "pkg:github/o/r@v2.0.0-rc.1", "v2.0.0-rc.1"},
		{"github.com/o/r", "v1.2.2", "pkg:github/o/r@v1.2.3", "v1.2.2"},
		{"github.com/o/r", "(devel)", "pkg:github/o/r@v2.0.0", ""},
		{"github.com/o/r/v2", "(devel)", "pkg:github/o/r@v1.0.0", ""},
		{"github.com/o/r", "(devel)", "pkg:github/o/r@1.2.3", ""},
		{"github.com/o/r", "(devel)", "pkg:github/o/r@v1.2", ""},
		{"github.com/o/r/cmd", "(devel)", "pkg:github/o/r@cmd%2Fv1.2.3", ""},
		{"github.com/o/r/cmd", "(devel)", "pkg:github/o/r@v1.2.3", ""},
		{"github.com/o/r", "(devel)", "pkg:github/o/r@v1.2.3#bin/r", ""},
		{"github.com/o/r", "(devel)", "pkg:generic/r@v1.2.3?checksum=sha256:0", ""},
		{"example.com/r", "(devel)", "pkg:github/o/r@v1.2.3", ""},
	} {
		p := &Pinned{}
		p.Package.PURL = test.purl
		info := &debug.BuildInfo{Main: debug.Module{Path: test.path, Version: test.version}}
		p.Build(info)
		if m := p.Modules[0]; m.Path != test.path || m.Version != test.want || !m.Main || info.Main.Version != test.version {
			t.Errorf("%s %s of %s: %+v, want %q", test.path, test.version, test.purl, m, test.want)
		}
	}
}

// BenchmarkDocuments makes those of 300 dependencies.
func BenchmarkDocuments(b *testing.B) {
	var text strings.Builder
	text.WriteString("version = 1\n")
	for i := range 300 {
		fmt.Fprintf(&text, "[deps.tool%d]\nversion = \"1.0\"\nurl = \"https://github.com/o/t%d/releases/download/v{version}/t-{os}-{arch}\"\npath = \"/bin/t%d\"\n", i, i, i)
		for _, arch := range []string{"amd64", "arm64"} {
			fmt.Fprintf(&text, "locked.\"linux/%s\" = { url = \"https://github.com/o/t%d/releases/download/v1.0/t-linux-%s\", sha256 = %q }\n", arch, i, arch, digest.Of([]byte{byte(i), byte(i >> 8), arch[1]}))
		}
	}
	f, err := lock.Parse("deps.lock.toml", []byte(text.String()))
	if err != nil {
		b.Fatal(err)
	}
	for name, write := range map[string]func([]*Pinned) ([]byte, error){"spdx": document.SPDX, "cyclonedx": document.CycloneDX} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := write(List(f, "linux/amd64")); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
