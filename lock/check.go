package lock

import (
	"net/url"
	"slices"
	"strings"

	"depfetch/fetch/source"
)

// Check reports the locked lines of f that must not be used: the stale ones,
// whose address is not what the template and version expand to, those that
// the policy forbids, and those that say they are signed where no signature explains
// it, of urls too. Nothing is stale about a dependency without locked lines.
// The error is an [ErrorList] of kinds [KindStale] and [KindPolicy], or nil.
func (f *File) Check() error {
	c := &checker{policy: f.Policy}
	for _, d := range f.Deps {
		for _, l := range d.Locked {
			c.checkLine(d, l)
		}
	}
	for _, p := range f.URLs {
		c.checkPin(p)
	}
	return c.faults.err()
}

// CheckComplete reports the dependencies that are not locked for a platform that
// they ask for, or that the file does if they name none, and those that are not
// locked at all. The error is an [ErrorList] of [KindUnlocked], or nil.
func (f *File) CheckComplete() error {
	var faults ErrorList
	for _, d := range f.Deps {
		missing := f.missing(d)
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

// missing returns the platforms that d asks for, or f if it names none, and is not locked for.
func (f *File) missing(d *Dep) []Platform {
	platforms := d.Platforms
	if platforms == nil {
		platforms = f.Platforms
	}
	return slices.DeleteFunc(slices.Clone(platforms), func(p Platform) bool {
		_, ok := d.Line(p)
		return ok
	})
}

// Stale returns the platforms for which d has to be locked again before it can be used: of
// stale lines, as [File.Check] reports them, and those that are missing, as
// [File.CheckComplete] does.
func (f *File) Stale(d *Dep) []Platform {
	platforms := f.missing(d)
	for _, l := range d.Locked {
		if _, stale := d.stale(l); stale {
			platforms = append(platforms, l.Platform)
		}
	}
	return platforms
}

// stale reports whether the address of a locked line of d is not what url and version give,
// which is want.
func (d *Dep) stale(l Line) (want string, stale bool) {
	want, err := d.Expand(d.URL, l.Platform)
	return want, err != nil || want != l.URL
}

func joinPlatforms(platforms []Platform) string {
	names := make([]string, len(platforms))
	for i, p := range platforms {
		names[i] = p.String()
	}
	return strings.Join(names, ", ")
}

// checker collects what must not be used.
type checker struct {
	policy Policy
	faults ErrorList
}

// fail reports a fault at a byte of v.
func (c *checker) fail(kind Kind, v *value, offset int, hint, format string, args ...any) {
	e := v.errorf(kind, offset, format, args...)
	e.Hint = hint
	c.faults = append(c.faults, e)
}

// checkLine reports what is wrong with a locked line of d.
func (c *checker) checkLine(d *Dep, l Line) {
	at, hint := l.at.get("url"), "deplock update "+d.Name
	if want, stale := d.stale(l); stale {
		was, now := source.Redact(l.URL), source.Redact(want)
		if was == now {
			now = "another query"
		}
		c.fail(KindStale, at, at.Start, hint, "stale: locked is %s, but url and version now give %s", was, now)
	}
	c.checkTrust(l.at, l.Trust, hint)
	c.checkSigned(d, l)
	c.checkHost(at, at.Start, l.URL)
	for i, elem := range d.at.get("mirrors").elements() {
		address, _ := d.Expand(d.Mirrors[i], l.Platform) // Parse has seen that it expands
		c.checkHost(elem, elem.Start, address)
	}
}

// checkPin reports what is wrong with a line of urls.
func (c *checker) checkPin(p Pin) {
	if p.Unpinned != "" && c.policy.NoUnpinned {
		c.fail(KindPolicy, p.at, p.at.keyAt, "deplock sync --moving pin", "it is unpinned, and policy.unpinned is false")
	}
	if p.Unpinned == "" {
		c.checkTrust(p.at, p.Trust, "")
	}
	if p.Trust == Signed {
		at := p.at.get("trust")
		c.fail(KindPolicy, at, at.Start, "", "trust is signed, and a line of urls has no signature that explains it")
	}
	c.checkHost(p.at, p.at.keyAt, p.URL)
	for i, elem := range p.at.get("mirrors").elements() {
		if i < len(p.Mirrors) {
			c.checkHost(elem, elem.Start, p.Mirrors[i])
		}
	}
}

// checkSigned reports that a locked line of d says it is signed and no signature of d
// explains that: somebody has written it by hand, or has changed signature since.
func (c *checker) checkSigned(d *Dep, l Line) {
	if l.Trust != Signed || explains(d.Signatures, l.By) {
		return
	}
	at, hint := l.at.get("trust"), "deplock update "+d.Name+" --accept-signer"
	switch {
	case len(d.Signatures) == 0:
		c.fail(KindPolicy, at, at.Start, hint, "trust is signed, and there is no signature that explains it")
	case l.By == "":
		c.fail(KindPolicy, at, at.Start, hint, "trust is signed, and by does not say who has signed")
	default:
		by := l.at.get("by")
		c.fail(KindPolicy, by, by.Start, hint, "signed by %s, and signature now demands %s", l.By, signers(d.Signatures))
	}
}

// checkTrust reports that the line at v is trusted less than the policy demands.
func (c *checker) checkTrust(v *value, trust Trust, hint string) {
	at, offset := v, v.keyAt
	if written := v.get("trust"); written != nil {
		at, offset = written, written.Start
	}
	if trust < c.policy.Trust {
		c.fail(KindPolicy, at, offset, hint, "trust is %s, and policy.trust demands %s", trust, c.policy.Trust)
	}
}

// checkHost reports that the policy does not allow the host of an address, which
// stands at a byte of v.
func (c *checker) checkHost(v *value, offset int, address string) {
	if len(c.policy.Hosts) == 0 {
		return
	}
	u, err := url.Parse(address)
	if source.InRegistry(address) {
		var o source.Origin
		o, err = source.AskedOrigin(address)
		u = &url.URL{Scheme: o.Scheme, Host: o.Authority()}
	}
	if err != nil || !c.policy.Allows(u) {
		_, host, _, _ := splitAddress(address)
		c.fail(KindPolicy, v, offset, "", "host %q is not one of policy.hosts", host)
	}
}
