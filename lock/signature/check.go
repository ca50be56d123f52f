package signature

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"depfetch/lock"
)

// Check looks at the keys of a lockfile's signatures and rules for images, without the
// network. It returns as errors what will never verify: a file that is missing or holds no
// public key, or not the one that counts, a key that is refused, and lines that say they
// were signed by a key that is not in the file; as remarks, files of which no key is valid
// at a time. All say where in the lockfile.
func Check(f *lock.File, now time.Time, file func(path string) ([]byte, error)) (remarks []*lock.Error, err error) {
	c := &checker{now: now, file: file}
	for _, d := range f.Deps {
		for i, s := range d.Signatures {
			if keys := c.keys(s, "deplock update"); keys != nil {
				c.lines(d, i, s, keys)
			}
		}
	}
	for _, r := range f.Policy.Images {
		if keys := c.keys(r.Signature, "deplock pin"); keys != nil {
			c.images(f, r, keys)
		}
	}
	return c.remarks, errors.Join(c.errs...)
}

type checker struct {
	now     time.Time
	file    func(string) ([]byte, error)
	remarks []*lock.Error
	errs    []error
}

// keys looks at the key of a signature, and returns the keys of its file, if the key stands
// in one. verifies is the command that verifies the next.
func (c *checker) keys(s lock.Signature, verifies string) []Key {
	var (
		keys []Key
		err  error
	)
	if inFile(s) {
		keys, err = Keys(s, c.now, c.file)
	} else {
		_, err = New(s, Given{Identity: s.Identity.String(), File: c.file})
	}
	if err != nil {
		cause := err
		if bad, ok := errors.AsType[*KeyError](err); ok {
			cause = bad.Err
		}
		hint := ""
		if errors.Is(err, fs.ErrNotExist) {
			hint = "the public key belongs there, as upstream publishes it"
			if s.Kind == "gpg" {
				hint = "the public key belongs there: gpg --armor --export FINGERPRINT writes it"
			}
		}
		if inFile(s) {
			cause = fmt.Errorf("%s: %w", s.Key, cause)
		}
		c.errs = append(c.errs, s.Fault(lock.KindFormat, hint, cause.Error()))
		return nil
	}
	if inFile(s) && !slices.ContainsFunc(keys, func(k Key) bool { return k.Fault == nil }) {
		var faults []string
		for _, k := range keys {
			faults = append(faults, fmt.Sprintf("%s: %v", k.Signer, k.Fault))
		}
		c.remarks = append(c.remarks, s.Fault(lock.KindFormat, "",
			"nothing that it signs holds now, so the next "+verifies+" will fail: "+strings.Join(faults, "; ")))
	}
	return keys
}

// lines looks at who has signed the lines of d by its signature of an index, whose keys
// stand in a file.
func (c *checker) lines(d *lock.Dep, index int, s lock.Signature, keys []Key) {
	for _, l := range d.Locked {
		by := signerAt(l.By, index)
		if l.Trust != lock.Signed || by == "" || s.Signer() != "" { // package lock compares these
			continue
		}
		if !holds(keys, by) {
			c.errs = append(c.errs, l.SignerFault(lock.KindPolicy, "deplock update "+d.Name+" --accept-signer",
				fmt.Sprintf("signed by %s, which is not in %s", by, s.Key)))
		}
	}
}

// images looks at who has signed images by a rule, whose key stands in a file.
func (c *checker) images(f *lock.File, r *lock.ImageRule, keys []Key) {
	for _, i := range f.Images {
		by := signerAt(i.By, slices.Index(f.Policy.ImageRules(i.Name), r))
		if by != "" && !holds(keys, by) {
			c.errs = append(c.errs, i.SignerFault(lock.KindPolicy, "deplock pin --to-lockfile --update",
				fmt.Sprintf("signed by %s, which is not in %s", by, r.Key)))
		}
	}
}

// signerAt returns who has signed by the signature of an index, as a locked line has it;
// "" if nobody has.
func signerAt(by string, index int) string {
	signers := strings.Split(by, ", ")
	if index < 0 || index >= len(signers) {
		return ""
	}
	return signers[index]
}

func holds(keys []Key, signer string) bool {
	return slices.ContainsFunc(keys, func(k Key) bool { return k.Signer == signer })
}
