package wget_test

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"

	"depfetch/fetch/cmdline"
	"depfetch/fetch/cmdline/wget"
)

func TestOutputs(t *testing.T) {
	for _, test := range []struct{ args, want string }{
		{"http://h/a", "http://h/a > a"},
		{"h/d/a", "h/d/a > a"},
		{"http://h/", "http://h/ > index.html"},
		{"http://h", "http://h > index.html"},
		{"http://h/a?b=c/d", "http://h/a?b=c/d > a?b=c%2Fd"},
		{"http://h/a%20b%2Fc", "http://h/a%20b%2Fc > a b%2Fc"},
		{"http://h/a#x", "http://h/a#x > a"},
		{"-qO- http://h/a", "http://h/a > -"},
		{"-q -O - http://h/a", "http://h/a > -"},
		{"-O f http://h/a http://h/b", "http://h/a > f, http://h/b > f"},
		{"-nv -Of http://h/a", "http://h/a > f"},
		{"-nvO f http://h/a", ""}, // -n takes the rest
		{"-qnv -O f http://h/a", "http://h/a > f"},
		{"-nvnc http://h/a", ""},
		{"-nvc http://h/a", "http://h/a > a"},
		{"--output-document=f http://h/a", "http://h/a > f"},
		{"--output-document f http://h/a", "http://h/a > f"},
		{"--output-d f http://h/a", "http://h/a > f"},
		{"-P /d http://h/a", "http://h/a > /d/a"},
		{"--directory-prefix=/d http://h/a", "http://h/a > /d/a"},
		{"http://h/a --quiet -c -O f", "http://h/a > f"},
		{"-qi - -P d", "http://one/x > d/x, http://two/y > d/y"},
		{"--no-check-certificate --progress=dot:giga --show-progress -S -4 http://h/a", "http://h/a > a"},
		{"--no-verbose --no-clobber --no-cookies --no-dns-cache --no-parent http://h/a", "http://h/a > a"},
		{"-t 3 -T10 -w 1m --waitretry=5 --retry-connrefused http://h/a", "http://h/a > a"},
		{"-e robots=off -e use_proxy=no http://h/a", "http://h/a > a"},
		{"--check-certificate=off --quiet=on http://h/a", "http://h/a > a"},
		{"-Y off http://h/a", "http://h/a > a"},
		{"-x -P d http://h:8/x/../y/a?b", "http://h:8/x/../y/a?b > d/h:8/y/a?b"},
		{"-x http://h/../../../a", "http://h/../../../a > a"},
		{"-- -odd", "-odd > index.html"},
		{"--recursive=off http://h/a", "http://h/a > a"},
	} {
		cmd, err := wget.Parse(strings.Fields(test.args), strings.NewReader("http://one/x\n\nhttp://two/y\n"))
		var got []string
		for _, op := range cmd.Operations {
			for _, tr := range op.Transfers {
				got = append(got, tr.URL+" > "+tr.Output)
			}
		}
		if s := strings.Join(got, ", "); s != test.want || (err == nil) != (test.want != "") {
			t.Errorf("%s\n got %s, %v\nwant %s", test.args, s, err, test.want)
		}
	}
}

func TestErrors(t *testing.T) {
	for args, want := range map[string]string{
		"":                           "missing URL",
		"-q":                         "missing URL",
		"--nope http://h/":           "unknown option --nope",
		"-? http://h/":               "unknown option -?",
		"-nx http://h/":              "unknown option -nx",
		"http://h/ -O":               "--output-document requires a value",
		"--post-data=a http://h/":    "--post-data is refused: it sends data",
		"--method=POST http://h/":    "--method=POST is refused",
		"-r http://h/":               "--recursive is refused",
		"-rnp http://h/":             "--recursive is refused",
		"-m http://h/":               "--mirror is refused",
		"-p http://h/":               "--page-requisites is refused",
		"--start-pos=3 http://h/":    "--start-pos is refused",
		"--ask-password http://h/":   "--ask-password is refused",
		"--load-cookies f http://h/": "--load-cookies is refused",
		"-t x http://h/":             "want a number",
		"-T x http://h/":             "want a number of seconds",
		"-i http://h/list":           "is refused: a list of URLs has to be a file",
		"-i /nonexistent":            "no such file",
		"-e post_data=x http://h/":   "is refused",
		"-e nonsense http://h/":      "want NAME = VALUE",
		"--output f http://h/":       "--output may be",
	} {
		_, err := wget.Parse(strings.Fields(args), nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v; want %q", args, err, want)
		}
	}
}

// TestTable gives each option of the table to the parser: nothing is accepted that
// nothing acts on, and nothing that is refused gets through.
func TestTable(t *testing.T) {
	source, err := os.ReadFile("wget.go")
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, o := range wget.Table() {
		if seen[o.Long] || o.Short != "" && seen["-"+o.Short] {
			t.Errorf("--%s or -%s is in the table twice", o.Long, o.Short)
		}
		seen[o.Long], seen["-"+o.Short] = true, true
		if o.Class == cmdline.Act && !strings.Contains(string(source), strconv.Quote(o.Long)) {
			t.Errorf("nothing acts on --%s", o.Long)
		}
		args := []string{"--" + o.Long}
		if o.Kind == cmdline.Value {
			value := map[string]string{"method": "GET", "execute": "robots=off", "input-file": "-"}[o.Long]
			if value == "" {
				value = "7"
			}
			args = append(args, value)
		}
		_, err := wget.Parse(append(args, "http://h/"), strings.NewReader(""))
		var refused *cmdline.RefusedError
		switch {
		case o.Class == cmdline.Deny:
			if !errors.As(err, &refused) || refused.Reason == "" || refused.Name != "--"+o.Long {
				t.Errorf("--%s: want a refusal with a reason, got %v", o.Long, err)
			}
		case err != nil:
			t.Errorf("%q: %v", args, err)
		}
	}
}
