package wget_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"depfetch/fetch/cmdline"
	"depfetch/fetch/cmdline/wget"
)

// TestBusybox has what busybox 1.35 names its files.
func TestBusybox(t *testing.T) {
	for _, test := range []struct{ args, want string }{
		{"http://h/a", "a"},
		{"http://h", "index.html"},
		{"h/", "index.html"},
		{"h/d/", "index.html"},
		{"http://h/a//", "index.html"},
		{"http://h//d//a", "a"},
		{"http://h/q?x=1&y=a/b", "b"},
		{"http://h/a?x=/", "index.html"},
		{"http://h?x=1", "x=1"},
		{"http://h/a?", "a?"},
		{"http://h/a%20b", "a%20b"},
		{"http://h/a#f", "a#f"},
		{"http://h/d/#f/x", "x"},
		{"-P d http://h/a", "d/a"},
		{"-O f -P d http://h/a", "f"},
	} {
		job, err := wget.ParseBusybox(strings.Fields(test.args), nil)
		if err != nil {
			t.Errorf("%s: %v", test.args, err)
			continue
		}
		o := job.Operations[0]
		if got := o.Transfers[0].Output; got != test.want || o.Timed || o.Dirs || (o.Existing == cmdline.Fail) != o.Transfers[0].Named {
			t.Errorf("%s: %q, want %q: %+v", test.args, got, test.want, o)
		}
	}
}

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
		{"-x http://h/../../../a", "http://h/../../../a > h/a"},
		{"-x -nH http://h/d/a", "http://h/d/a > d/a"},
		{"-nH --cut-dirs=1 -x http://h/d/e/a", "http://h/d/e/a > e/a"},
		{"-x --cut-dirs=9 http://h/d/e/a", "http://h/d/e/a > h/a"},
		{"-nH --cut-dirs=1 http://h/d/a", "http://h/d/a > a"},
		{"-x -nd http://h/d/a", "http://h/d/a > a"},
		{"-nd -x http://h/d/a", "http://h/d/a > h/d/a"},
		{"-x --protocol-directories http://H:80/d//a", "http://H:80/d//a > http/h/d/a"},
		{"-x http://me:pw@h:81/%2e%2e/%2fa/.%2e", "http://me:pw@h:81/%2e%2e/%2fa/.%2e > h:81/%2E%2E/%2Fa/%2E%2E"},
		{"-P ../p http://h/d/..", "http://h/d/.. > ../p/index.html"},
		{"--default-page=../x http://h/", "http://h/ > ..%2Fx"},
		{"--restrict-file-names=lowercase http://h/A%2FB", "http://h/A%2FB > a%2fb"},
		{"--restrict-file-names=windows,uppercase http://h/a:b?c|d", "http://h/a:b?c%7Cd > A%3AB@C%7CD"},
		{"--restrict-file-names=ascii http://h/%C3%BC%01", "http://h/%C3%BC%01 > %C3%BC%01"},
		{"-O f -x http://h/d/a", "http://h/d/a > f"},
		{"-e dir_prefix=p -e cut_dirs=1 -e dirstruct=on http://h/d/a", "http://h/d/a > p/h/a"},
		{"--content-disposition=off --verbose=off -q -e quiet=off http://h/a", "http://h/a > a"},
		{"-- -odd", "-odd > index.html"},
		{"--recursive=off http://h/a", "http://h/a > a"},
	} {
		cmd, err := wget.Parse(strings.Fields(test.args), nil, strings.NewReader("http://one/x\n\nhttp://two/y\n"))
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
		"-v -q http://h/":            "--verbose and --quiet exclude",
		"-N -nc http://h/":           "--timestamping and --no-clobber exclude",
		"-4 -6 http://h/":            "exclude one another",
		"--output-document= http://": "no such file",
		"--quiet=maybe http://h/":    "want on or off",
		"--header=x http://h/":       "want NAME: VALUE",
		"--progress=x http://h/":     "want one of",
		"--limit-rate=x http://h/":   "want a number",
		"--trust-server-names h/":    "is refused",
		"--restrict-file-names=vms":  "want unix",
		"--save-cookies f http://h/": "--save-cookies is refused",
		"-b http://h/":               "--background is refused",
		"-e config=f http://h/":      "is refused",
		"--config /nonexistent h/":   "no such file",
	} {
		_, err := wget.Parse(strings.Fields(args), nil, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v; want %q", args, err, want)
		}
	}
}

