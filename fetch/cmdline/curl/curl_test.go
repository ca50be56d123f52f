package curl_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"depfetch/fetch/cmdline"
	"depfetch/fetch/cmdline/curl"
)

// transfers parses a command line and returns "URL > output" for each transfer.
func transfers(t *testing.T, args ...string) []string {
	t.Helper()
	cmd, err := curl.Parse(args, "", strings.NewReader("url = http://stdin/\n"))
	if err != nil {
		t.Fatalf("%q: %v", args, err)
	}
	var got []string
	for _, op := range cmd.Operations {
		for _, tr := range op.Transfers {
			got = append(got, tr.URL+" > "+tr.Output)
		}
	}
	return got
}

func TestOutputs(t *testing.T) {
	for _, test := range []struct{ args, want string }{
		{"http://h/a", "http://h/a > -"},
		{"-fsSLo f http://h/a", "http://h/a > f"},
		{"-fsSLof http://h/a", "http://h/a > f"},
		{"http://h/a -o f", "http://h/a > f"},
		{"--output=f http://h/a", "http://h/a > f"},
		{"-O http://h/a?b=c", "http://h/a?b=c > a"},
		{"-O h/d/a#frag", "h/d/a#frag > a"},
		{"-O http://h/", "http://h/ > curl_response"},
		{"-o x http://h/a -o y http://h/b", "http://h/a > x, http://h/b > y"},
		{"http://h/a http://h/b -o x -o y", "http://h/a > x, http://h/b > y"},
		{"-o x -O http://h/a http://h/b", "http://h/a > x, http://h/b > b"},
		{"-O http://h/a http://h/b", "http://h/a > a, http://h/b > -"},
		{"-OO http://h/a http://h/b", "http://h/a > a, http://h/b > b"},
		{"--remote-name-all http://h/a http://h/b", "http://h/a > a, http://h/b > b"},
		{"--output-dir d -O http://h/a", "http://h/a > d/a"},
		{"--remote-name http://h/a --next -o z http://h/b", "http://h/a > a, http://h/b > z"},
		{"-O http://h/a -: -o z http://h/b", "http://h/a > a, http://h/b > z"},
		{"-O http://h/{a,b}.[01-03:2]", "http://h/a.01 > a.01, http://h/a.03 > a.03, http://h/b.01 > b.01, http://h/b.03 > b.03"},
		{"-o #2-#1 http://h/{a,b}/[x-y]", "http://h/a/x > x-a, http://h/a/y > y-a, http://h/b/x > x-b, http://h/b/y > y-b"},
		{"-g -O http://h/{a}", "http://h/{a} > {a}"},
		{"http://[::1]:80/a", "http://[::1]:80/a > -"},
		{"-G -d a=1 --data-urlencode b=ü/ http://h/x?z=0", "http://h/x?z=0&a=1&b=%C3%BC%2F > -"},
		{"--url-query a=b --url http://h/x", "http://h/x?a=b > -"},
		{"-K- -s", "http://stdin/ > -"},
		{"-s -- -odd", "-odd > -"},
		{"--insec --sil http://h/a", "http://h/a > -"},
		{"--no-progress-meter --no-buffer -XGET http://h/a", "http://h/a > -"},
		{"-qfsSL http://h/a", "http://h/a > -"},
		{"-o a -o b http://h/a", "http://h/a > a"},
	} {
		if got := strings.Join(transfers(t, strings.Fields(test.args)...), ", "); got != test.want {
			t.Errorf("%s\n got %s\nwant %s", test.args, got, test.want)
		}
	}
}

