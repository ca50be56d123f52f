package lock

import (
	"fmt"
	"slices"
)

// Trust says where the digest of a locked line came from. Values compare with
// < and >; the zero value is TOFU.
type Trust int

const (
	TOFU      Trust = iota // trust on first use: what the server sent on the day of locking
	Published              // upstream publishes the same digest
	Signed                 // upstream signs the file or the list that names its digest
)

// String returns t as the lockfile writes it.
func (t Trust) String() string { return trustNames()[t] }

// trustNames returns the names of all trusts, least first.
func trustNames() []string { return []string{"tofu", "published", "signed"} }

// parseTrust reads a trust by its name.
func parseTrust(s string) (Trust, error) {
	if i := slices.Index(trustNames(), s); i >= 0 {
		return Trust(i), nil
	}
	return TOFU, fmt.Errorf("unknown trust %q: want tofu, published or signed", s)
}
