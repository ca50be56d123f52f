package release

import (
	"path"
	"strings"
)

// OnDemand reports whether an address is one at which a forge packs an archive of a
// repository when it is asked: GitHub, GitLab, Gitea and Forgejo, Bitbucket, cgit and
// gitweb. Its bytes are not promised to stay: what packs it may change.
func OnDemand(address string) bool {
	u := split(address)
	switch {
	case u.host == "codeload.github.com":
		return true
	case u.host == "api.github.com":
		return strings.Contains(u.path, "/tarball/") || strings.Contains(u.path, "/zipball/")
	case u.host == "bitbucket.org":
		return strings.Contains(u.path, "/get/")
	case strings.Contains(u.query, "a=snapshot"):
		return true
	}
	if !isArchive(path.Base(u.path)) {
		return strings.Contains(u.path, "/repository/archive")
	}
	if strings.Contains(u.path, "/-/archive/") || strings.Contains(u.path, "/repository/archive") || strings.Contains(u.path, "/snapshot/") {
		return true
	}
	// /OWNER/REPOSITORY/archive/REF.tar.gz; an "archive" further down is a folder.
	elems := strings.Split(strings.Trim(u.path, "/"), "/")
	return len(elems) >= 4 && elems[2] == "archive"
}

// isArchive reports whether a name ends as the archives that forges pack.
func isArchive(name string) bool { return withoutArchive(name) != name }
