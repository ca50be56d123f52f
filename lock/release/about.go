package release

import (
	"context"
	"errors"
	"strings"
)

// About is what GitHub says of a repository.
type About struct {
	Owner string // as it writes itself
	// Organization is set if the owner is not a person.
	Organization bool
	// License is the SPDX identifier of the licence that GitHub has recognized in the
	// repository as it is now, or "".
	License string
}

// About reads GET /repos/{owner}/{repo}. The error is a *NotFoundError if there is none.
func (c *Client) About(ctx context.Context, repo string) (About, error) {
	var answer struct {
		Owner struct {
			Login string `json:"login"`
			Type  string `json:"type"`
		} `json:"owner"`
		License struct {
			SPDX string `json:"spdx_id"`
		} `json:"license"`
	}
	_, err := c.api(ctx, c.base()+"/repos/"+repo, &answer)
	if absent, ok := errors.AsType[*absentError](err); ok {
		return About{}, c.notFound(repo, "repository", absent)
	}
	a := About{Owner: answer.Owner.Login, Organization: answer.Owner.Type == "Organization", License: answer.License.SPDX}
	if a.License == "NOASSERTION" || strings.ContainsFunc(a.License, notIdentifier) {
		a.License = ""
	}
	return a, err
}

// notIdentifier reports whether r cannot stand in an identifier of SPDX's list.
func notIdentifier(r rune) bool {
	return (r < '0' || r > '9') && (r|0x20 < 'a' || r|0x20 > 'z') && r != '-' && r != '.' && r != '+'
}
