package sync

import (
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"

	"depfetch/fetch/cmdline"
	"depfetch/fetch/cmdline/curl"
	"depfetch/fetch/cmdline/wget"
	"depfetch/fetch/source"
	"depfetch/lock"
	"depfetch/lock/dockerfile/script"
	"depfetch/lock/release"
	"depfetch/lock/sums"
)

// hintRecord is the hint where reading the Dockerfile is not enough.
const hintRecord = "deplock record -- docker build …"

// addCall adds a call of curl or wget.
func (run *Run) addCall(tool string, c *script.Call, downloads []*script.Download) {
	at := slices.IndexFunc(run.Calls, func(o *Call) bool { return o.At == c.Start && o.Tool == tool })
	if at < 0 {
		at = len(run.Calls)
		run.Calls = append(run.Calls, &Call{At: c.Start, Tool: tool})
	}
	call := run.Calls[at]
	for _, r := range run.requests(tool, c, downloads) {
		run.changed = append(run.changed, change{path: r.output})
		same := func(o *Request) bool { return o.Form == r.Form && o.Unknown == r.Unknown && o.Refused == r.Refused }
		if i := slices.IndexFunc(call.Requests, same); i >= 0 {
			if call.Requests[i].Sum.IsZero() {
				call.Requests[i].Sum = r.Sum
			}
			call.Requests[i].runs = append(call.Requests[i].runs, r.runs...)
			continue
		}
		call.Requests = append(call.Requests, r)
	}
}

// marker, with the index of the word, stands for an unknown word of a command line
// while that is parsed.
const marker = "depfetch-unknown-word-"

// requests returns what one command line asks for.
func (run *Run) requests(tool string, c *script.Call, downloads []*script.Download) []*Request {
	args := make([]string, len(c.Args))
	for i, a := range c.Args {
		if args[i] = a.Text; !a.Known() {
			args[i] = fmt.Sprint(marker, i, "-")
		}
	}
	unknown := func(s string) string { // why a part of s is not known, or ""
		_, rest, ok := strings.Cut(s, marker)
		if !ok {
			return ""
		}
		i := 0
		fmt.Sscanf(rest, "%d", &i)
		return c.Args[min(i, len(c.Args)-1)].Why
	}
	one := func(r Request) []*Request {
		r.At = c.Start
		return []*Request{&r}
	}
	follow, why := scanOptions(tool, args)
	if why != "" {
		return one(Request{Unknown: why})
	}
	job, err := parse(tool, args)
	switch {
	case err != nil && unknown(err.Error()) != "":
		return one(Request{Unknown: unknown(err.Error())})
	case err != nil:
		return one(Request{Refused: Reason{c.Start, tool + ": " + err.Error(), "depfetch cannot take its place; leave it, or ask otherwise"}})
	case job.Help || job.Version:
		return nil
	}
	var all []*Request
	for _, o := range job.Operations {
		for _, t := range o.Transfers {
			r := &Request{At: c.Start}
			if r.Unknown = unknown(t.URL); r.Unknown == "" {
				r.Refused = r.fill(follow, o, t, unknown)
			}
			for _, d := range downloads {
				r.observe(run.platform, d)
			}
			if r.output = t.Output; !strings.HasPrefix(t.Output, "/") {
				r.output = path.Join(c.Dir, t.Output)
			}
			all = append(all, r)
		}
	}
	return all
}

// scanOptions reports whether a command line follows redirects, and returns the reason
// why what it asks for is not known, or "".
func scanOptions(tool string, args []string) (follow bool, why string) {
	lex := curl.Lex
	if tool == "wget" {
		lex, follow = wget.Lex, true
	}
	for a := range lex(args) {
		if a.Err != nil || a.Option == nil {
			continue
		}
		file, isFile := "", false
		switch a.Option.Long {
		case "location", "location-trusted":
			follow = a.On
		case "max-redirect", "max-redirs":
			follow = follow && a.Value != "0"
		case "config", "input-file", "base":
			file, isFile = a.Value, true
		case "url", "header", "data", "data-ascii", "data-binary", "data-urlencode", "proxy-header":
			file, isFile = strings.CutPrefix(a.Value, "@")
		}
		switch {
		case isFile && file == "-":
			return follow, "what it asks for comes from its input"
		case isFile:
			return follow, "what it asks for is in the file " + file
		}
	}
	return follow, ""
}

