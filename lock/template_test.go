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
