package lock

import (
	"net/url"
	"slices"
	"strings"
)

// Check reports the locked lines of f that must not be used: the stale ones,
// whose address is not what the template and version expand to, those that
// the policy forbids, and those that claim a trust which nobody has verified, of
// urls too. Nothing is stale about a dependency without locked lines.
// The error is an [ErrorList] of kinds [KindStale] and [KindPolicy], or nil.
func (f *File) Check() error {
	var faults ErrorList
	for _, d := range f.Deps {
		for _, l := range d.Locked {
			faults = append(faults, d.stale(l)...)
			faults = append(faults, unverified(l.at, l.Trust, "deplock update "+d.Name)...)
			faults = append(faults, f.Policy.distrusts(d, l)...)
			faults = append(faults, f.Policy.forbids(l.at.get("url"), l.at.get("url").Start, l.URL)...)
			faults = append(faults, f.Policy.forbidsMirrors(d, l)...)
		}
	}
	for _, pin := range f.URLs {
		faults = append(faults, unverified(pin.at, pin.Trust, "")...)
		faults = append(faults, f.Policy.checkPin(pin)...)
	}
	return faults.err()
}

// CheckComplete reports the dependencies that are not locked for a platform that
// they ask for, or that the file does if they name none, and those that are not
// locked at all. The error is an [ErrorList] of [KindUnlocked], or nil.
func (f *File) CheckComplete() error {
	var faults ErrorList
	for _, d := range f.Deps {
		platforms := d.Platforms
		if platforms == nil {
			platforms = f.Platforms
		}
		missing := slices.DeleteFunc(slices.Clone(platforms), func(p Platform) bool {
			_, ok := d.Line(p)
			return ok
		})
		what := "anything"
		if len(missing) > 0 {
			what = joinPlatforms(missing)
		} else if len(d.Locked) > 0 {
			continue
		}
		e := d.at.errorf(KindUnlocked, d.at.keyAt, "not locked for %s", what)
		e.Hint = "deplock update " + d.Name
		faults = append(faults, e)
	}
	return faults.err()
}

func joinPlatforms(platforms []Platform) string {
	names := make([]string, len(platforms))
	for i, p := range platforms {
		names[i] = p.String()
	}
	return strings.Join(names, ", ")
}

// stale returns an error if l is not what d's url expands to.
func (d *Dep) stale(l Line) ErrorList {
	want, err := d.Expand(d.URL, l.Platform)
	if err == nil && want == l.URL {
		return nil
	}
	at := l.at.get("url")
	e := at.errorf(KindStale, at.Start, "stale: locked is %s, but url and version now give %s", l.URL, want)
	e.Hint = "deplock update " + d.Name
	return ErrorList{e}
}

// unverified returns an error if the line at v says that it is signed: no program
// of this version verifies signatures, so somebody has written that by hand.
func unverified(v *value, trust Trust, hint string) ErrorList {
	if trust != Signed {
		return nil
	}
	at := v.get("trust")
	e := at.errorf(KindPolicy, at.Start, "trust is signed, and no signature has been verified: this version verifies none")
	e.Hint = hint
	return ErrorList{e}
}

// distrusts returns an error if l is trusted less than p demands.
func (p Policy) distrusts(d *Dep, l Line) ErrorList {
	if l.Trust >= p.Trust {
		return nil
	}
	at, offset := l.at, l.at.keyAt
	if trust := l.at.get("trust"); trust != nil {
		at, offset = trust, trust.Start
	}
	e := at.errorf(KindPolicy, offset, "trust is %s, and policy.trust demands %s", l.Trust, p.Trust)
	e.Hint = "deplock update " + d.Name
	return ErrorList{e}
}

// forbids returns an error if p does not allow the host of address, which
// stands at a byte of v.
func (p Policy) forbids(v *value, offset int, address string) ErrorList {
	if len(p.Hosts) == 0 {
		return nil
	}
	u, err := url.Parse(address)
	if err == nil && p.allows(u) {
		return nil
	}
	_, host, _, _ := splitAddress(address)
	return ErrorList{v.errorf(KindPolicy, offset, "host %q is not one of policy.hosts", host)}
}

// forbidsMirrors returns an error for each mirror, as it expands for l, whose
// host p does not allow.
func (p Policy) forbidsMirrors(d *Dep, l Line) (faults ErrorList) {
	for i, at := range d.at.get("mirrors").elements() {
		address, _ := d.Expand(d.Mirrors[i], l.Platform) // Parse has seen that it expands
		faults = append(faults, p.forbids(at, at.Start, address)...)
	}
	return faults
}
