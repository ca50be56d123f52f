package update

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"depfetch/fetch"
	"depfetch/lock"
	"depfetch/lock/edit"
	"depfetch/lock/signature"
)

// Unsettled is a signature of which it is not known exactly who must have made it: a
// pattern is, or where the key is.
type Unsettled struct {
	Table   []edit.Entry   // what signature says, without who
	URL     string         // of the signature or certificate that tells who
	Pattern *regexp.Regexp // which the identity must match; nil if a key signs
	KeyURL  string         // of the key, or empty
}

// Settle asks upstream who has made a signature of d for a platform, and returns the
// whole table for it. That the signature holds is for Lock to see. The error is a
// *SignatureError.
func (c *Client) Settle(ctx context.Context, d *lock.Dep, p lock.Platform, u Unsettled) ([]edit.Entry, error) {
	address := u.URL
	if u.KeyURL != "" {
		address = u.KeyURL
	}
	fail := func(err error) ([]edit.Entry, error) {
		return nil, &SignatureError{Dep: d.Name, Platform: p, URL: address, Err: err}
	}
	if plain := c.insecure(address); plain != "" {
		return nil, &InsecureError{Dep: d.Name, URL: plain}
	}
	text, err := c.Fetch.Read(ctx, fetch.Artifact{Name: d.Name, Version: d.Version, Platform: p.String(), URL: address}, signature.MaxSize)
	if err != nil {
		return fail(err)
	}
	if u.KeyURL != "" {
		if _, err := lock.ParsePublicKey(string(text)); err != nil {
			return fail(err)
		}
		return with(u.Table, edit.Entry{Key: "key", Value: strings.TrimSpace(string(text))}), nil
	}
	claim, ok := signature.ReadClaim(text)
	issuer, _ := value(u.Table, "issuer")
	if issuer == "" {
		issuer = actionsIssuer
	}
	if !ok || claim.Identity == "" || claim.Issuer != issuer || !u.Pattern.MatchString(claim.Identity) {
		found := "nothing that names an identity"
		if claim.Identity != "" {
			found = claim.Identity + ", by " + claim.Issuer
		}
		return fail(&signature.Error{
			Problem: "it is not known to be upstream's", Expected: fmt.Sprintf("an identity like %s, by %s", u.Pattern, issuer), Found: found,
		})
	}
	if _, github := value(u.Table, "github"); github {
		workflow, _, _ := strings.Cut(strings.TrimPrefix(claim.Identity, "https://github.com/"), "@")
		return with(u.Table, edit.Entry{Key: "workflow", Value: workflow}), nil
	}
	return with(u.Table, edit.Entry{Key: "identity", Value: versioned(claim.Identity, d.Version)}), nil
}

// actionsIssuer vouches for the identities of GitHub's workflows.
const actionsIssuer = "https://token.actions.githubusercontent.com"

// value returns a string of a table.
func value(table []edit.Entry, key string) (string, bool) {
	for _, e := range table {
		if e.Key == key {
			s, _ := e.Value.(string)
			return s, true
		}
	}
	return "", false
}

// with returns a table with another entry, behind its first.
func with(table []edit.Entry, e edit.Entry) []edit.Entry {
	all := append([]edit.Entry{table[0], e}, table[1:]...)
	return all
}

// versioned returns an identity as a template, in whose ref the version stands for itself.
func versioned(identity, version string) string {
	at := strings.LastIndexByte(identity, '@')
	if at < 0 || version == "" || !strings.Contains(identity[at:], "refs/tags/") {
		return identity
	}
	if head, ok := strings.CutSuffix(identity, version); ok && !strings.HasSuffix(head, ".") && !isDigit(head[len(head)-1]) {
		return head + "{version}"
	}
	return identity
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
