package scan

import (
	"regexp"
	"strings"

	"depfetch/fetch/source"
	"depfetch/lock/dockerfile"
	"depfetch/lock/dockerfile/script"
	"depfetch/lock/release"
)

// stage reports what one stage does.
func (s *scanner) stage(t dockerfile.StageTrace) {
	for _, a := range t.Adds {
		s.add(a)
	}
	for _, f := range t.Fetches {
		s.fetch(f)
	}
	for _, c := range t.Checkouts {
		s.checkout(c)
	}
	for _, x := range t.Sources {
		s.source(x)
	}
	for _, i := range t.Idle {
		s.report("ineffective-check", Error, i.At, i.At, "%s", i.What)
	}
	told := make(map[string]bool)
	for _, u := range t.Unread {
		if !told[u.Why] {
			s.report("unread-script", Note, u.At, u.At, "this script is not read: %s", u.Why)
		}
		told[u.Why] = true
	}
}

var commit = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?(:|$)`)

func (s *scanner) add(a dockerfile.Add) {
	end := a.Instruction.End
	switch {
	case a.Checksum != "", a.Fetch.Verified(), a.Fetch.Evidence:
	case a.Git:
		address, ref, _ := strings.Cut(a.URL.Text, "#")
		if !commit.MatchString(ref) {
			s.report("add-unverified", Warning, a.At, end, "ADD takes %s#%s without naming a commit", source.Redact(address), ref)
		}
	default:
		s.report("add-unverified", Error, a.At, end, "ADD downloads %s, and nothing checks what arrives", shown(a.URL))
	}
	if !a.Git {
		s.address(a.URL, a.At, end, a.Checksum != "")
	}
}

// unpackers are what archives are piped into.
var unpackers = map[string]bool{
	"tar": true, "bsdtar": true, "gtar": true, "unzip": true, "gunzip": true, "zcat": true, "gzip": true, "xz": true,
	"xzcat": true, "unxz": true, "bzip2": true, "bunzip2": true, "bzcat": true, "zstd": true, "unzstd": true, "zstdcat": true,
	"pigz": true, "unpigz": true, "lz4": true, "brotli": true, "cpio": true, "dpkg-deb": true, "7z": true, "7za": true, "jar": true,
	"funzip": true, "unlz4": true, "lzma": true, "unlzma": true, "rpm2cpio": true, "installer": true,
}

func (s *scanner) fetch(f *script.Fetch) {
	if f.Probe || f.Tool == "ADD" || s.pinned(f) {
		return
	}
	what := f.Tool + " downloads " + shown(f.URL)
	switch lost := lostChecks(f); {
	case f.Evidence, f.Query && len(f.Checks) == 0:
	case f.Shell:
		s.report("pipe-to-shell", Error, f.Start, f.End, "%s runs what %s sends, unseen", f.Piped, shown(f.URL))
	case unpackers[f.Piped]:
		s.report("pipe-to-tar", Error, f.Start, f.End, "%s unpacks what %s sends, unchecked", f.Piped, shown(f.URL))
	case f.Piped != "" && f.Piped != f.Tool:
		s.report("unverified", Error, f.Start, f.End, "%s, and %s takes it unchecked", what, f.Piped)
	case len(f.Checks) == 0:
		s.report("unverified", Error, f.Start, f.End, "%s, and nothing checks what arrives", what)
	case lost != nil && !f.Verified():
		s.report("ineffective-check", Error, lost.At, lost.At, "this check of %s cannot fail: %s", shown(f.URL), lost.Lost)
	case f.UsedAt != 0 && f.UsedAt < f.Checks[0].At:
		s.report("used-before-check", Warning, f.UsedAt, f.UsedAt, "%s reads what %s sends before it is checked", f.Used, shown(f.URL))
	}
	if f.Insecure != "" {
		s.report("insecure-tls", Error, f.Start, f.End, "%s of %s takes any certificate for %s", f.Insecure, f.Tool, shown(f.URL))
	}
	sum := false
	for _, c := range f.Checks {
		sum = sum || c.Kind == "sum" && c.Lost == ""
	}
	if f.NoFail && f.Tool == "curl" {
		level := Warning
		if f.Verified() {
			level = Note // the check refuses an error page
		}
		s.report("curl-without-fail", level, f.Start, f.End, "curl takes an error page for %s", shown(f.URL))
	}
	if f.Query && f.Captured && !f.Evidence {
		s.report("unpinned-url", Warning, f.Start, f.End, "what is built depends on what %s answers today", shown(f.URL))
	}
	s.address(f.URL, f.Start, f.End, sum)
}

// lostChecks returns a check of f whose failure is lost, or nil.
func lostChecks(f *script.Fetch) *script.Check {
	for i, c := range f.Checks {
		if c.Lost != "" {
			return &f.Checks[i]
		}
	}
	return nil
}

// address reports what an address itself says.
func (s *scanner) address(u script.Value, start, end int, sum bool) {
	if strings.HasPrefix(u.Text, "http://") {
		level := Warning
		if sum {
			level = Note // the sum protects the bytes
		}
		s.report("plain-http", level, start, end, "%s comes over plain http", shown(u))
	}
	if release.Moving(u.Text) != "" {
		s.report("unpinned-url", Warning, start, end, "%s leads to whatever is newest", shown(u))
	}
}

// shown returns an address as it is shown to people, without secrets.
func shown(u script.Value) string {
	if u.Known() {
		return source.Redact(u.Text)
	}
	if i := strings.IndexByte(u.Text, '?'); i >= 0 {
		return u.Text[:i]
	}
	return u.Text
}
