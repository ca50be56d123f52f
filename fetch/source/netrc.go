package source

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Own code because the errors of go-netrc quote words of the file, which may be
// passwords, and because it does not support quoted values.

// Netrc holds the logins of a netrc file, by host. Only "machine" entries are used: a
// "default" entry would be sent to every server that a lockfile names.
type Netrc struct {
	logins map[string]login
}

type login struct{ user, password string }

// ParseNetrc reads the netrc format of ftp(1) and curl(1): words separated by
// white space, a value in double quotes when it holds spaces, comments from a
// "#" that starts a word where a keyword is expected, and macdef up to an empty
// line, which is skipped. Its errors hold a line's number and no text of the
// file.
func ParseNetrc(data []byte) (*Netrc, error) {
	n := &Netrc{logins: map[string]login{}}
	s := netrcScanner{rest: string(data), line: 1}
	var (
		host string
		cur  *login
	)
	keep := func() {
		// As in curl, the first entry for a host counts.
		if _, seen := n.logins[host]; cur != nil && host != "" && !seen {
			n.logins[host] = *cur
		}
	}
	for {
		word, ok := s.keyword()
		if !ok {
			keep()
			return n, nil
		}
		switch word {
		case "default":
			keep()
			host, cur = "", &login{}
			continue
		case "macdef":
			s.skipMacro()
			continue
		case "machine", "login", "password", "account":
		default:
			return nil, fmt.Errorf("line %d: expected machine, default, login, password, account or macdef", s.line)
		}
		value, ok := s.value()
		if !ok {
			return nil, fmt.Errorf("line %d: %s has no value", s.line, word)
		}
		switch {
		case word == "machine":
			keep()
			host, cur = machine(value), &login{}
		case cur == nil:
			return nil, fmt.Errorf("line %d: %s stands before any machine", s.line, word)
		case word == "login":
			cur.user = value
		case word == "password":
			cur.password = value
		}
	}
}

// machine returns a host name of the file in the form of Origin.Host, or "" if it is not
// valid there.
func machine(name string) string {
	inner, bracketed := strings.CutPrefix(name, "[")
	if bracketed {
		inner = strings.TrimSuffix(inner, "]")
	}
	host, err := hostName(inner, bracketed)
	if err != nil {
		return ""
	}
	return host
}

// authorize adds the login for r's host, if there is one.
func (n *Netrc) authorize(r *http.Request, u *url.URL) {
	if n == nil {
		return
	}
	o, err := OriginOf(u)
	if err != nil {
		return
	}
	if l, ok := n.logins[o.Host]; ok {
		r.SetBasicAuth(l.user, l.password)
	}
}

// netrcScanner splits a netrc file into words.
type netrcScanner struct {
	rest string
	line int
}

const netrcSpace = " \t\r\n"

func (s *netrcScanner) skip(n int) {
	s.line += strings.Count(s.rest[:n], "\n")
	s.rest = s.rest[n:]
}

func (s *netrcScanner) skipSpace() {
	s.skip(len(s.rest) - len(strings.TrimLeft(s.rest, netrcSpace)))
}

// keyword returns the next word that is not part of a comment.
func (s *netrcScanner) keyword() (string, bool) {
	for {
		s.skipSpace()
		if !strings.HasPrefix(s.rest, "#") {
			return s.word()
		}
		s.skipLine()
	}
}

// value returns the next word, or what stands in double quotes, where a
// backslash takes the next character as it is.
func (s *netrcScanner) value() (string, bool) {
	s.skipSpace()
	if !strings.HasPrefix(s.rest, `"`) {
		return s.word()
	}
	var b strings.Builder
	for i := 1; i < len(s.rest); i++ {
		switch c := s.rest[i]; c {
		case '"':
			s.skip(i + 1)
			return b.String(), true
		case '\\':
			if i++; i < len(s.rest) {
				b.WriteByte(s.rest[i])
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", false
}

func (s *netrcScanner) word() (string, bool) {
	n := strings.IndexAny(s.rest, netrcSpace)
	if n < 0 {
		n = len(s.rest)
	}
	w := s.rest[:n]
	s.skip(n)
	return w, w != ""
}

func (s *netrcScanner) skipLine() {
	if n := strings.IndexByte(s.rest, '\n'); n >= 0 {
		s.skip(n + 1)
	} else {
		s.skip(len(s.rest))
	}
}

// skipMacro skips up to an empty line.
func (s *netrcScanner) skipMacro() {
	s.skipLine()
	for s.rest != "" {
		line, _, _ := strings.Cut(s.rest, "\n")
		s.skipLine()
		if strings.TrimSpace(line) == "" {
			return
		}
	}
}
