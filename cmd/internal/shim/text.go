package shim

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"depfetch/fetch"
	"depfetch/fetch/cmdline"
	"depfetch/fetch/cmdline/curl"
	"depfetch/fetch/cmdline/wget"
	"depfetch/fetch/source"
)

// The versions of the programs whose options are understood.
const (
	curlVersion = "8.16.0"
	wgetVersion = "1.21.4"
)

// version prints the parts of --version that scripts look at: the first words,
// protocols and features.
func (r *runner) version() {
	if r.Name == "wget" {
		fmt.Fprintf(r.Stdout, "GNU Wget %s (depfetch) depfetch/%s\n", wgetVersion, r.Version)
		return
	}
	fmt.Fprintf(r.Stdout, "curl %s (depfetch) depfetch/%s\nProtocols: file http https\n"+
		"Features: HTTP2 HTTPS-proxy IPv6 Largefile SSL\n", curlVersion, r.Version)
}

// help prints the supported options, which install scripts search before they use one,
// and the exit codes.
func (r *runner) help() {
	table, exits := curl.Table(), curlExits
	if r.Name == "wget" {
		table, exits = wget.Table(), wgetExits
	}
	w := r.Stdout
	fmt.Fprintf(w, "Usage: %s [option…] URL…\n\nThe command line of %[1]s, for pinned files alone: a URL is fetched only if the\n"+
		"lockfile pins it ($DEPFETCH_LOCK, /deps.lock.toml or ./deps.lock.toml), and\n"+
		"nothing is written before all of it is verified. Options marked \"accepted\" do not\n"+
		"change what is written.\n\n", r.Name)
	for i := range table {
		o := &table[i]
		short, value, note := "    ", "", ""
		if o.Short != "" {
			short = ("-" + o.Short + ",  ")[:4]
		}
		if o.Kind == cmdline.Value {
			value = " <value>"
		}
		switch o.Class {
		case cmdline.Tune, cmdline.Amount:
			note = "accepted"
		case cmdline.Deny:
			note = "refused: " + o.Reason
		}
		fmt.Fprintf(w, " %s --%-22s %s\n", short, o.Long+value, note)
	}
	fmt.Fprintf(w, "\n%sRun as \"depfetch %s\", the exit codes are those of depfetch.\n", exits, r.Name)
}

// writeOut prints the text of -w, with its variables expanded.
func (t *transfer) writeOut() {
	w := t.Stdout
	for format := t.WriteOut; format != ""; {
		at := strings.IndexAny(format, "%\\")
		if at < 0 || at+1 == len(format) {
			io.WriteString(w, format)
			return
		}
		io.WriteString(w, format[:at])
		c, next := format[at], format[at+1]
		text := format[at : at+2]
		rest := format[at+2:]
		name, after, braced := strings.Cut(rest, "}")
		switch {
		case c == '\\' && strings.IndexByte("nrt", next) >= 0:
			text = map[byte]string{'n': "\n", 'r': "\r", 't': "\t"}[next]
		case c == '%' && next == '%':
			text = "%"
		case c == '%' && next == '{' && braced:
			rest = after
			switch name {
			case "stderr":
				w, text = t.Console.Stderr, ""
			case "stdout":
				w, text = t.Stdout, ""
			case "onerror":
				if text = ""; t.err == nil {
					return
				}
			default:
				text = t.variable(name)
			}
		}
		io.WriteString(w, text)
		format = rest
	}
}

// variable returns the value of a variable of -w. A value that only a real transfer
// could have is empty or zero.
func (t *transfer) variable(name string) string {
	status, bytes, effective, redirects := "000", int64(0), t.url, "0"
	var answer *source.Error
	switch {
	case t.skipped:
		status = "304"
	case t.got:
		status = "200"
		if !t.HeadOnly {
			bytes = t.origin.Bytes
		}
		// Bytes from a cache have no server that could have redirected.
		if n := t.origin.Response.Redirects; n > 0 && t.Follow && t.origin.Source == fetch.SourceOrigin {
			effective, redirects = t.origin.Response.URL, strconv.Itoa(n)
		}
	case errors.As(t.err, &answer) && answer.Status != 0:
		status = strconv.Itoa(answer.Status)
	}
	switch name {
	case "http_code", "response_code":
		return status
	case "url_effective":
		return effective
	case "method":
		if t.HeadOnly {
			return http.MethodHead
		}
		return http.MethodGet
	case "urlnum":
		return strconv.Itoa(t.number)
	case "url":
		return t.url
	case "filename_effective":
		if t.output != "-" && t.got {
			return t.output
		}
	case "size_download":
		return strconv.FormatInt(bytes, 10)
	case "speed_download":
		return strconv.FormatInt(int64(float64(bytes)/max(t.elapsed.Seconds(), 1e-6)), 10)
	case "num_redirects":
		return redirects
	case "exitcode":
		return strconv.Itoa(t.code)
	case "errormsg":
		if t.err != nil {
			return t.err.Error()
		}
	case "scheme":
		scheme, _, _ := strings.Cut(t.url, "://")
		return scheme
	case "http_version":
		return "1.1"
	case "num_connects":
		if t.got {
			return "1"
		}
		return "0"
	case "ssl_verify_result", "proxy_ssl_verify_result", "size_upload":
		return "0"
	default:
		if strings.HasPrefix(name, "time_") {
			return strconv.FormatFloat(t.elapsed.Seconds(), 'f', 6, 64)
		}
	}
	return ""
}
