package edit

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"depfetch/fetch"
	"depfetch/fetch/digest"
	"depfetch/lock"
)

// run makes the edits of a script: commands separated by ";", each a verb, a
// dependency and words, of which most are key=value.
func run(d *Document, script string) error {
	for command := range strings.SplitSeq(script, ";") {
		words := strings.Fields(command)
		verb, dep, args := words[0], words[1], words[2:]
		if err := runVerb(d, verb, dep, args); err != nil {
			return err
		}
	}
	return nil
}

func runVerb(d *Document, verb, dep string, args []string) error {
	switch verb {
	case "set-version":
		return d.SetVersion(dep, args[0])
	case "set-platforms":
		return d.SetPlatforms(dep, platforms(args))
	case "set-locked":
		line, err := lineOf(d, dep, lock.Platform(args[0]), args[1:])
		if err != nil {
			return err
		}
		return d.SetLocked(dep, line)
	case "remove-locked":
		return d.RemoveLocked(dep, lock.Platform(args[0]))
	case "remove":
		return d.Remove(dep)
	case "allow-platform-mismatch":
		return d.AllowPlatformMismatch(dep)
	case "set-pin":
		return d.SetPins(pinOf(dep, args))
	case "set-pins":
		var pins []lock.Pin
		for _, address := range args {
			pins = append(pins, pinOf(address, nil))
		}
		return d.SetPins(append(pins, pinOf(dep, nil))...)
	case "remove-pins":
		return d.RemovePins(append(args, dep)...)
	case "add":
		return d.Add(newDep(dep, args))
	}
	return fmt.Errorf("no verb %q", verb)
}

func platforms(names []string) (list []lock.Platform) {
	for _, name := range names {
		list = append(list, lock.Platform(name))
	}
	return list
}

// lineOf returns the locked line of a dependency, or one with an address by its
// template, as args change it. A sha256 is its one digit.
func lineOf(d *Document, dep string, p lock.Platform, args []string) (lock.Line, error) {
	line := lock.Line{Platform: p, Size: fetch.SizeUnknown, Digest: repeated("1")}
	if have := d.File().Dep(dep); have != nil {
		line.URL, _ = have.Expand(have.URL, p) // an address that does not expand is refused later
		if l, ok := have.Line(p); ok && l.Platform == p {
			line = l
		} else {
			for _, l := range have.Locked {
				if l.URL == line.URL {
					line.Digest = l.Digest // one address has one content
				}
			}
		}
	}
	for _, arg := range args {
		key, value, _ := strings.Cut(arg, "=")
		switch key {
		case "url":
			line.URL = value
		case "sha256":
			line.Digest = repeated(value)
		case "size":
			line.Size = fetch.SizeUnknown
			if n, err := strconv.ParseInt(value, 10, 64); err == nil {
				line.Size = n
			}
		case "unpacked":
			line.Unpacked = repeated(value)
		case "by":
			line.By = strings.NewReplacer(":", " ", ",", ", ").Replace(value)
		case "trust":
			line.Trust = map[string]lock.Trust{"tofu": lock.TOFU, "published": lock.Published, "signed": lock.Signed}[value]
		default:
			return lock.Line{}, fmt.Errorf("no key %q", key)
		}
	}
	return line, nil
}

// pinOf returns a line of urls as args make it.
func pinOf(address string, args []string) lock.Pin {
	p := lock.Pin{URL: address, Size: fetch.SizeUnknown, Digest: repeated("1")}
	for _, arg := range args {
		name, value, _ := strings.Cut(arg, "=")
		switch name {
		case "sha256":
			p.Digest = repeated(value)
		case "size":
			p.Size, _ = strconv.ParseInt(value, 10, 64)
		case "trust":
			p.Trust = map[string]lock.Trust{"published": lock.Published, "signed": lock.Signed}[value]
		case "modified":
			p.Modified, _ = time.Parse(time.RFC3339, value)
		case "unpinned":
			p.Unpinned = value
		default:
			panic("no key " + name)
		}
	}
	return p
}

// repeated returns the digest of which every digit is the same; of zeros, one
// that no lockfile may hold.
func repeated(digit string) fetch.Digest {
	if digit == "0" {
		return fetch.Digest{}
	}
	d, err := digest.Parse(strings.Repeat(digit, 64))
	if err != nil {
		panic(err)
	}
	return d
}

// newDep returns a dependency of the keys in args. A value "a,b" is a list.
func newDep(name string, args []string) NewDep {
	n := NewDep{Name: name}
	texts := map[string]*string{
		"version": &n.Version, "url": &n.URL, "sums": &n.Sums,
		"member": &n.Member, "path": &n.Path, "mode": &n.Mode, "owner": &n.Owner,
	}
	for _, arg := range args {
		key, value, _ := strings.Cut(arg, "=")
		list := strings.Split(value, ",")
		switch key {
		case "mirrors":
			n.Mirrors = list
		case "groups":
			n.Groups = list
		case "platforms":
			n.Platforms = platforms(list)
		case "alias":
			n.Alias = make(map[lock.Platform]string)
			for _, entry := range list {
				p, name, _ := strings.Cut(entry, ":")
				n.Alias[lock.Platform(p)] = name
			}
		case "gpg":
			n.Signature = append(n.Signature, []Entry{{"gpg", value}, {"key", "keys.asc"}})
		case "unpack":
			n.Unpack = &fetch.Unpack{}
		case "strip":
			n.Unpack = &fetch.Unpack{Strip: 1, Include: list, Replace: true}
		case "github":
			n.Latest = []Entry{{"github", value}, {"prerelease", true}}
		case "locked":
			for i, p := range platforms(list) {
				n.Locked = append(n.Locked, lock.Line{
					Platform: p, URL: n.URL, Digest: repeated("1"), Size: int64(i) * 1000,
				})
			}
		default:
			*texts[key] = value
		}
	}
	return n
}
