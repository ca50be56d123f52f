package main

import (
	"errors"
	"slices"
	"strings"

	"depfetch/cmd/internal/console"
	"depfetch/fetch/cmdline"
	"depfetch/fetch/source"
	"depfetch/lock"
)

// selected is what the arguments of a command name of a lockfile: dependencies by
// their names, and lines of urls by their addresses.
type selected struct {
	file *lock.File
	deps []*lock.Dep
	pins []lock.Pin
}

// selection reads the lockfile, and returns what the arguments name of it; without
// arguments, everything.
func (c *command) selection(args []string) (selected, error) {
	names, addresses := byKind(args)
	file, deps, err := c.dependencies(names)
	if err != nil {
		return selected{}, err
	}
	s := selected{file: file, deps: deps}
	switch {
	case len(args) == 0:
		s.pins = file.URLs
		return s, nil
	case len(names) == 0:
		s.deps = nil
	}
	s.pins, err = pinsOf(file, addresses)
	return s, err
}

// pinsOf returns the lines of urls for addresses, each once.
func pinsOf(file *lock.File, addresses []string) ([]lock.Pin, error) {
	var (
		pins []lock.Pin
		errs []error
	)
	for _, address := range addresses {
		pin, err := pinOf(file, address)
		if err != nil {
			errs = append(errs, err)
		} else if !slices.ContainsFunc(pins, func(p lock.Pin) bool { return p.URL == pin.URL }) {
			pins = append(pins, pin)
		}
	}
	return pins, errors.Join(errs...)
}

// lawfulSelection is selection for the commands that refuse a lockfile with stale
// lines or against its policy.
func (c *command) lawfulSelection(args []string) (selected, error) {
	s, err := c.selection(args)
	if err == nil {
		err = s.file.Check()
	}
	return s, err
}

// byKind tells addresses from the names of dependencies, which hold no colon.
func byKind(args []string) (names, addresses []string) {
	for _, arg := range args {
		if strings.Contains(arg, "://") {
			addresses = append(addresses, arg)
		} else {
			names = append(names, arg)
		}
	}
	return names, addresses
}

// pinOf returns the line of urls for an address, in whatever form curl would take it.
func pinOf(file *lock.File, address string) (lock.Pin, error) {
	a, err := cmdline.Normalize(address, "", false)
	if err != nil {
		return lock.Pin{}, console.Usagef("", "%s: %w", source.Redact(address), err)
	}
	pin, ok := file.Pin(a.URL)
	if !ok { // it may be copied from a message
		var shown []lock.Pin
		for _, p := range file.URLs {
			if source.Redact(p.URL) == address {
				shown = append(shown, p)
			}
		}
		if len(shown) == 1 {
			return shown[0], nil
		}
		return lock.Pin{}, console.Usagef("deplock list shows what there is", "no line of urls is for %s", source.Redact(a.URL))
	}
	return pin, nil
}

// parsePlatforms reads the values of --platform.
func parsePlatforms(list []string) ([]lock.Platform, error) {
	var platforms []lock.Platform
	for _, s := range list {
		p, err := lock.NormalizePlatform(s)
		if err != nil {
			return nil, console.Usagef("write it as Docker does, for instance linux/amd64", "--platform: %w", err)
		}
		platforms = append(platforms, p)
	}
	return platforms, nil
}

// splitPins returns the lines that pin something, and those that pin nothing.
func splitPins(pins []lock.Pin) (pinned, unpinned []lock.Pin) {
	for _, p := range pins {
		if p.Unpinned == "" {
			pinned = append(pinned, p)
		} else {
			unpinned = append(unpinned, p)
		}
	}
	return pinned, unpinned
}

// warnUnlocked warns of what is selected and left out since it is not locked, of some
// platforms or of all if there are none.
func (c *command) warnUnlocked(s selected, platforms []lock.Platform) {
	for _, d := range s.deps {
		if what := unlocked(s.file, d, platforms); what != "" {
			c.console.Warnf("%s: left out: not locked for %s", d.Name, what)
		}
	}
}

// unlocked returns what a dependency is not locked for though that is asked for, of some
// platforms or of all if there are none, or "".
func unlocked(f *lock.File, d *lock.Dep, platforms []lock.Platform) string {
	wanted := d.Platforms
	if wanted == nil {
		wanted = f.Platforms
	}
	var missing []string
	for _, p := range wanted {
		if _, ok := d.Line(p); !ok && (platforms == nil || slices.Contains(platforms, p)) {
			missing = append(missing, p.String())
		}
	}
	if len(missing) == 0 && len(d.Locked) == 0 && (platforms == nil || len(wanted) == 0) {
		return "anything"
	}
	return strings.Join(missing, ", ")
}