// TestConfigs holds what wgetrc files do.
func TestConfigs(t *testing.T) {
	dir := t.TempDir()
	system, user, bad := dir+"/system", dir+"/user", dir+"/bad"
	for name, text := range map[string]string{system: "# all\npassive_ftp = on\ndir_prefix = s\n", user: "\nDir-Prefix=u\nquiet = on\n", bad: "quiet = on\nnonsense = 1\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct{ args, configs, want string }{
		{"h/a", system, "s/a"},
		{"h/a", system + " " + user, "u/a"},
		{"-P p h/a", system + " " + user, "p/a"},
		{"--no-config h/a", system, "a"},
		{"--config " + user + " h/a", system, "u/a"},
		{"h/a", bad, bad + ":2: "},
	} {
		job, err := wget.Parse(strings.Fields(test.args), strings.Fields(test.configs), nil)
		if err != nil {
			if !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("%s: %v", test.args, err)
			}
		} else if got := job.Operations[0].Transfers[0].Output; got != test.want {
			t.Errorf("%s: got %s; want %s", test.args, got, test.want)
		}
	}
}

// FuzzWget: a name that comes from a URL never leads out of the directory of -P. It may
// be the directory itself, as GNU wget has it for %2e, which cannot be written then.
func FuzzWget(f *testing.F) {
	for _, s := range []string{"-q|http://h/f", "-P|d|http://h/%2e%2e/f", "-x|http://h/../../f", "-O|-|http://h/f", "-x|http://../f", "-i|-",
		"-x|-P|d|http://h/a/%2e%2e/%2e%2e/f", "--default-page=../x|http://h/", "-x|http://h\\..\\f/", "--protocol-directories|-x|..://..%2f/../f",
		"-x|-nH|--cut-dirs=1|http://h/a/../../..", "--restrict-file-names=windows|http://h/?/../x", "-w|-|http://h/", "-P|d|http://h/h/%2e"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		args := strings.Split(line, "|")
		for i, a := range args { // reads and writes no files
			if strings.HasPrefix(a, "-") && strings.ContainsAny(a, "ioaOPe") && !strings.HasPrefix(a, "--restrict-file-names=") && !strings.HasPrefix(a, "--protocol-directories") {
				args[i] = "-q"
			}
		}
		job, err := wget.Parse(append([]string{"-P", "dir"}, args...), nil, strings.NewReader(""))
		if err != nil || job.Help || job.Version {
			return
		}
		for _, o := range job.Operations {
			for _, tr := range o.Transfers {
				if rel, err := filepath.Rel("dir", tr.Output); tr.Named && (err != nil || rel == ".." || strings.HasPrefix(rel, "../")) {
					t.Fatalf("%q: %q lies outside dir", line, tr.Output)
				}
			}
		}
	})
}

// named matches a string of names of options that has this one.
func named(option string) *regexp.Regexp {
	return regexp.MustCompile(`"([a-z0-9.-]+ )*` + regexp.QuoteMeta(option) + `( [a-z0-9.-]+)*"`)
}

// TestTable gives each option of the table to the parser: nothing is accepted that
// nothing acts on, and nothing that is refused gets through.
func TestTable(t *testing.T) {
	// An option with a value of its own, and one that goes with another alone.
	values := map[string]string{"method": "GET", "execute": "robots=off", "input-file": "-", "header": "a: b", "progress": "dot:mega",
		"secure-protocol": "auto", "prefer-family": "none", "compression": "none", "regex-type": "pcre", "busybox-proxy": "off", "config": os.DevNull}
	also := map[string]string{"restrict-file-names": "=unix", "report-speed": "=bits"}
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
		if o.Class == cmdline.Act && !named(o.Long).Match(source) {
			t.Errorf("nothing acts on --%s", o.Long)
		}
		args := []string{"--" + o.Long + also[o.Long]}
		if o.Kind == cmdline.Value {
			value := values[o.Long]
			if value == "" {
				value = "7"
			}
			args = append(args, value)
		}
		if o.Long == "trust-server-names" {
			args = append(args, "-O", "f")
		}
		_, err := wget.Parse(append(args, "http://h/"), nil, strings.NewReader(""))
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

// TestSilent holds which command lines ask for no progress.
func TestSilent(t *testing.T) {
	rc := filepath.Join(t.TempDir(), "wgetrc")
	if err := os.WriteFile(rc, []byte("quiet = on\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]bool{
		"http://h/a":                            false,
		"-S --progress=dot:giga http://h/a":     false,
		"-v http://h/a":                         false,
		"-q http://h/a":                         true,
		"-qO- http://h/a":                       true,
		"-nv http://h/a":                        true,
		"--no-verbose http://h/a":               true,
		"-e verbose=off http://h/a":             true,
		"-q --show-progress http://h/a":         false,
		"--quiet --no-show-progress http://h/a": true,
		"--config " + rc + " http://h/a":        true,
	} {
		job, err := wget.Parse(strings.Fields(args), nil, strings.NewReader(""))
		if err != nil || job.Silent != want {
			t.Errorf("%s: silent %t, %v", args, job.Silent, err)
		}
	}
}
