package purl

import "strings"

// Image returns the package URL of an image, or an index of images, in a registry.
func Image(repository, tag, sha256 string) string {
	name := repository[strings.LastIndexByte(repository, '/')+1:]
	return "pkg:oci/" + escape(name) + "@sha256:" + sha256 + "?repository_url=" + escape(repository) + "&tag=" + escape(tag)
}

// Module returns the package URL of a module of Go, with the upper case of its path. version
// may be empty.
func Module(path, version string) string {
	text := "pkg:golang/" + strings.ReplaceAll(escape(path), "%2F", "/")
	if version != "" {
		text += "@" + escape(version)
	}
	return text
}
