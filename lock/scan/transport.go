package scan

import "strings"

var insecureTLS = Rule{
	ID:    "insecure-tls",
	Level: Error,
	Title: "certificates are not checked",
	Why:   "anybody on the way can send anything",
	Fix:   "drop the option; give a private CA with `--cacert`",
	check: func(p *pass) {
		for _, d := range p.downloads {
			if d.Insecure != "" {
				p.report(Error, d.Start, d.End, "%s of %s takes any certificate for %s", d.Insecure, d.Tool, shown(d.URL))
			}
		}
	},
}

var plainHTTP = Rule{
	ID:    "plain-http",
	Level: Warning,
	Title: "download over plain http",
	Why:   "anybody on the way can read and change it",
	Fix:   "use the https address",
	check: func(p *pass) {
		for _, a := range p.addresses {
			if !strings.HasPrefix(a.url.Text, "http://") {
				continue
			}
			level := Warning
			if a.sum {
				level = Note // the sum protects the bytes
			}
			p.report(level, a.start, a.end, "%s comes over plain http", shown(a.url))
		}
	},
}

var curlWithoutFail = Rule{
	ID:    "curl-without-fail",
	Level: Warning,
	Title: "curl without -f",
	Why:   "an error page is taken for the file",
	Fix:   "add `-f` (`--fail`)",
	check: func(p *pass) {
		for _, d := range p.downloads {
			if !d.NoFail || d.Tool != "curl" {
				continue
			}
			level := Warning
			if d.Verified() {
				level = Note // the check refuses an error page
			}
			p.report(level, d.Start, d.End, "curl takes an error page for %s", shown(d.URL))
		}
	},
}
