// Package record keeps a journal of what a command downloads while it is recorded, and
// turns it into lines of a lockfile.
//
// It guarantees that the digest of a line is that of the bytes that the command was
// given. [Request.Advice] tells which requests may get other bytes tomorrow, and what to
// do about it.
//
// The build of an image is recorded by building [Mounted], a Dockerfile that mounts
// deplock as curl and wget into every RUN. A RUN cannot write outside of its build, so
// its calls are appended to a journal in a cache mount of the builder, which
// [Collector], a second build, copies out. The RUN's output would not do: scripts
// redirect it (2>/dev/null) and builders truncate it. A RUN can also write anything to
// the journal, so that is only a list of addresses to ask for again, and nothing in it
// is trusted.
package record

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"depfetch/fetch/digest"
	"depfetch/fetch/source"
	"depfetch/lock"
	"depfetch/lock/content"
	"depfetch/lock/release"
)

// Request is one address that was asked for.
type Request struct {
	URL string `json:"url,omitempty"`
	// Header are the header fields that the call set, as Plain returns them.
	Header []string      `json:"header,omitempty"`
	Digest digest.SHA256 `json:"sha256,omitzero"`
	Size   int64         `json:"size,omitempty"`
	// Modified is the time in Last-Modified. It may be zero.
	Modified time.Time `json:"modified,omitzero"`
	Final    string    `json:"final,omitempty"` // the address after redirects, if there were any
	HTML     bool      `json:"html,omitempty"`  // it is a web page
	JSON     bool      `json:"json,omitempty"`  // it looks like the answer of an API
	// NoFile is what was served in the place of an archive or a program that the
	// address names; empty if it was that file.
	NoFile string `json:"no_file,omitempty"`
	// Program are the machines that it runs on, if it is a program for certain ones.
	Program string `json:"program,omitempty"`
	// Problem is the reason why the command was given nothing, and Call the command
	// line.
	Problem string `json:"problem,omitempty"`
	Call    string `json:"call,omitempty"`
}

// Append appends a request to a journal, an existing file. Several programs may append
// to it at the same time.
func Append(journal string, r Request) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(journal, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n'))
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

// Read reads a journal. With an error, it returns the requests before the faulty line.
func Read(journal io.Reader) ([]Request, error) {
	var all []Request
	lines := bufio.NewScanner(journal)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r Request
		if err := json.Unmarshal(bytes.TrimSpace(lines.Bytes()), &r); err != nil {
			return all, fmt.Errorf("reading the journal: %w", err)
		}
		all = append(all, r)
	}
	return all, lines.Err()
}

// Pin returns the line of urls that pins a request.
func (r Request) Pin(trust lock.Trust) lock.Pin {
	return lock.Pin{URL: r.URL, Digest: r.Digest, Size: r.Size, Trust: trust, Modified: r.Modified}
}

// Describe sets JSON, NoFile and Program from the first bytes of the answer. URL and Size
// must be set.
func (r *Request) Describe(head []byte) {
	r.JSON = content.SubstituteOf(head, r.Size) == content.JSON
	r.NoFile = string(content.Instead(r.URL, head, r.Size))
	if m := content.Machines(head); m != nil {
		r.Program = content.Join(m)
	}
}

// Advice returns what the user should know about a request that is pinned, or "". If
// unfit is set, it must not be pinned.
func (r Request) Advice() (advice string, unfit bool) {
	switch {
	case strings.ContainsAny(r.URL, "{}"):
		return "an address with braces cannot stand in a lockfile; percent-encode them", true
	case r.HTML:
		return "it is a web page, which will change; ask for the file itself", true
	case r.NoFile != "":
		return "it is " + r.NoFile + ", and its address names an archive or a program", true
	case r.JSON:
		return "it looks like the answer of an API, which will change; write the version that it tells into the command", false
	case release.Moving(r.URL) != "":
		return fmt.Sprintf("it leads to what is the latest today (%s); write the version into the address", release.Moving(r.URL)), false
	case r.Final != "" && release.RedirectsToVersion(r.URL, r.Final):
		return "it leads to what is the latest today, " + source.Redact(r.Final) + "; write the version into the address", false
	}
	if r.Program != "" {
		return "it is a program for " + r.Program + ", and is locked for any platform", false
	}
	return "", false
}

// Plain returns the header fields that may be stored, sorted: those that say what is
// asked for. Fields that may be secrets are dropped.
func Plain(fields []string) []string {
	var plain []string
	for _, field := range fields {
		name, value, ok := strings.Cut(field, ":")
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
		if ok && value != "" && slices.Contains([]string{"accept", "accept-language", "referer", "user-agent"}, name) {
			plain = append(plain, name+": "+value)
		}
	}
	slices.Sort(plain)
	return slices.Compact(plain)
}