func TestErrors(t *testing.T) {
	for _, test := range []struct {
		args  string
		fault cmdline.Fault
		want  string
	}{
		{"", cmdline.Usage, "no URL specified"},
		{"-s", cmdline.Usage, "no URL specified"},
		{"--nope http://h/", cmdline.Usage, "unknown option --nope"},
		{"-? http://h/", cmdline.Usage, "unknown option -?"},
		{"- http://h/", cmdline.Usage, "unknown option -"},
		{"http://h/ -o", cmdline.Usage, "--output requires a value"},
		{"--fail=yes http://h/", cmdline.Usage, "--fail takes no value"},
		{"--no-output x http://h/", cmdline.Usage, "unknown option --no-output"},
		{"--tlsv x http://h/", cmdline.Usage, "--tlsv may be --tlsv1 or --tlsv1.3"},
		{"-d a http://h/", cmdline.Usage, "--data is refused: it sends data"},
		{"--data-binary @f http://h/", cmdline.Usage, "--data-binary @f is refused"},
		{"-T f http://h/", cmdline.Usage, "--upload-file is refused"},
		{"-X POST http://h/", cmdline.Usage, "--request POST is refused"},
		{"-F a=b http://h/", cmdline.Usage, "--form is refused"},
		{"-r 0-9 http://h/", cmdline.Usage, "--range is refused: a pinned file comes whole"},
		{"-C 12 http://h/", cmdline.Usage, "--continue-at is refused"},
		{"-u me http://h/", cmdline.Usage, "--user without a password"},
		{"http://h/ --next", cmdline.Usage, "no URL specified"},
		{"-c jar http://h/", cmdline.Usage, "--cookie-jar jar is refused"},
		{"--hsts f http://h/", cmdline.Usage, "--hsts f is refused"},
		{"--xattr http://h/", cmdline.Usage, "--xattr is refused"},
		{"-z 2030-01-01 http://h/", cmdline.Usage, "--time-cond 2030-01-01 is refused"},
		{"-w %{content_type} http://h/", cmdline.Usage, "--write-out %{content_type} is refused"},
		{"-w %%{json}%header{x} http://h/", cmdline.Usage, "--write-out %header{x} is refused"},
		{"-w %{url.host} http://h/", cmdline.Usage, "is refused"},
		{"--max-redirs x http://h/", cmdline.Usage, "want a number"},
		{"--limit-rate x http://h/", cmdline.Usage, "want a number"},
		{"--retry-delay x http://h/", cmdline.Usage, "want a number"},
		{"--max-filesize x http://h/", cmdline.Usage, "want a number of bytes"},
		{"--output= http://h/", cmdline.Usage, "want the name of a file"},
		{"--retry x http://h/", cmdline.Usage, "want a number"},
		{"-m x http://h/", cmdline.Usage, "want a number of seconds"},
		{"--expand-url x", cmdline.Usage, "--expand-url is refused"},
		{"http://h/{a", cmdline.URL, "unmatched brace or bracket"},
		{"http://h/[3-1]", cmdline.URL, "bad range"},
		{"http://h/[1-9999999]", cmdline.URL, "bad range"},
		{"http://h/[1-200]/[1-200]", cmdline.URL, "stands for too many"},
		{"-K /nonexistent", cmdline.Read, "no such file"},
	} {
		_, err := curl.Parse(strings.Fields(test.args), "", nil)
		e := &cmdline.Error{Fault: cmdline.Usage}
		if errors.As(err, &e); err == nil || e.Fault != test.fault || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v; want fault %d, %q", test.args, err, test.fault, test.want)
		}
	}
}

