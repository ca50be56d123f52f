package curl

import (
	"strings"

	"depfetch/fetch/cmdline"
)

// lines calls f for the lines of a file.
func (p *parser) lines(name string, f func(line string)) error {
	text, err := cmdline.ReadText(name, p.stdin)
	if err != nil {
		return err
	}
	for _, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			f(line)
		}
	}
	return nil
}

// config acts on the lines of a file: an option, with or without its dashes, and
// a value behind spaces, a colon or an equals sign, which may be in quotes.
func (p *parser) config(text string) (refused error) {
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		args := []string{line}
		separators := " \t=:"
		if line[0] == '-' {
			separators = " \t"
		}
		if end := strings.IndexAny(line, separators); end > 1 {
			value, ok := unquote(strings.TrimLeft(line[end:], separators))
			if !ok {
				return cmdline.Bad(line, ": a quote is not closed")
			}
			args = []string{line[:end], value}
		}
		if args[0][0] != '-' {
			args[0] = "--" + args[0]
		}
		if err := cmdline.Defer(&refused, p.table.Parse(args, false, p.act)); err != nil {
			return err
		}
	}
	return refused
}

// unquote returns a value of a config file: up to its closing quote, or else up
// to the first space.
func unquote(s string) (value string, closed bool) {
	quoted, ok := strings.CutPrefix(s, `"`)
	if !ok {
		s, _, _ = strings.Cut(s, " ")
		s, _, _ = strings.Cut(s, "\t")
		return s, true
	}
	var b strings.Builder
	for i := 0; i < len(quoted); i++ {
		if quoted[i] == '"' {
			return b.String(), true
		}
		c := quoted[i]
		if c == '\\' && i+1 < len(quoted) {
			i++
			c = quoted[i]
			if at := strings.IndexByte("tnrv", c); at >= 0 {
				c = "\t\n\r\v"[at]
			}
		}
		b.WriteByte(c)
	}
	return "", false
}

// addData adds data, which -G puts into the URL.
func (p *parser) addData(o *cmdline.Option, value string) error {
	if o.Long == "url-query" {
		if raw, ok := strings.CutPrefix(value, "+"); ok {
			p.data = append(p.data, raw)
			return nil
		}
	} else {
		p.values.Set("data", o.Name())
	}
	encode := o.Long == "data-urlencode" || o.Long == "url-query"
	at := strings.IndexAny(value, "=@")
	if at >= 0 && value[at] == '@' && (encode || at == 0 && o.Long != "data-raw") {
		return cmdline.Refuse(o.Name()+" "+value, "it sends a file, and a pinned fetch only gets")
	}
	if encode {
		name, content, ok := strings.Cut(value, "=")
		switch {
		case !ok:
			value = escape(name)
		case name == "":
			value = escape(content)
		default:
			value = name + "=" + escape(content)
		}
	}
	p.data = append(p.data, value)
	return nil
}

// escape encodes all but what RFC 3986 calls unreserved.
func escape(s string) string {
	return cmdline.Escape(s, func(c byte) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0
	})
}
