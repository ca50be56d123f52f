package lock

import (
	"strings"
	"testing"
)

func TestExpand(t *testing.T) {
	alias, none := "x86_64-musl", ""
	for _, tt := range []struct {
		text string
		vars Vars
		want string
		err  string
	}{
		{text: "", want: ""},
		{text: "plain", want: "plain"},
		{text: "{version}{version}", vars: Vars{Version: "1.2"}, want: "1.21.2"},
		{text: "a{os}-{arch}{variant}z", vars: Vars{Platform: "linux/arm/v7"}, want: "alinux-armv7z"},
		{text: "[{variant}]", vars: Vars{Platform: "linux/arm64"}, want: "[]"},
		{text: "{uname}", vars: Vars{Platform: "linux/arm64"}, want: "aarch64"},
		{text: "{uname}", vars: Vars{Platform: "windows/arm64"}, err: "{uname}: what uname -m says on windows/arm64 is not known; use {alias}"},
		{text: "{alias}", vars: Vars{Platform: "linux/amd64", Alias: &alias}, want: "x86_64-musl"},
		{text: "tool{alias}.gz", vars: Vars{Platform: "linux/amd64", Alias: &none}, want: "tool.gz"},
		{text: "{alias}", vars: Vars{Platform: "linux/amd64"}, err: "{alias}: alias has no entry for linux/amd64"},
		{text: "{url}.asc", vars: Vars{URL: "https://example.com/{os}"}, want: "https://example.com/{os}.asc"},
		{text: "{version}", vars: Vars{Platform: "linux/amd64"}, err: "{version} is used, but there is no version"},
		{text: "{version}", vars: Vars{Platform: Any, Version: "1"}, want: "1"},
		{text: "{arch}", vars: Vars{Platform: Any}, err: "{arch} differs between platforms, and the line any stands for all of them"},
		{text: "{major}/{minor}/{patch}", vars: Vars{Version: "1.22.333"}, want: "1/22/333"},
		{text: "{major}.{minor}", vars: Vars{Version: "v2024.01+build.5"}, want: "2024.01"},
		{text: "{patch}", vars: Vars{Version: "1.2.3-rc.4"}, want: "3"},
		{text: "{patch}", vars: Vars{Version: "1.2.3.4"}, want: "3"},
		{text: "{patch}", vars: Vars{Version: "1.2"}, err: `{patch}: version "1.2" has no such number`},
		{text: "{major}", vars: Vars{Version: "vv1"}, err: `{major}: version "vv1" has no such number`},
		{text: "{version|urlencode}", vars: Vars{Version: "21.0.3+9"}, want: "21.0.3%2B9"},
		{text: "{version|replace('+','_')}", vars: Vars{Version: "21.0.3+9"}, want: "21.0.3_9"},
		{text: "{version | replace('.', '_') | before('-')}", vars: Vars{Version: "1.84.0-beta"}, want: "1_84_0"},
		{text: "{version|before('+')}-{version|after('+')}", vars: Vars{Version: "21.0.3+9"}, want: "21.0.3-9"},
		{text: "{version|before('+')}", vars: Vars{Version: "21"}, want: "21"},
		{text: "{version|after('+')}", vars: Vars{Version: "21"}, err: `filter after: "21" holds no "+"`},
		{text: `{version|replace("|", ",")}`, vars: Vars{Version: "1|2"}, want: "1,2"},
		{text: `{version|replace('.', '')}`, vars: Vars{Version: "1.2"}, want: "12"},
		{text: "{os|replace('linux','Linux')}", vars: Vars{Platform: "linux/amd64"}, want: "Linux"},
		{text: "{minor}", vars: Vars{Version: "1..2"}, err: `{minor}: version "1..2" has no such number`},
	} {
		tmpl, faults := parseTemplate(tt.text, append(words(), "url"))
		if len(faults) > 0 || tmpl.String() != tt.text || tmpl.IsZero() != (tt.text == "") {
			t.Fatalf("parseTemplate(%q): %v", tt.text, faults)
		}
		got, err := tmpl.Expand(tt.vars)
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
