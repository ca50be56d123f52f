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

// Check looks at the keys of a lockfile's signatures, without the network. It returns as
// errors what will never verify: a file that is missing or holds no public key, or not
// the one that counts, a key that is refused, and lines that say they were signed by a
// key that is not in the file; as remarks, files of which no key is valid at a time. All
// say where in the lockfile.
func Check(f *lock.File, now time.Time, file func(path string) ([]byte, error)) (remarks []*lock.Error, err error) {
	var errs []error
	for _, d := range f.Deps {
		for i, s := range d.Signatures {
			remark, err := check(d, i, s, now, file)
			errs = append(errs, err)
			if remark != nil {
				remarks = append(remarks, remark)
			}
		}
	}
	return remarks, errors.Join(errs...)
}

// check looks at the key of a signature of d.
func check(d *lock.Dep, index int, s lock.Signature, now time.Time, file func(string) ([]byte, error)) (remark *lock.Error, err error) {
	var keys []Key
	if inFile(s) {
		keys, err = Keys(s, now, file)
	} else {
		_, err = New(s, Given{Identity: s.Identity.String(), File: file})
	}
	if err != nil {
		cause := err
		if bad, ok := errors.AsType[*KeyError](err); ok {
			cause = bad.Err
		}
		hint := ""
		if errors.Is(err, fs.ErrNotExist) && s.Kind == "gpg" {
			hint = "the public key belongs there: gpg --armor --export FINGERPRINT writes it"
		}
		if inFile(s) {
			cause = fmt.Errorf("%s: %w", s.Key, cause)
		}
		return nil, s.Fault(lock.KindFormat, hint, cause.Error())
	}
	if !inFile(s) {
		return nil, nil
	}
	var errs []error
	for _, l := range d.Locked {
		signers := strings.Split(l.By, ", ")
		if l.Trust != lock.Signed || index >= len(signers) || s.Signer() != "" {
			continue // package lock compares these
		}
		if has := func(k Key) bool { return k.Signer == signers[index] }; !slices.ContainsFunc(keys, has) {
			errs = append(errs, l.SignerFault(lock.KindPolicy, "deplock update "+d.Name+" --accept-signer",
				fmt.Sprintf("signed by %s, which is not in %s", signers[index], s.Key)))
		}
	}
	if slices.ContainsFunc(keys, func(k Key) bool { return k.Fault == nil }) {
		return nil, errors.Join(errs...)
	}
	var faults []string
	for _, k := range keys {
		faults = append(faults, fmt.Sprintf("%s: %v", k.Signer, k.Fault))
	}
	return s.Fault(lock.KindFormat, "", "nothing that it signs holds now, so the next deplock update will fail: "+strings.Join(faults, "; ")), errors.Join(errs...)
}
