// Package export renders what a lockfile pins in the forms of other tools, for
// those who want plain sha256sum -c, ADD --checksum, a Dockerfile of such or a source
// policy of BuildKit. What a form cannot express (a mode, an owner, a member) is left out
// and reported: in a comment where the form has comments, else to the caller.
package export

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"depfetch/fetch"
	"depfetch/fetch/printable"
	"depfetch/fetch/source"
	"depfetch/lock"
)

// Line is one locked line with its dependency.
type Line struct {
	Dep *lock.Dep
	lock.Line
}

// Lines returns all locked lines of the dependencies, in their order.
func Lines(deps []*lock.Dep) []Line {
	var lines []Line
	for _, d := range deps {
		for _, l := range d.Locked {
			lines = append(lines, Line{d, l})
		}
	}
	return lines
}

// Platforms returns the platforms of the lines, but for Any.
func Platforms(lines []Line) []lock.Platform {
	var platforms []lock.Platform
	for _, l := range lines {
		if l.Platform != lock.Any && !slices.Contains(platforms, l.Platform) {
			platforms = append(platforms, l.Platform)
		}
	}
	return platforms
}

// Artifacts returns the lines as artifacts.
func Artifacts(lines []Line) []fetch.Artifact {
	artifacts := make([]fetch.Artifact, len(lines))
	for i, l := range lines {
		artifacts[i] = fetch.Artifact{
			Name: l.Dep.Name, Version: l.Dep.Version, Platform: l.Platform.String(), URL: l.URL,
			Digest: l.Digest, Size: l.Size, Path: l.Dep.Path, Mode: l.Dep.Mode,
			Unpack: l.Dep.Unpack, Unpacked: l.Unpacked,
		}
		artifacts[i].Member, _ = l.Dep.Expand(l.Dep.Member, l.Platform) // Parse has seen that it expands
	}
	return artifacts
}

// PinArtifacts returns lines of urls, which pin something, as artifacts: named by
// their addresses as these are printed, and without a path.
func PinArtifacts(pins []lock.Pin) []fetch.Artifact {
	artifacts := make([]fetch.Artifact, len(pins))
	for i, p := range pins {
		artifacts[i] = fetch.Artifact{
			Name: source.Redact(p.URL), Platform: lock.Any.String(), URL: p.URL, Mirrors: p.Mirrors,
			Digest: p.Digest, Size: p.Size, Modified: p.Modified,
		}
	}
	return artifacts
}

// AddPins writes a comment for each line of urls, which has no place in an image.
func AddPins(w io.Writer, pins []lock.Pin) error {
	for _, p := range pins {
		why := "a line of urls has no place in an image"
		if p.Unpinned != "" {
			why = "unpinned: " + p.Unpinned
		}
		if _, err := fmt.Fprintf(w, "# %s: %s\n", printable.String(source.Redact(p.URL)), printable.String(why)); err != nil {
			return err
		}
	}
	return nil
}

// LeftPins says of lines of urls why a list of files does not have them.
func LeftPins(pins []lock.Pin) (left []string) {
	for _, p := range pins {
		why := "it has no path"
		if p.Unpinned != "" {
			why = "it is unpinned: " + p.Unpinned
		}
		left = append(left, fmt.Sprintf("%s: left out: %s", source.Redact(p.URL), why))
	}
	return left
}

// Sums writes a list for sha256sum -c: the digest of each file that lies at its
// path as it was downloaded. It returns what is left out, and why.
func Sums(w io.Writer, lines []Line) (left []string, err error) {
	for _, l := range lines {
		if why := notListed(l); why != "" {
			left = append(left, fmt.Sprintf("%s: left out: %s", l.Dep.Name, why))
			continue
		}
		digest := l.Digest
		if !l.Dep.Member.IsZero() {
			digest = l.Unpacked
		}
		if _, err := fmt.Fprintf(w, "%s  %s\n", digest, l.Dep.Path); err != nil {
			return left, err
		}
	}
	return left, nil
}

// notListed returns why a list of sums cannot have a line for a dependency, or "".
func notListed(l Line) string {
	switch {
	case l.Dep.Path == "":
		return "it has no path"
	case printable.String(l.Dep.Path) != l.Dep.Path:
		return "its path holds characters that cannot be seen; depfetch verify checks it"
	case l.Dep.Unpack != nil:
		return "a tree has no sum of its own; depfetch verify checks it"
	case !l.Dep.Member.IsZero() && l.Unpacked.IsZero():
		return "the sum of its member is not recorded"
	}
	return ""
}

