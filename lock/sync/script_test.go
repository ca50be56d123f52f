package sync_test

import (
	"slices"
	"strings"
	"testing"

	"depfetch/lock/sync"
)

// TestReadScript holds what a downloaded script adds to the RUN that runs it: the
// addresses that it asks for, and what keeps the RUN from being adopted.
func TestReadScript(t *testing.T) {
	const get = "curl -fsSLo s https://example.com/s && "
	for _, test := range []struct {
		name, run, script string
		urls, left        string
	}{
		{name: "a download", run: get + "sh s", script: "wget https://example.com/a", urls: "https://example.com/a"},
		{name: "with an argument", run: get + "bash s -- 1.2", script: "curl -fsSLO https://example.com/$2", urls: "https://example.com/1.2"},
		{name: "after -s", run: "curl -fsSL https://example.com/s | sh -s -- 1.2", script: "curl -fsSLO https://example.com/$1", urls: "https://example.com/1.2"},
		{name: "with a variable of the RUN", run: get + "V=3 sh s", script: "curl -fsSLO https://example.com/$V", urls: "https://example.com/3"},
		{name: "by its own name", run: get + "chmod +x s && ./s 7", script: "#!/usr/bin/env bash\ncurl -fsSLO https://example.com/$1", urls: "https://example.com/7"},
		{name: "no download", run: get + "sh s", script: "echo $UNKNOWN"},
		{name: "a program", run: get + "chmod +x s && ./s", script: "\x7fELF\x00 curl $X"},
		{name: "an unknown address", run: get + "sh s", script: "curl -fsSLO $(cat /etc/url)",
			left: "https://example.com/s runs, and downloads more: an address is not known: only the build has the file /etc/url"},
		{name: "what cannot be pinned", run: get + "sh s", script: "curl -d a=b https://example.com/a",
			left: "https://example.com/s runs: curl: --data is refused: it sends data, and a pinned fetch only gets"},
		{name: "another language", run: get + "chmod +x s && ./s", script: "#!/usr/bin/python3\nrun('curl')",
			left: "https://example.com/s runs, names curl or wget, and is a script for python3"},
		{name: "lines that end with CRLF", run: get + "sh s", script: "curl -fsSLO https://example.com/a\r\n",
			left: "https://example.com/s runs: it cannot be read: it has CRLF line ends, which the shell takes as parts of words"},
		{name: "too long", run: get + "sh s", script: "curl x\n" + strings.Repeat("#", 1<<20),
			left: "https://example.com/s runs, and is too long a script to be read"},
	} {
		run := read(t, "FROM debian:12\nRUN "+test.run+"\n").Runs[0]
		scripts := run.Scripts()
		if len(scripts) == 0 {
			t.Errorf("%s: the RUN runs no script", test.name)
			continue
		}
		// One request is read for all platforms.
		run.ReadScript(scripts[0], []byte(test.script))
		if more := run.Scripts(); len(more) > 0 {
			t.Errorf("%s: %d scripts are left", test.name, len(more))
		}
		var urls, left []string
		for _, c := range run.Calls {
			for _, r := range c.Requests {
				if r.URL != "" && r.URL != "https://example.com/s" && r.Refused == (sync.Reason{}) && !slices.Contains(urls, r.URL) {
					urls = append(urls, r.URL)
				}
			}
		}
		for _, o := range run.Obstacles {
			left = append(left, o.What)
		}
		if got := strings.Join(urls, " "); got != test.urls {
			t.Errorf("%s: asks for %q, want %q", test.name, got, test.urls)
		}
		if got := strings.Join(left, "; "); got != test.left {
			t.Errorf("%s: left because\n%s\nwant\n%s", test.name, got, test.left)
		}
	}
}

// TestLeaveScripts holds that a RUN is left whose scripts have not been read.
func TestLeaveScripts(t *testing.T) {
	run := read(t, "FROM debian:12\nRUN curl -fsSL https://example.com/s | sh\n").Runs[0]
	if !run.Judge(everything{}).Adopt {
		t.Fatalf("before: %+v", run.Judge(everything{}))
	}
	run.LeaveScripts()
	if v := run.Judge(everything{}); v.Adopt || !strings.Contains(v.Reasons[0].What, "followed no deeper") {
		t.Errorf("after: %+v", v)
	}
}

// TestUnpinnable holds which addresses may be left unpinned so that a RUN is adopted.
func TestUnpinnable(t *testing.T) {
	const fixed, moving = "https://example.com/a", "https://example.com/latest"
	for _, test := range []struct{ run, want string }{
		{"curl -fsSLO " + fixed + " && curl -fsSLO " + moving, moving},
		{"curl -fsSLO " + moving + " && wget " + moving + ".txt && wget " + fixed, moving + " " + moving + ".txt"},
		{"curl -fsSLO " + moving, ""},                                                       // nothing is adopted
		{"curl -fsSLO " + fixed, ""},                                                        // nothing moves
		{"curl -fsSLO " + fixed + " -O " + moving, ""},                                      // one call asks for both
		{"curl -fsSLO " + fixed + " && curl -fsSLO " + moving + " && curl -O $UNKNOWN", ""}, // an unknown address
		{"sudo curl -fsSLO " + fixed + " && curl -fsSLO " + moving, ""},                     // an obstacle
	} {
		var got []string
		for _, r := range read(t, "FROM debian:12\nARG UNKNOWN\nRUN "+test.run+"\n").Runs[0].Unpinnable() {
			got = append(got, r.URL)
		}
		if s := strings.Join(got, " "); s != test.want {
			t.Errorf("%s: got %q, want %q", test.run, s, test.want)
		}
	}
}

// left leaves every request of one form.
type left struct {
	everything
	form sync.Form
}

func (l left) Left(f sync.Form) (sync.Reason, bool) {
	return sync.Reason{What: "asked for otherwise"}, f == l.form
}

// TestAdd holds what becomes of an ADD, and of its checksum.
func TestAdd(t *testing.T) {
	const url = "https://example.com/a"
	sum := "sha256:" + digestOf(url)
	old := "sha256:" + strings.Repeat("a", 64)
	for _, test := range []struct {
		before, after string
		pins          sync.Pins
	}{
		{before: "ADD " + url + " /a", after: "ADD --checksum=" + sum + " " + url + " /a", pins: everything{}},
		{before: "ADD --chmod=0755 " + url + " /a", after: "ADD --checksum=" + sum + " --chmod=0755 " + url + " /a", pins: everything{}},
		{before: "ADD --checksum=" + old + " " + url + " /a", after: "ADD --checksum=" + sum + " " + url + " /a", pins: everything{}},
		{before: "ADD --checksum=" + sum + " " + url + " /a", pins: everything{}},
		{before: "ARG S=" + old + "\nADD --checksum=$S " + url + " /a", pins: everything{}},
		{before: "ADD " + url + " /a", pins: everything{unpinned: []string{url}}},
		{before: "ADD " + url + " /a", pins: left{form: sync.Form{URL: url, Follow: true}}},
	} {
		after := test.after
		if after == "" {
			after = test.before
		}
		if got := string(read(t, "FROM debian:12\n"+test.before+"\n").Edit(sync.Source{From: "depfetch", Lock: "l"}, test.pins)); got != "FROM debian:12\n"+after+"\n" {
			t.Errorf("%s\n got %s\nwant %s", test.before, got, after)
		}
	}
}

// digestOf returns the digest that everything pins for an address.
func digestOf(url string) string {
	pin, _ := everything{}.Pin(url)
	return pin.Digest.String()
}
