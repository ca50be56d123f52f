package scan

import (
	"strings"

	"depfetch/fetch/source"
	"depfetch/lock/dockerfile"
	"depfetch/lock/dockerfile/script"
)

// download is what one command downloads, with what is wrong with how it is checked.
type download struct {
	*script.Fetch
	fault fault
}

// fault is what is wrong with how a download is checked: the first that applies.
type fault int

const (
	none        fault = iota
	runUnseen         // a shell runs it as it arrives
	unpacked          // it is unpacked as it arrives
	unchecked         // nothing checks it
	checkedVain       // it is checked, and the build goes on when that fails
	checkedLate       // it is used, then checked
)

// judge says what is wrong with how a download is checked.
func judge(f *script.Fetch) fault {
	switch {
	case f.Evidence, f.Query && len(f.Checks) == 0:
		return none
	case f.Shell:
		return runUnseen
	case unpackers[f.Piped]:
		return unpacked
	case f.Piped != "" && f.Piped != f.Tool, len(f.Checks) == 0:
		return unchecked
	case !f.Verified():
		return checkedVain
	case f.UsedAt != 0 && f.UsedAt < f.Checks[0].At:
		return checkedLate
	}
	return none
}

// unpackers are what archives are piped into.
var unpackers = map[string]bool{
	"tar": true, "bsdtar": true, "gtar": true, "unzip": true, "gunzip": true, "zcat": true, "gzip": true, "xz": true,
	"xzcat": true, "unxz": true, "bzip2": true, "bunzip2": true, "bzcat": true, "zstd": true, "unzstd": true, "zstdcat": true,
	"pigz": true, "unpigz": true, "lz4": true, "brotli": true, "cpio": true, "dpkg-deb": true, "7z": true, "7za": true, "jar": true,
	"funzip": true, "unlz4": true, "lzma": true, "unlzma": true, "rpm2cpio": true, "installer": true,
}

// address is what an ADD or a command downloads.
type address struct {
	url        script.Value
	start, end int
	sum        bool // what arrives is compared with a sum
}

// look takes the downloads of a stage down. What is thrown away and what a mounted
// depfetch downloads is none.
func (s *subject) look(t dockerfile.StageTrace) {
	for _, a := range t.Adds {
		if !a.Git {
			s.addresses = append(s.addresses, address{url: a.URL, start: a.At, end: a.Instruction.End, sum: a.Checksum != ""})
		}
	}
	for _, f := range t.Fetches {
		if f.Probe || f.Tool == "ADD" || s.pinned(f) {
			continue
		}
		sum := false
		for _, c := range f.Checks {
			sum = sum || c.Kind == "sum" && c.Lost == ""
		}
		s.downloads = append(s.downloads, download{Fetch: f, fault: judge(f)})
		s.addresses = append(s.addresses, address{url: f.URL, start: f.Start, end: f.End, sum: sum})
	}
}

// shown returns an address as it is shown to people, without secrets.
func shown(u script.Value) string {
	if u.Known() {
		return source.Redact(u.Text)
	}
	before, _, _ := strings.Cut(u.Text, "?")
	return before
}
