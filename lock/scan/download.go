package scan

import (
	"strings"

	"depfetch/fetch/source"
	"depfetch/lock/dockerfile"
	"depfetch/lock/dockerfile/script"
)

// download is what one command downloads, with what is wrong with how it is checked.
type download struct {
	*script.Download
	fault fault
}

// fault is what is wrong with how a download is checked: the first that applies.
type fault int

const (
	noFault         fault = iota
	pipedToShell          // a shell runs it as it arrives
	pipedToUnpacker       // it is unpacked as it arrives
	unchecked             // nothing checks it
	ineffective           // it is checked, and the build goes on when that fails
	late                  // it is used before it is checked
)

// judge says what is wrong with how a download is checked.
func judge(d *script.Download) fault {
	switch {
	case d.Evidence, d.Read != script.NotRead && len(d.Checks) == 0:
		return noFault
	case d.Piped != nil && d.Piped.Runs:
		return pipedToShell
	case d.Piped != nil && unpackers[d.Piped.Into]:
		return pipedToUnpacker
	case d.Piped != nil && d.Piped.Into != d.Tool, len(d.Checks) == 0:
		return unchecked
	case !d.Verified():
		return ineffective
	case d.Used != nil && d.Used.At < d.Checks[0].At:
		return late
	}
	return noFault
}

// unpackers are what archives are piped into.
var unpackers = map[string]bool{
	"tar": true, "bsdtar": true, "gtar": true, "unzip": true, "gunzip": true, "zcat": true, "gzip": true, "xz": true,
	"xzcat": true, "unxz": true, "bzip2": true, "bunzip2": true, "bzcat": true, "zstd": true, "unzstd": true, "zstdcat": true,
	"pigz": true, "unpigz": true, "lz4": true, "brotli": true, "cpio": true, "dpkg-deb": true, "7z": true, "7za": true, "jar": true,
	"funzip": true, "unlz4": true, "lzma": true, "unlzma": true, "rpm2cpio": true, "installer": true,
}

// add is an ADD of an address, with what becomes of the download.
type add struct {
	dockerfile.Add
	download *script.Download
}

// address is what an ADD or a command downloads.
type address struct {
	url        script.Value
	start, end int
	sum        bool // what arrives is compared with a sum
}

// collect adds the downloads of a stage, without those whose answer is thrown away and
// those of a mounted depfetch.
func (s *subject) collect(t dockerfile.StageTrace) {
	downloads := make(map[*script.Fetch]*script.Download)
	for _, d := range script.Downloads(t.Events) {
		downloads[d.Fetch] = d
	}
	for _, a := range t.Adds {
		if s.adopted[a.Instruction.Start] {
			continue
		}
		s.adds = append(s.adds, add{Add: a, download: downloads[a.Fetch]})
		if !a.Git {
			s.addresses = append(s.addresses, address{url: a.URL, start: a.At, end: a.Instruction.End, sum: a.Checksum != ""})
		}
	}
	for _, f := range script.Of[*script.Fetch](t.Events) {
		d := downloads[f]
		if d.Discarded || d.Tool == "ADD" || s.pinned(f) {
			continue
		}
		sum := false
		for _, c := range d.Checks {
			sum = sum || c.Kind == script.CheckSum && c.Lost == ""
		}
		s.downloads = append(s.downloads, download{Download: d, fault: judge(d)})
		s.addresses = append(s.addresses, address{url: d.URL, start: d.Start, end: d.End, sum: sum})
	}
}

// shown returns an address as it is shown to people, without secrets.
func shown(u script.Value) string {
	if u.Known() {
		return source.Redact(u.Text)
	}
	before, _, _ := strings.Cut(u.Text, "?")
	return source.Redact(before)
}
