package signature

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"depfetch/lock"
)

// Seed is a key or an identity on which lines of a lockfile rely.
type Seed struct {
	Signer   string // as a locked line has it
	Kind     string // of the signatures
	File     string // that holds the key, from the lockfile's folder; empty if the lockfile does
	Identity string // a template; empty if it is a key
	Issuer   string
	Expires  time.Time // zero if nothing is known of that
	Fault    error     // why nothing that it signs holds now, or nil
	Uses     []Use
	Images   []ImageUse
}

// ImageUse is what relies on a Seed by a rule for images.
type ImageUse struct {
	Match   string
	Images  []string // of which the lockfile says that it has signed them
	Waiting []string // of which it does not, although the rule asks for it
}

// Use is what relies on a Seed in one dependency.
type Use struct {
	Dep       string
	OfSums    bool            // it signs the list of checksums
	Platforms []lock.Platform // whose lines it has signed
	Waiting   []lock.Platform // whose lines nobody has signed, although the dependency asks for it
	Others    bool            // other keys of the file may sign in its place
}

// Seeds returns the keys and identities that a lockfile relies on, in the order of their
// first use. Keys that have signed a line come along if the lockfile asks for them no
// more. file reads a file of keys, and now is when keys must be valid.
func Seeds(f *lock.File, now time.Time, file func(path string) ([]byte, error)) []*Seed {
	s := &seeds{now: now, file: file}
	for _, d := range f.Deps {
		for i, sig := range d.Signatures {
			s.add(d, i, sig)
		}
	}
	for _, r := range f.Policy.Images {
		s.addRule(f, r)
	}
	return s.all
}

type seeds struct {
	all  []*Seed
	now  time.Time
	file func(string) ([]byte, error)
}

// add adds what d relies on by its signature of an index.
func (s *seeds) add(d *lock.Dep, index int, sig lock.Signature) {
	var waiting []lock.Platform
	by := make(map[string][]lock.Platform)
	for _, l := range d.Locked {
		if signers := strings.Split(l.By, ", "); l.Trust == lock.Signed && index < len(signers) {
			by[signers[index]] = append(by[signers[index]], l.Platform)
		} else {
			waiting = append(waiting, l.Platform)
		}
	}
	keys := []Key{{Signer: sig.Signer()}}
	var fault error
	if inFile(sig) {
		var err error
		if keys, err = Keys(sig, s.now, s.file); err != nil {
			fault = err
			if bad, ok := errors.AsType[*KeyError](err); ok {
				fault = bad.Err
			}
			if keys = nil; len(by) == 0 {
				keys = []Key{{Signer: cmp.Or(sig.Signer(), sig.Kind), Fault: fault}}
			}
		}
	}
	for _, k := range keys {
		seed := s.of(k, sig)
		seed.Uses = append(seed.Uses, Use{
			Dep: d.Name, OfSums: sig.OfSums, Platforms: by[k.Signer], Waiting: waiting, Others: len(keys) > 1,
		})
		delete(by, k.Signer)
	}
	for _, l := range d.Locked { // in their order
		signers := strings.Split(l.By, ", ")
		if index >= len(signers) || by[signers[index]] == nil {
			continue
		}
		signer := signers[index]
		k := Key{Signer: signer, Fault: cmp.Or(fault, errors.New("the dependency asks for it no more"))}
		if inFile(sig) && fault == nil {
			k.Fault = fmt.Errorf("it is not in %s", sig.Key)
		}
		seed := s.of(k, sig)
		seed.Uses = append(seed.Uses, Use{Dep: d.Name, OfSums: sig.OfSums, Platforms: by[signer]})
		delete(by, signer)
	}
}

// addRule adds what relies on a rule for images.
func (s *seeds) addRule(f *lock.File, r *lock.ImageRule) {
	key := Key{Signer: r.Signer()}
	if inFile(r.Signature) {
		keys, err := Keys(r.Signature, s.now, s.file)
		if bad, ok := errors.AsType[*KeyError](err); ok {
			key = Key{Signer: r.Kind, Fault: bad.Err}
		} else {
			key = keys[0] // of these kinds, a file holds one
		}
	}
	use := ImageUse{Match: r.Match}
	for _, i := range f.Images {
		index := slices.Index(f.Policy.ImageRules(i.Name), r)
		switch by := signerAt(i.By, index); {
		case index < 0:
		case by != "" && (by == key.Signer || key.Fault != nil):
			use.Images = append(use.Images, i.Name)
		default:
			use.Waiting = append(use.Waiting, i.Name)
		}
	}
	seed := s.of(key, r.Signature)
	seed.Images = append(seed.Images, use)
}

// of returns the seed of a key.
func (s *seeds) of(k Key, sig lock.Signature) *Seed {
	seed := &Seed{Signer: k.Signer, Kind: sig.Kind, Expires: k.Expires, Fault: k.Fault}
	if inFile(sig) {
		seed.File = sig.Key
	}
	if k.Signer == sig.Signer() {
		seed.Identity, seed.Issuer = sig.Identity.String(), sig.Issuer
	}
	same := func(o *Seed) bool {
		return o.Signer == seed.Signer && o.Kind == seed.Kind && o.File == seed.File && (o.Fault == nil) == (seed.Fault == nil)
	}
	if i := slices.IndexFunc(s.all, same); i >= 0 {
		return s.all[i]
	}
	s.all = append(s.all, seed)
	return seed
}
