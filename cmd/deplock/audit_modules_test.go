package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"depfetch/fetch/digest"
)

// write writes a file, and the folders that it lies in.
func write(t *testing.T, name string, text []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, text, 0o666); err != nil {
		t.Fatal(err)
	}
}

// zipOf returns a zip of files.
func zipOf(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var text bytes.Buffer
	z := zip.NewWriter(&text)
	for name, content := range files {
		w, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(w, content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}

// buildTool has Go build version 1.0.0 of github.com/o/tool, which needs a module.
func buildTool(t *testing.T) []byte {
	t.Helper()
	dir := t.TempDir()
	const tool, held = "github.com/o/tool@v1.0.0/", "example.com/Held@v1.2.0/"
	files := map[string]string{
		tool + "go.mod":  "module github.com/o/tool\n\ngo 1.25\n\nrequire example.com/Held v1.2.0\n",
		tool + "main.go": "package main\n\nimport held \"example.com/Held\"\n\nfunc main() { println(held.Text) }\n",
		held + "go.mod":  "module example.com/Held\n\ngo 1.25\n",
		held + "held.go": "package held\n\nconst Text = \"held\"\n",
	}
	for _, module := range []string{tool, held} {
		in := make(map[string]string)
		for name, text := range files {
			if strings.HasPrefix(name, module) {
				in[name] = text
			}
		}
		path, version, _ := strings.Cut(strings.TrimSuffix(module, "/"), "@")
		base := filepath.Join(dir, "proxy", strings.ReplaceAll(path, "H", "!h"), "@v", version)
		write(t, base+".zip", zipOf(t, in))
		write(t, base+".mod", []byte(files[module+"go.mod"]))
		write(t, base+".info", []byte(`{"Version":"`+version+`"}`))
		write(t, filepath.Join(filepath.Dir(base), "list"), []byte(version+"\n"))
	}
	build := exec.Command("go", "install", strings.TrimSuffix(tool, "/"))
	build.Env = append(os.Environ(), "GOPROXY=file://"+filepath.ToSlash(filepath.Join(dir, "proxy")), "GOSUMDB=off", "GOWORK=off", "GOTOOLCHAIN=local",
		"GOOS=", "GOARCH=", "GOFLAGS=-modcacherw -buildvcs=false -trimpath", "GOMODCACHE="+filepath.Join(dir, "mod"), "GOBIN="+dir)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(filepath.Join(dir, "tool"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

const heldRecord = `{"schema_version":"1.7.3","id":"GO-2026-1","aliases":["CVE-2026-1"],"modified":"2026-01-01T00:00:00Z","summary":"held holds on",
"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}],
"affected":[{"package":{"ecosystem":"Go","name":"example.com/Held"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.2.1"}]}]}]}`

// osv is a stand-in for OSV's API and GitHub's: it knows one module, and the releases of one
// repository. The packages that it is asked about are sent to asked.
func osv(t *testing.T, releases *string, asked *[]string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var all struct {
			Queries []struct {
				Package struct{ Ecosystem, Name string }
				Version string
			}
		}
		switch {
		case r.URL.Path == "/v1/vulns/GO-2026-1":
			io.WriteString(w, heldRecord)
		case r.URL.Path == "/repos/o/tool/releases" && *releases != "":
			io.WriteString(w, *releases)
		case r.URL.Path == "/v1/querybatch" && json.NewDecoder(r.Body).Decode(&all) == nil:
			var results []string
			*asked = nil
			for _, q := range all.Queries {
				*asked = append(*asked, q.Package.Ecosystem+" "+q.Package.Name+" "+q.Version)
				result := "{}"
				if q.Package.Name == "example.com/Held" {
					result = `{"vulns":[{"id":"GO-2026-1","modified":"2026-01-01T00:00:00Z"}]}`
				}
				results = append(results, result)
			}
			fmt.Fprintf(w, `{"results":[%s]}`, strings.Join(results, ","))
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestAuditModules asks about what a real program was built from. It is pinned for two
// platforms, and a second dependency has the same program in an archive.
func TestAuditModules(t *testing.T) {
	tool := buildTool(t)
	t.Chdir(t.TempDir())
	write(t, "1.0.0/tool", tool)
	packed := zipOf(t, map[string]string{"bin/tool": string(tool), "bin/text": "#!/bin/sh\n"})
	write(t, "1.0.0/tool.zip", packed)
	write(t, "text", []byte("#!/bin/sh\n"))
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	here = "file://" + filepath.ToSlash(here)
	line := func(name string, text []byte) string {
		return fmt.Sprintf("{ url = %q, sha256 = %q }", here+"/"+name, digest.Of(text))
	}
	write(t, "deps.lock.toml", []byte(`version = 1
[deps.tool]
version = "1.0.0"
url = "`+here+`/{version}/tool"
latest = { github = "o/tool" }
path = "/bin/tool"
[deps.tool.locked]
"linux/amd64" = `+line("1.0.0/tool", tool)+`
"linux/arm64" = `+line("1.0.0/tool", tool)+`
[deps.other]
url = "`+here+`/1.0.0/tool.zip"
path = "/opt/other"
unpack = true
locked.any = `+line("1.0.0/tool.zip", packed)+`
[deps.text]
url = "`+here+`/text"
path = "/bin/text"
locked.any = `+line("text", []byte("#!/bin/sh\n"))+`
`))
	downloads := regexp.MustCompile("(?m)^downloaded .*\n")
	var asked []string
	releases := `[{"tag_name":"v1.1.0","published_at":"2026-01-01T00:00:00Z"},{"tag_name":"v1.0.0","published_at":"2025-01-01T00:00:00Z"}]`
	api := osv(t, &releases, &asked)
	audit := func(more ...string) (code int, stdout, stderr string) {
		t.Helper()
		code, stdout, stderr = deplock(t, append([]string{"audit", "--vulnerabilities", "--osv-api", api, "--github-api", api}, more...)...)
		return code, stdout, downloads.ReplaceAllString(stderr, "")
	}

	// Nothing is known of them by their addresses.
	if code, stdout, stderr := audit(); code != 0 || !strings.HasSuffix(stdout, "0 vulnerabilities; 0 versions asked about, 3 not\n") || stderr != "deplock: hint: --inspect asks about what programs of Go were built from, too\n" {
		t.Errorf("not inspected: %d\n%s%s", code, stdout, stderr)
	}
	code, stdout, stderr := audit("--inspect")
	const text = `high 7.5      tool 1.0.0: example.com/Held v1.2.0: GO-2026-1 (CVE-2026-1): held holds on
  fixed in example.com/Held v1.2.1
  https://osv.dev/vulnerability/GO-2026-1
high 7.5      other: example.com/Held v1.2.0: GO-2026-1 (CVE-2026-1): held holds on
  fixed in example.com/Held v1.2.1
  https://osv.dev/vulnerability/GO-2026-1
not asked     other: its address names no package of a registry
not asked     text: its address names no package of a registry
2 vulnerabilities; 6 versions asked about, 2 not
`
	const hints = `deplock: hint: tool 1.1.0 is newer, and may be built from fixed modules: deplock update tool@1.1.0
deplock: hint: look for a newer version of other, which may be built from fixed modules
`
	if code != 1 || stdout != text || stderr != hints {
		t.Errorf("%d\n%s%s", code, stdout, stderr)
	}
	std, _, _ := strings.Cut(strings.TrimPrefix(runtime.Version(), "go"), " ")
	if want := []string{"Go example.com/Held 1.2.0", "Go github.com/o/tool 1.0.0", "Go stdlib " + std}; !slices.Equal(asked, want) {
		t.Errorf("asked about %q, each once; want %q", asked, want)
	}

	// What else there is to say of newer versions.
	for of, want := range map[string]string{
		`[{"tag_name":"v1.0.0","published_at":"2025-01-01T00:00:00Z"}]`: "tool 1.0.0 is the newest version, and only its upstream can build it from fixed modules",
		"": "look for a newer version of tool 1.0.0, which may be built from fixed modules",
	} {
		releases = of
		if code, _, stderr := audit("--inspect", "tool"); code != 1 || stderr != "deplock: hint: "+want+"\n" {
			t.Errorf("%s: %d\n%s", of, code, stderr)
		}
	}

	releases = `[{"tag_name":"v1.1.0","published_at":"2026-01-01T00:00:00Z"}]`
	_, stdout, _ = audit("--inspect", "--json", "tool")
	for _, want := range []string{
		`{"status":"affected","name":"tool","version":"1.0.0","module":"example.com/Held","module_version":"v1.2.0","purl":"pkg:golang/example.com/Held@v1.2.0","id":"GO-2026-1","aliases":["CVE-2026-1"],"severity":"high","score":7.5,"vector":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N","summary":"held holds on","fixed":"1.2.1","newer":"1.1.0","url":"https://osv.dev/vulnerability/GO-2026-1","file":"deps.lock.toml","line":3,"column":1}` + "\n",
		`{"status":"none","name":"tool","version":"1.0.0","module":"github.com/o/tool","module_version":"v1.0.0","purl":"pkg:golang/github.com/o/tool@v1.0.0","file":"deps.lock.toml","line":3,"column":1}` + "\n",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("got\n%swant\n%s", stdout, want)
		}
	}
	if _, stdout, _ = audit("--inspect", "--sarif", "tool"); !strings.Contains(stdout, `"GO-2026-1 affects tool 1.0.0: example.com/Held v1.2.0, and is fixed in example.com/Held v1.2.1."`) {
		t.Errorf("got\n%s", stdout)
	}

	// No server is asked with --offline, for bytes neither.
	write(t, "osv/Go/all.zip", zipOf(t, map[string]string{"GO-2026-1.json": heldRecord}))
	offline := []string{"audit", "--vulnerabilities", "--inspect", "--offline", "--database", "osv", "--cache", "cache", "tool"}
	code, stdout, stderr = deplock(t, offline...)
	if code != 3 || !strings.Contains(stderr, "not in the cache, and offline") ||
		stdout != "not asked     tool 1.0.0: its file is not to be had, so what it was built from is not known\n0 vulnerabilities; 0 versions asked about, 1 not\n" {
		t.Errorf("with an empty cache: %d\n%s%s", code, stdout, stderr)
	}
	audit("--inspect", "--cache", "cache")
	if err := os.RemoveAll("1.0.0"); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr = deplock(t, offline...)
	if code != 1 || !strings.HasPrefix(stdout, text[:strings.Index(text, "high 7.5      other")]) || stderr != "deplock: hint: look for a newer version of tool 1.0.0, which may be built from fixed modules\n" {
		t.Errorf("offline: %d\n%s%s", code, stdout, stderr)
	}

	// What is missing does not hide the rest, in whatever order.
	code, stdout, stderr = deplock(t, offline[:len(offline)-1]...)
	if code != 1 || !strings.Contains(stdout, "GO-2026-1") || strings.Contains(stdout, "not to be had") {
		t.Errorf("all of the cache: %d\n%s%s", code, stdout, stderr)
	}
	if err := os.Remove(filepath.Join("cache", "blobs", "sha256", digest.Of(packed).String())); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr = deplock(t, offline[:len(offline)-1]...)
	if code != 1 || !strings.Contains(stdout, "GO-2026-1") || !strings.Contains(stdout, "not asked     other: its file is not to be had") || strings.Contains(stdout, "tool 1.0.0: its file") {
		t.Errorf("without one: %d\n%s%s", code, stdout, stderr)
	}

	// An entry about the module's vulnerability is about what was built from it.
	lockfile, err := os.ReadFile("deps.lock.toml")
	if err != nil {
		t.Fatal(err)
	}
	write(t, "deps.lock.toml", append(lockfile, `[policy]
ignore = { id = "CVE-2026-1", reason = "the code is not called", until = 2999-12-31 }
`...))
	code, stdout, stderr = deplock(t, offline...)
	if code != 0 || stderr != "" || stdout != `ignored       tool 1.0.0: example.com/Held v1.2.0: CVE-2026-1 until 2999-12-31: the code is not called
0 vulnerabilities, 1 ignored; 3 versions asked about, 0 not
` {
		t.Errorf("ignored: %d\n%s%s", code, stdout, stderr)
	}
}
