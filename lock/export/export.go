// Package export renders what a lockfile pins in the forms of other tools, for
// those who want plain sha256sum -c, ADD --checksum or a source policy of
// BuildKit. What a form cannot express (a mode, an owner, a member) is left out,
// and a comment says so where the form has comments.
package export

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"depfetch/fetch"
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

// Sums writes a list for sha256sum -c: the digest of each file that lies at its
// path as it was downloaded.
func Sums(w io.Writer, lines []Line) error {
	for _, l := range lines {
		if l.Dep.Path == "" || l.Dep.Unpack != nil || !l.Dep.Member.IsZero() {
			continue // not at its path, or not as it was downloaded
		}
		if _, err := fmt.Fprintf(w, "%s  %s\n", l.Digest, l.Dep.Path); err != nil {
			return err
		}
	}
	return nil
}

// Add writes ADD instructions for a Dockerfile.
func Add(w io.Writer, lines []Line) error {
	for _, l := range lines {
		if l.Dep.Path == "" || strings.HasPrefix(l.URL, "file:") {
			continue
		}
		options := fmt.Sprintf("--checksum=sha256:%s", l.Digest)
		target := l.Dep.Path
		switch {
		case !l.Dep.Member.IsZero():
			fmt.Fprintf(w, "# %s: ADD cannot take %s out of the archive\n", l.Dep.Name, l.Dep.Member)
			continue
		case l.Dep.Unpack != nil:
			options += " --unpack=true"
			target += "/"
		default:
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

func quote(s string) string {
	// BuildKit expands $NAME in both, and a backslash takes the dollar's
	// meaning away.
	text, _ := json.Marshal(strings.ReplaceAll(s, "$", `\$`))
	return string(text)
}

// Policy writes a source policy of BuildKit, which gives every locked URL its
// checksum wherever a build uses it.
func Policy(w io.Writer, lines []Line) error {
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
	for _, l := range lines {
		if seen[l.URL] || strings.HasPrefix(l.URL, "file:") {
			continue
		}
		seen[l.URL] = true
		policy.Rules = append(policy.Rules, rule{
			Action:   "CONVERT",
			Selector: map[string]string{"identifier": l.URL, "match_type": "EXACT"},
			Updates: map[string]any{
				"identifier": l.URL,
				"attrs":      map[string]string{"http.checksum": "sha256:" + l.Digest.String()},
			},
		})
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(policy)
}
