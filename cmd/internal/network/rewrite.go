package network

import (
	"errors"
	"strings"

	"depfetch/cmd/internal/console"
	"depfetch/fetch/source"
)

// rewriteHint shows what a rule looks like.
const rewriteHint = "write the beginning of addresses and what takes its place, as https://github.com=https://proxy.example/github"

// readRewrites returns the rules of the options, or else those of the environment.
func (o Options) readRewrites(getenv func(string) string) (*source.Rewrites, error) {
	fallback, err := Enabled(getenv, "DEPFETCH_ORIGIN_FALLBACK")
	if err != nil {
		return nil, err
	}
	rewrites := &source.Rewrites{Fallback: o.originFallback || fallback}
	rules, from := o.rewrites, "--rewrite"
	if rules == nil {
		rules, from = Words(getenv("DEPFETCH_REWRITE")), "DEPFETCH_REWRITE"
	}
	for _, rule := range rules {
		if err := rewrites.Add(rule); err != nil {
			if o.rewrites == nil && partOfLogin(rule, getenv("DEPFETCH_REWRITE")) {
				err = errors.New("REDACTED: want FROM=TO")
			}
			return nil, console.Usagef(rewriteHint, "%s %w", from, err)
		}
	}
	return rewrites, nil
}

// Rewriting returns the rules of the options as the environment has them, for a program
// that is started.
func (o Options) Rewriting() map[string]string {
	env := make(map[string]string)
	if o.rewrites != nil {
		env["DEPFETCH_REWRITE"] = strings.Join(o.rewrites, " ")
	}
	if o.originFallback {
		env["DEPFETCH_ORIGIN_FALLBACK"] = "1"
	}
	return env
}

// Words splits a list of the environment at commas and white space.
func Words(value string) []string {
	return strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\n' })
}

// ShownWord returns a word of a list of addresses of the environment as it may be shown.
func ShownWord(word, list string) string {
	if partOfLogin(word, list) {
		return "REDACTED"
	}
	return source.RedactOption(word)
}

// partOfLogin reports whether a word of a list may be the beginning of a login, which a
// comma or a blank has split.
func partOfLogin(word, list string) bool {
	return strings.Contains(list, "@") && !strings.Contains(word, "@")
}

// Enabled reports whether a variable of the environment switches something on. One that
// says neither yes nor no is an error.
func Enabled(getenv func(string) string, name string) (bool, error) {
	switch value := getenv(name); strings.ToLower(value) {
	case "1", "true", "yes", "on":
		return true, nil
	case "", "0", "false", "no", "off":
		return false, nil
	default:
		return false, console.Usagef("write "+name+"=1 or "+name+"=0", "%s=%q is neither", name, value)
	}
}
