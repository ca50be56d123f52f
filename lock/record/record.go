// Package record keeps what a command asked the network for while it was being
// recorded, and makes lines of the lockfile of it.
//
// It guarantees that each address becomes one line, whose digest is that of the
// bytes that the command was given. What cannot be pinned so that it still holds
// tomorrow is said, with advice.
//
// The build of an image is recorded by [Mounted], a Dockerfile that mounts deplock as
// curl and wget into every RUN. A RUN reaches nothing outside of its build, so its
// calls are noted in a cache mount of the builder, which [Collector], a second build,
// brings out. They are not written to the RUN's output: programs send that elsewhere
// (2>/dev/null), and builders cut it. A RUN can write whatever it likes there, so a
// journal is a list of addresses to ask for, and nothing in it is believed.
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
	// Header is the fields of the header that the call gave, sorted, as far as the
	// answer may depend on them and they are no secrets: see Plain.
	Header []string `json:"header,omitempty"`
	SHA256 string   `json:"sha256,omitempty"`
	Size   int64    `json:"size,omitempty"`
	// Modified is what Last-Modified said. It may be zero.
	Modified time.Time `json:"modified,omitzero"`
	Final    string    `json:"final,omitempty"` // where redirects led, if there were any
	HTML     bool      `json:"html,omitempty"`  // it is a web page
	JSON     bool      `json:"json,omitempty"`  // it looks like the answer of an API
	// NoFile is what it is where its address names an archive or a program.
	NoFile string `json:"no_file,omitempty"`
	// Program is what it runs on, if it is a program for some machines.
	Program string `json:"program,omitempty"`
	// Problem is why nothing was given to the command, with what it called.
	Problem string `json:"problem,omitempty"`
	Call    string `json:"call,omitempty"`
}

// Append adds a request to a journal, which is a file that several programs may
// append to at the same time.
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

// Read reads a journal. With an error come the requests before it.
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

// Pin returns the line that pins a request, for every platform, since nobody knows
// what else its address may stand for.
func (r Request) Pin(trust lock.Trust) (lock.Pin, error) {
	digest, err := digest.Parse(r.SHA256)
	if err != nil {
		return lock.Pin{}, fmt.Errorf("%s: %w", source.Redact(r.URL), err)
	}
	return lock.Pin{URL: r.URL, Digest: digest, Size: r.Size, Trust: trust, Modified: r.Modified}, nil
}

// Describe notes what a request was answered with, from how it begins.
func (r *Request) Describe(head []byte) {
	r.JSON = content.SubstituteOf(head, r.Size) == content.JSON
	r.NoFile = string(content.Instead(r.URL, head, r.Size))
	if m := content.Machines(head); m != nil {
		r.Program = content.Join(m)
	}
}

// Advice says what to know of a request before its pin is trusted to hold, or
// nothing. Unfit says that it is not to be pinned at all.
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

// Plain returns the fields of a header that may be written down, sorted: those that
// say what is wanted, and not who asks.
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
