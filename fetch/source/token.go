package source

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxAnswer limits the answer of a token service, in bytes.
const maxAnswer = 256 << 10

// challenge is what a registry asks for.
type challenge struct {
	basic, bearer         bool
	realm, service, scope string // of bearer
}

// parseChallenges reads the fields of WWW-Authenticate, each with one or more challenges.
func parseChallenges(fields []string) challenge {
	var c challenge
	for _, rest := range fields {
		bearer := false // the parameters are of such a challenge
		for {
			rest = strings.TrimLeft(rest, " \t,")
			end := strings.IndexAny(rest, " \t,=")
			if end < 0 {
				end = len(rest)
			}
			word := LowerASCII(rest[:end])
			rest = rest[end:]
			if !strings.HasPrefix(rest, "=") {
				if word == "" {
					break
				}
				bearer = word == "bearer"
				c.bearer, c.basic = c.bearer || bearer, c.basic || word == "basic"
				continue
			}
			var value string
			value, rest = challengeValue(rest[1:])
			switch {
			case !bearer:
			case word == "realm":
				c.realm = value
			case word == "service":
				c.service = value
			case word == "scope":
				c.scope = value
			}
		}
	}
	return c
}

// challengeValue returns the token or quoted string that s begins with, and what follows.
func challengeValue(s string) (value, rest string) {
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexAny(s+",", ", \t")
		return s[:end], s[end:]
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:]
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return "", ""
}

// token asks the token service that a registry names (the Docker registry's token
// authentication) for a token for the transfer's repository, with what a holds or without,
// and returns the field with it. The service is held to the policy's hosts, and
// its redirects are not followed. Nothing repeats what it has sent.
func (t *transfer) token(ctx context.Context, registry *url.URL, c challenge, a authorization) (string, error) {
	realm, err := parseHTTP(c.realm)
	if err != nil {
		return "", t.failLogin(0, "the registry names no valid address of a token service")
	}
	about := "the token service at " + realm.Host + ": "
	if realm.Scheme != "https" && realm.Scheme != registry.Scheme {
		return "", t.failLogin(0, about+"plain http is refused")
	}
	if !t.ruled && !t.allowed(realm) {
		e := t.failLogin(0, about+"the host is not in the lockfile's policy.hosts")
		e.Refused = true
		return "", e
	}
	if realm.RawQuery != "" {
		realm.RawQuery += "&"
	}
	if c.service != "" {
		realm.RawQuery += "service=" + url.QueryEscape(c.service) + "&"
	}
	realm.RawQuery += t.scopes(c.scope)
	realm.Fragment = ""
	r := (&http.Request{Method: http.MethodGet, URL: realm, Host: realm.Host, Header: http.Header{}}).WithContext(ctx)
	r.Header.Set("User-Agent", t.client.cfg.UserAgent)
	if a.known {
		r.Header.Set("Authorization", a.field)
	}
	resp, err := t.client.roundTrip(r, false)
	var data []byte
	if err == nil {
		defer resp.Body.Close()
		data, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	}
	if err != nil {
		err = t.failNetwork(ctx, err)
		if e, ok := err.(*Error); ok {
			e.Err = fmt.Errorf("%s%w", about, e.Err)
		}
		return "", err
	}
	if resp.StatusCode != http.StatusOK {
		e := t.failLogin(resp.StatusCode, about+statusText(resp.StatusCode)+", "+a.note)
		e.Authorized = a.known
		e.RetryAfter = retryAfter(resp.Header.Get("Retry-After"), time.Now())
		return "", e
	}
	token := readToken(string(data))
	if token == "" {
		return "", t.failLogin(0, about+"its answer is not a JSON object with a valid token")
	}
	return "Bearer " + token, nil
}

// scopes returns what to ask a token service for, as a query: to read the transfer's
// repository, as docker does, and what else the registry names, as containerd does. Public
// ECR has a scope of its own, and behind a vanity host a repository has another name. No
// more than reading this repository is asked for, even where the registry would like it.
func (t *transfer) scopes(named string) string {
	own := "repository:" + t.repository + ":pull"
	query := "scope=" + url.QueryEscape(own)
	for _, s := range strings.Fields(named) {
		// A class may follow the kind: repository(plugin).
		switch kind, _, _ := strings.Cut(s, ":"); {
		case kind == "registry":
			continue // to list what there is
		case kind != s && (kind == "repository" || strings.HasPrefix(kind, "repository(")):
			s = s[:strings.LastIndexByte(s, ':')] + ":pull"
		}
		if s != own {
			query += "&scope=" + url.QueryEscape(s)
		}
	}
	return query
}

// readToken reads the answer of a token service: a JSON object with token, access_token
// or both. It returns "" for any other.
func readToken(answer string) string {
	var token, access string
	j := jsonText{rest: answer}
	j.object(func(key string) {
		switch key {
		case "token":
			if token != "" {
				j.fail()
			}
			token = j.text()
		case "access_token":
			access = j.text()
		default:
			j.skip()
		}
	})
	if token == "" {
		token = access
	}
	if len(answer) > maxAnswer || !j.end() {
		return ""
	}
	for i := range len(token) {
		if token[i] <= ' ' || token[i] > '~' {
			return ""
		}
	}
	return token
}