// Add writes ADD instructions for a Dockerfile. A dependency that ADD cannot place as
// the lockfile says is a comment in its place.
func Add(w io.Writer, lines []Line) error {
	for _, l := range lines {
		if why := notAdded(l); why != "" {
			if _, err := fmt.Fprintf(w, "# %s: %s\n", l.Dep.Name, printable.String(why)); err != nil {
				return err
			}
			continue
		}
		options := fmt.Sprintf("--checksum=sha256:%s", l.Digest)
		target := l.Dep.Path
		if l.Dep.Unpack != nil {
			options += " --unpack=true"
			target = strings.TrimSuffix(target, "/") + "/"
		} else {
			options += fmt.Sprintf(" --chmod=%04o", l.Dep.Mode)
		}
		if l.Dep.Owner != nil {
			options += " --chown=" + l.Dep.Owner.String()
		}
		// The form of JSON takes any path as it is.
		from, to := quote(l.URL), quote(target)
		if _, err := fmt.Fprintf(w, "ADD %s [%s, %s]\n", options, from, to); err != nil {
			return err
		}
	}
	return nil
}

// notAdded returns why ADD cannot do what the lockfile says of a dependency, or "".
func notAdded(l Line) string {
	switch {
	case l.Dep.Path == "":
		return "it has no path"
	case strings.HasPrefix(l.URL, "file:"):
		return "ADD takes no file URL; COPY a file of the build context"
	case !l.Dep.Member.IsZero():
		return fmt.Sprintf("ADD cannot take %s out of the archive", l.Dep.Member)
	case l.Dep.Unpack == nil:
		return ""
	}
	var cannot []string
	if l.Dep.Unpack.Strip > 0 {
		cannot = append(cannot, fmt.Sprintf("strip = %d", l.Dep.Unpack.Strip))
	}
	if len(l.Dep.Unpack.Include) > 0 {
		text, _ := json.Marshal(l.Dep.Unpack.Include)
		cannot = append(cannot, "include = "+string(text))
	}
	if len(l.Dep.Unpack.Modes) > 0 {
		cannot = append(cannot, "modes")
	}
	if l.Dep.Unpack.Replace {
		cannot = append(cannot, "replace = true")
	}
	if l.Dep.Owner != nil {
		cannot = append(cannot, fmt.Sprintf("owner = %q", l.Dep.Owner))
	}
	switch {
	case len(cannot) > 0:
		return "ADD cannot unpack with " + strings.Join(cannot, ", ")
	case !isTar(l.URL):
		return "ADD unpacks tar archives alone, and others land as they are; the name does not say that it is one"
	}
	return ""
}

// isTar reports whether an address ends as those of the archives do that BuildKit
// unpacks.
func isTar(address string) bool {
	address, _, _ = strings.Cut(address, "#")
	address, _, _ = strings.Cut(address, "?")
	for _, end := range []string{".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tbz2", ".tar.xz", ".txz", ".tar.zst", ".tzst"} {
		if strings.HasSuffix(strings.ToLower(address), end) {
			return true
		}
	}
	return false
}

// quote returns a word of the JSON form of ADD and COPY. In it, too, BuildKit expands and
// unquotes as a shell does.
func quote(s string) string {
	text, _ := json.Marshal(word(s))
	var b strings.Builder
	printable.JSON(&b).Write(text)
	return b.String()
}

// word returns text that BuildKit takes for s where it expands and unquotes words.
func word(s string) string {
	return strings.NewReplacer("$", `\$`, `"`, `\"`, "'", `\'`, `\`, `\\`).Replace(s)
}

// Policy writes a source policy of BuildKit, which gives every locked URL and every
// address of urls its checksum wherever a build uses it. It returns what is left out,
// and why.
func Policy(w io.Writer, lines []Line, pins []lock.Pin) (left []string, err error) {
	type rule struct {
		Action   string            `json:"action"`
		Selector map[string]string `json:"selector"`
		Updates  map[string]any    `json:"updates"`
	}
	policy := struct {
		Version int    `json:"version"`
		Rules   []rule `json:"rules"`
	}{Version: 1, Rules: []rule{}}
	seen := make(map[string]bool)
	convert := func(name, url string, digest fetch.Digest) {
		switch {
		case seen[url]:
			return
		case strings.HasPrefix(url, "file:"):
			left = append(left, name+": left out: a build takes no file URL")
			return
		}
		seen[url] = true
		policy.Rules = append(policy.Rules, rule{
			Action:   "CONVERT",
			Selector: map[string]string{"identifier": url, "match_type": "EXACT"},
			Updates: map[string]any{
				"identifier": url,
				"attrs":      map[string]string{"http.checksum": "sha256:" + digest.String()},
			},
		})
	}
	for _, l := range lines {
		convert(l.Dep.Name, l.URL, l.Digest)
	}
	for _, p := range pins {
		if p.Unpinned != "" {
			left = append(left, source.Redact(p.URL)+": left out: it is unpinned: "+p.Unpinned)
			continue
		}
		convert(source.Redact(p.URL), p.URL, p.Digest)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return left, enc.Encode(policy)
}
