package assets

import (
	"slices"
	"strings"
)

// ownLists are what is put behind a file's name for a list of its checksum alone.
var ownLists = []string{".sha256", ".sha256sum", ".sha256.txt", ".sha512", ".sha512sum"}

// Lists returns the files of a release that may be lists of the checksums of chosen
// files, the likeliest first: of each, the names by chosen file. Lists of one file each
// come before lists of all, and sha256 before sha512. What they hold is for the caller to
// look at.
func Lists(files, chosen []string) [][]string {
	var all [][]string
	for _, ext := range ownLists {
		own := make([]string, len(chosen))
		for i, c := range chosen {
			own[i] = c + ext
		}
		if !slices.ContainsFunc(own, func(o string) bool { return !slices.Contains(files, o) }) {
			all = append(all, own)
		}
	}
	var shared []string
	for _, f := range files {
		if isList(f) {
			shared = append(shared, f)
		}
	}
	slices.SortStableFunc(shared, func(a, b string) int { return bit(strings.Contains(a, "512")) - bit(strings.Contains(b, "512")) })
	for _, s := range shared {
		all = append(all, slices.Repeat([]string{s}, len(chosen)))
	}
	return all
}

// isList reports whether a name is that of a list of many checksums.
func isList(file string) bool {
	s := strings.ToLower(file)
	if s == "artifacts.json" || strings.HasSuffix(s, "checksums.json") {
		return true
	}
	for _, ext := range []string{".asc", ".sig", ".pem", ".gpg", ".minisig", ".bundle", ".sigstore", ".crt", ".cert", ".json", ".jsonl", ".sha256"} {
		if strings.HasSuffix(s, ext) {
			return false
		}
	}
	return strings.Contains(s, "checksum") || strings.Contains(s, "sha256sum") || strings.Contains(s, "sha512sum") ||
		strings.Contains(s, "shasum") || s == "sha256.txt" || s == "sha512.txt"
}
