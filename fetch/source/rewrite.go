package source

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Rewrites are rules by which addresses are asked for elsewhere: at a company's proxy of
// upstreams, most often. A nil *Rewrites has none. Adding is not safe for concurrent
// use; the rest is.
//
// A rule holds for the addresses that have the origin of its prefix (see Origin) and
// whose path begins with all segments of the prefix's path: that of https://h/a holds
// for https://h/a, https://H:443/a/b and https://h/%61?q, not for https://h/ab. The rule
// with the most segments counts. What follows the prefix is kept byte for byte.
type Rewrites struct {
	// Fallback permits to ask the address itself when its rewritten one has failed.
	Fallback bool

	rules []*rewriteRule
}

type rewriteRule struct {
	origin Origin
	path   string // of the prefix, as written; empty for all of the host
	to     string // without a slash at its end
}

// Add adds a rule, FROM=TO, two http or https addresses. Errors name the rule, without
// what may be secret.
func (r *Rewrites) Add(rule string) error {
	at := strings.Index(LowerASCII(rule), "=http")
	if at < 0 {
		return fmt.Errorf("%s: want FROM=TO", RedactOption(rule))
	}
	from, to := rule[:at], strings.TrimSuffix(rule[at+1:], "/")
	side := "FROM"
	origin, path, err := ruleAddress(from)
	if err == nil {
		side = "TO"
		_, _, err = ruleAddress(to)
	}
	if path == "/" {
		path = ""
	}
	for _, old := range r.rules {
		rest, ok := old.after(path)
		if err == nil && ok && (rest == "" || rest == "/") && old.origin == origin && old.segments() == strings.Count(path, "/") && old.to != to {
			side, err = "FROM", errors.New("it has another rule already")
		}
	}
	if err != nil {
		return fmt.Errorf("%s=%s: %s: %w", RedactOption(from), RedactOption(to), side, err)
	}
	r.rules = append(r.rules, &rewriteRule{origin, path, to})
	return nil
}

// ruleAddress returns the origin and the path of one side of a rule.
func ruleAddress(address string) (Origin, string, error) {
	u, err := parseHTTP(address)
	if err != nil {
		return Origin{}, "", err
	}
	if strings.ContainsAny(address, "?#") {
		return Origin{}, "", errors.New("it has a query or fragment")
	}
	o, err := OriginOf(u)
	if err == nil {
		err = noDotSegments(u.EscapedPath())
	}
	return o, u.EscapedPath(), err
}

// Rewrite returns where an address is asked for, which is the address itself if no rule
// holds for it. The error is that of an address for which that is uncertain.
func (r *Rewrites) Rewrite(address string) (string, error) {
	if r.empty() {
		return address, nil
	}
	origin, err := ParseOrigin(address)
	if err != nil {
		return address, nil // it will not be asked
	}
	_, rest, _ := strings.Cut(address, "://")
	end := strings.IndexAny(rest+"/", "/?#")
	if strings.Contains(rest[:end], "@") {
		return address, nil // nor will this
	}
	path := rest[end:]
	to, longest := address, -1
	for _, rule := range r.rules {
		if rule.origin != origin {
			continue
		}
		// Servers resolve these, so what begins with one prefix would lead to what
		// another one, or none, stands for.
		if err := noDotSegments(path[:strings.IndexAny(path+"?", "?#")]); err != nil {
			return address, fmt.Errorf("cannot be rewritten: %w", err)
		}
		if rest, ok := rule.after(path); ok && rule.segments() > longest {
			to, longest = rule.to+rest, rule.segments()
		}
	}
	return to, nil
}

// empty reports whether there is no rule.
func (r *Rewrites) empty() bool { return r == nil || len(r.rules) == 0 }

// segments returns how many segments the prefix has; a slash at its end counts as one.
func (r *rewriteRule) segments() int { return strings.Count(r.path, "/") }

// after returns what follows the prefix in a path, and whether the path begins with it.
func (r *rewriteRule) after(path string) (rest string, ok bool) {
	want := r.path
	for want != "" && want != "/" {
		var a, b string
		a, want = cutSegment(want)
		b, path = cutSegment(path)
		if a != b {
			return "", false
		}
	}
	return path, want == "" || strings.HasPrefix(path, "/")
}

// cutSegment returns the first segment of a path with its slash, decoded, and the rest.
func cutSegment(path string) (segment, rest string) {
	if !strings.HasPrefix(path, "/") {
		return "", path
	}
	end := 1 + strings.IndexAny(path[1:]+"/", "/?#")
	segment, _ = url.PathUnescape(path[:end]) // none is empty
	return segment, path[end:]
}

// noDotSegments refuses a path with "." or ".." in it, in any of the forms that servers
// take for them: percent-encoded, with backslashes, with a parameter behind a semicolon.
func noDotSegments(path string) error {
	path, err := url.PathUnescape(path)
	path = strings.ReplaceAll(strings.ReplaceAll(path, `\`, "/"), ";", "/") + "/"
	if err != nil || strings.Contains(path, "/./") || strings.Contains(path, "/../") {
		return errors.New("its path has segments of dots")
	}
	return nil
}

// Rewrite returns where an address is asked for by the rules of Config.Rewrites, or "" if
// none holds for it.
func (c *Client) Rewrite(address string) string {
	if c == nil {
		return ""
	}
	sent, _, err := sentAddress(address)
	if err != nil {
		return ""
	}
	if to, err := c.cfg.Rewrites.Rewrite(sent); err == nil && to != sent {
		return to
	}
	return ""
}

// Fallback reports whether an address that a rule holds for may be asked itself, with
// Request.Direct, when its rewritten one has failed.
func (c *Client) Fallback() bool { return c.cfg.Rewrites != nil && c.cfg.Rewrites.Fallback }
