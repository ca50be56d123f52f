//go:build !linux

package fetch_test

import "errors"

const canRestrict = false

// restrict fails if p wants anything of it.
func (p crashPlan) restrict() error {
	if p.NoLocks || p.User != 0 {
		return errors.ErrUnsupported
	}
	return nil
}