// parse parses a command line as the shim does, but reads no files.
func parse(tool string, args []string) (*cmdline.Job, error) {
	if tool == "wget" {
		return wget.Parse(args, nil, strings.NewReader(""))
	}
	return curl.Parse(args, "", strings.NewReader(""))
}

// fill sets the form of a request, and returns the reason why its address cannot be
// pinned, or the zero Reason.
func (r *Request) fill(follow bool, o *cmdline.Operation, t cmdline.Transfer, unknown func(string) string) Reason {
	no := func(what, hint string) Reason { return Reason{r.At, what, hint} }
	a, err := cmdline.Normalize(t.URL, o.Scheme, o.AsIs)
	if err != nil {
		return no(fmt.Sprintf("%s: %v", source.Redact(t.URL), err), "write the address as it is asked for")
	}
	fields := slices.Clone(o.Fields)
	if a.HasUser {
		fields = append(fields, curl.Basic(a.User+":"+a.Password))
	}
	r.Form = Form{URL: a.URL, Follow: follow, Header: strings.Join(fields, "\n"), Netrc: o.Netrc != ""}
	r.Moving, r.Local = moves(a.URL), local(a.URL)
	shown := source.Redact(a.URL)
	switch {
	case a.Scheme == "file":
		return no(shown+" is a file of the image, not a download", "use cp")
	case a.Scheme != "http" && a.Scheme != "https":
		return no(shown+": only https and http are pinned", "ask for it over https")
	case unknown(r.Header) != "":
		return no(shown+" is asked for with a header that is not known: "+unknown(r.Header), hintRecord)
	case o.HeadOnly && !o.Discard && t.Output != "/dev/null", o.Header, o.DumpHeader != "":
		return no("it reads the header of the answer of "+shown, "depfetch answers with the status and length alone")
	case strings.Contains(o.WriteOut, "url_effective"), strings.Contains(o.WriteOut, "redirect_url"), strings.Contains(o.WriteOut, "header"):
		return no("it reads where "+shown+" leads", "write the version into the Dockerfile")
	case o.Rename && t.Named:
		return no("the server names the file of "+shown, "name it with -o or -O")
	case o.AsIs:
		return no(shown+" is asked for with --path-as-is", hintRecord)
	}
	return Reason{}
}

// observe adds what the script does with a download, if that has the same address.
func (r *Request) observe(p lock.Platform, d *script.Download) {
	a, err := cmdline.Normalize(d.URL.Text, "http", false)
	if err != nil || a.URL != r.URL || !d.URL.Known() {
		return
	}
	for _, c := range d.Checks {
		if c.Kind == script.CheckSum && c.Lost == "" && c.Sum.Known() && r.Sum.IsZero() {
			r.Sum = sums.Sum{Algorithm: c.Algo, Hex: strings.ToLower(c.Sum.Text)}
		}
	}
	if d.Read == script.ReadCaptured && r.Moving == "" && !d.Evidence {
		r.Moving = "its answer is read by the script"
	}
	if x := d.Executed; x != nil {
		r.runs = append(r.runs, execution{p, x.Call, x.Env})
	}
}

// local reports whether an address is one of the machine that asks, or of the cloud
// that it runs in.
func local(url string) bool {
	_, rest, _ := strings.Cut(url, "://")
	host, _, _ := strings.Cut(rest, "/")
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		host = host[:i]
	}
	host = strings.Trim(host, "[]")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") || strings.HasSuffix(host, ".docker.internal") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && (ip.IsLoopback() || ip.IsUnspecified() || ip.IsLinkLocalUnicast())
}

// moves returns the reason why the content of an address changes by its nature, or "".
func moves(url string) string {
	if word := release.Moving(url); word != "" {
		return "its address says " + word
	}
	return ""
}