func TestConfig(t *testing.T) {
	dir := t.TempDir()
	text := "# a comment\n-s\nfail\nmax-time = 2.5\nheader=\"X-A: \\\"b\\\"\\t\"\nuser-agent : me\nurl http://h/a\noutput \"a b\"\nnext\nurl=http://h/b\n"
	if err := os.WriteFile(filepath.Join(dir, "c"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd, err := curl.Parse([]string{"-K", filepath.Join(dir, "c")}, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(cmd.Operations) != 2 {
		t.Fatalf("%d operations", len(cmd.Operations))
	}
	a, b := cmd.Operations[0], cmd.Operations[1]
	if a.Transfers[0].Output != "a b" || a.MaxTime != 2500*time.Millisecond || len(b.Fields) != 0 || b.Transfers[0].Output != "-" ||
		!slices.Equal(a.Fields, []string{"X-A: \"b\"\t", "User-Agent: me"}) {
		t.Errorf("got %+v %+v", a, b)
	}

	// A .curlrc holds, unless the first argument says otherwise.
	if err := os.WriteFile(filepath.Join(dir, ".curlrc"), []byte("output rc\nurl http://h/rc\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if cmd, err := curl.Parse([]string{"http://h/a"}, filepath.Join(dir, ".curlrc"), nil); err != nil || len(cmd.Operations[0].Transfers) != 2 || cmd.Operations[0].Transfers[0].Output != "rc" {
		t.Errorf("with .curlrc: %+v, %v", cmd.Operations, err)
	}
	if cmd, err := curl.Parse([]string{"-qs", "http://h/a"}, filepath.Join(dir, ".curlrc"), nil); err != nil || len(cmd.Operations[0].Transfers) != 1 {
		t.Errorf("with -q: %+v, %v", cmd.Operations, err)
	}
	open := filepath.Join(dir, "open")
	if err := os.WriteFile(open, []byte("output = \"a\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := curl.Parse([]string{"-K", open}, "", nil); err == nil || !strings.Contains(err.Error(), "a quote is not closed") {
		t.Errorf("an open quote: %v", err)
	}
	loop := filepath.Join(dir, "loop")
	if err := os.WriteFile(loop, []byte("config "+loop+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := curl.Parse([]string{"-K", loop}, "", nil); err == nil || !strings.Contains(err.Error(), "too deep") {
		t.Errorf("a file that names itself: %v", err)
	}
}

// named matches a string of names of options that has this one.
func named(option string) *regexp.Regexp {
	return regexp.MustCompile(`"([a-z0-9.-]+ )*` + regexp.QuoteMeta(option) + `( [a-z0-9.-]+)*"`)
}

// TestTable gives each option of the table to the parser: nothing is accepted that
// nothing acts on, and nothing that is refused gets through.
func TestTable(t *testing.T) {
	var source string
	for _, name := range []string{"curl.go", "config.go"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		source += string(text)
	}
	seen := make(map[string]bool)
	for _, o := range curl.Table() {
		if seen[o.Long] || o.Short != "" && seen["-"+o.Short] {
			t.Errorf("--%s or -%s is in the table twice", o.Long, o.Short)
		}
		seen[o.Long], seen["-"+o.Short] = true, true
		if o.Class == cmdline.Act && !named(o.Long).MatchString(source) {
			t.Errorf("nothing acts on --%s", o.Long)
		}
		args := []string{"--" + o.Long}
		if o.Kind == cmdline.Value {
			value := map[string]string{"request": "GET", "user": "a:b", "continue-at": "-", "config": os.DevNull,
				"time-cond": "f", "cookie-jar": os.DevNull, "hsts": os.DevNull, "alt-svc": os.DevNull, "ssl-sessions": os.DevNull}[o.Long]
			if value == "" {
				value = "7"
			}
			args = append(args, value)
		}
		args = append(args, "-G", "http://h/")
		_, err := curl.Parse(args, "", nil)
		var refused *cmdline.RefusedError
		switch {
		case o.Class == cmdline.Deny:
			if !errors.As(err, &refused) || refused.Reason == "" || refused.Name != "--"+o.Long {
				t.Errorf("--%s: want a refusal with a reason, got %v", o.Long, err)
			}
		case o.Long == "next": // needs a URL before it
		case err != nil:
			t.Errorf("%q: %v", args, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"-fsSL\nhttp://h/{a,b}[1-3]\n-o\n#1", "-K-", "-O\n--next", "-z\n\n-w%{a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		args := strings.Split(s, "\n")
		for _, a := range args {
			if strings.Contains(a, "K") || strings.Contains(a, "config") || strings.Contains(a, "@") {
				return // reads files
			}
		}
		cmd, err := curl.Parse(args, "", nil)
		if err != nil {
			return
		}
		if !cmd.Help && !cmd.Version && len(cmd.Operations) == 0 {
			t.Errorf("%q: neither an error nor a transfer", args)
		}
	})
}

// TestSilent holds which command lines ask for no progress. It is an option of the whole
// command line.
func TestSilent(t *testing.T) {
	for args, want := range map[string]bool{
		"-fLO http://h/a":                               false,
		"-#O http://h/a":                                false,
		"-sO http://h/a":                                true,
		"-fsSL http://h/a":                              true,
		"--silent --show-error http://h/a":              true,
		"-s --no-silent http://h/a":                     false,
		"--no-progress-meter http://h/a":                true,
		"-O http://h/a --next -sO http://h/b":           true,
		"-sO http://h/a --next -O http://h/b":           true,
		"-O http://h/a --next -O http://h/b -w x -v -S": false,
	} {
		job, err := curl.Parse(strings.Fields(args), "", strings.NewReader(""))
		if err != nil || job.Silent != want {
			t.Errorf("%s: silent %t, %v", args, job.Silent, err)
		}
	}
}
