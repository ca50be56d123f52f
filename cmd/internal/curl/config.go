package curl

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"depfetch/cmd/internal/cmdline"
)

// maxText is how large a file may be that continues a command line, in bytes.
const maxText = 1 << 20

// read returns what a file holds, or standard input for "-".
func (p *parser) read(name string) (string, error) {
	in := p.stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return "", &Error{codeRead, err}
		}
		defer f.Close()
		in = f
	}
	if in == nil {
		return "", nil
	}
	text, err := io.ReadAll(io.LimitReader(in, maxText+1))
	if err == nil && len(text) > maxText {
		err = fmt.Errorf("%s is longer than %d bytes", name, maxText)
	}
	if err != nil {
		return "", &Error{codeRead, err}
	}
	return string(text), nil
}

// text returns a value, or what the file holds that it names as @FILE.
func (p *parser) text(value string) (string, error) {
	if name, ok := strings.CutPrefix(value, "@"); ok {
		return p.read(name)
	}
	return value, nil
}

// configFile reads the file of -K.
func (p *parser) configFile(name string) error {
	if p.depth++; p.depth > 10 {
		return errors.New("--config: files lead to one another too deep")
	}
	defer func() { p.depth-- }()
	text, err := p.read(name)
	if err != nil {
		return err
	}
	if err := p.config(text); err != nil {
		return fmt.Errorf("--config %s: %w", name, err)
	}
	return nil
}

// config acts on the lines of a file: an option, with or without its dashes, and
// a value behind spaces, a colon or an equals sign, which may be in quotes.
func (p *parser) config(text string) error {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, value := line, ""
		end := strings.IndexAny(line, " \t=:")
		if strings.HasPrefix(line, "-:") {
			end = -1
		}
		has := end > 0
		if has {
			name, value = line[:end], unquote(strings.TrimLeft(line[end:], " \t=:"))
		}
		takes := func(o *cmdline.Option, attached string, ok bool) (string, error) {
			if ok {
				return attached, nil
			}
			if !has {
				return "", fmt.Errorf("%s requires a value", o.Name())
			}
			return value, nil
		}
		var err error
		if strings.HasPrefix(name, "-") && !strings.HasPrefix(name, "--") {
			err = p.shorts(name[1:], takes)
		} else {
			err = p.long(strings.TrimPrefix(name, "--"), takes)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// unquote returns a value of a config file: up to its closing quote, or else up
// to the first space.
func unquote(s string) string {
	quoted, ok := strings.CutPrefix(s, `"`)
	if !ok {
		s, _, _ = strings.Cut(s, " ")
		s, _, _ = strings.Cut(s, "\t")
		return s
	}
	var b strings.Builder
	for i := 0; i < len(quoted) && quoted[i] != '"'; i++ {
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
	return b.String()
}

// urlFile adds the URLs of a file, one a line.
func (p *parser) urlFile(name string) error {
	text, err := p.read(name)
	if err != nil {
		return err
	}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			p.addURL(line)
			p.addOutput("", true)
		}
	}
	return nil
}

// addHeader adds a header field, or those of a file.
func (p *parser) addHeader(value string) error {
	if !strings.HasPrefix(value, "@") {
		p.Header = append(p.Header, value)
		return nil
	}
	text, err := p.text(value)
	if err != nil {
		return err
	}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			p.Header = append(p.Header, line)
		}
	}
	return nil
}

// addCookie adds cookies. A file of them would have to be read and sent by the
// rules of cookies; one that is empty or not there only turns them on.
func (p *parser) addCookie(value string) error {
	if strings.Contains(value, "=") {
		if p.Cookie != "" {
			p.Cookie += "; "
		}
		p.Cookie += value
		return nil
	}
	if info, err := os.Stat(value); value != "" && err == nil && info.Size() > 0 {
		return &cmdline.RefusedError{Name: "--cookie " + value, Reason: "cookies are sent from the command line, not from files"}
	}
	return nil
}

// addData adds data, which -G puts into the URL.
func (p *parser) addData(o *cmdline.Option, value string) error {
	p.dataBy = o.Name()
	if o.Long == "data-urlencode" {
		encoded, err := encodeField(value)
		p.data = append(p.data, encoded)
		return err
	}
	if strings.HasPrefix(value, "@") && o.Long != "data-raw" {
		return &cmdline.RefusedError{Name: o.Name() + " " + value, Reason: "it sends data, and a pinned fetch only gets"}
	}
	p.data = append(p.data, value)
	return nil
}

// encodeField encodes content, =content or name=content.
func encodeField(value string) (string, error) {
	if i := strings.IndexAny(value, "=@"); i >= 0 && value[i] == '@' {
		return "", &cmdline.RefusedError{Name: "--data-urlencode " + value, Reason: "it sends a file, and a pinned fetch only gets"}
	}
	name, content, ok := strings.Cut(value, "=")
	if !ok {
		return escape(value), nil
	}
	if name != "" {
		name += "="
	}
	return name + escape(content), nil
}

func escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

// withQuery returns a URL with the data of -G and --url-query.
func (p *parser) withQuery(url string) string {
	parts := p.data
	for _, q := range p.query {
		if raw, ok := strings.CutPrefix(q, "+"); ok {
			parts = append(parts[:len(parts):len(parts)], raw)
		} else if encoded, err := encodeField(q); err == nil {
			parts = append(parts[:len(parts):len(parts)], encoded)
		}
	}
	if len(parts) == 0 {
		return url
	}
	url, _, _ = strings.Cut(url, "#")
	joint := "?"
	if strings.Contains(url, "?") {
		joint = "&"
	}
	return url + joint + strings.Join(parts, "&")
}
