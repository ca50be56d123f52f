package release

import (
	"path"
	"strings"
)

// OnDemand reports whether an address is that of an archive which a forge makes from a
// repository at each request: GitHub, GitLab, Gitea and Forgejo, Bitbucket, cgit and
// gitweb. Its bytes may change when the forge changes how it makes archives.
func OnDemand(address string) bool {
	u := splitAddress(address)
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
	// /OWNER/REPOSITORY/archive/REF.tar.gz. An "archive" further down is a folder.
	elems := strings.Split(strings.Trim(u.path, "/"), "/")
	return len(elems) >= 4 && elems[2] == "archive"
}

// isArchive reports whether a name has an extension of the archives that forges make.
func isArchive(name string) bool { return withoutArchive(name) != name }
