package signature

import (
	_ "embed"
	"sync"

	"github.com/sigstore/sigstore-go/pkg/root"
)

// publicGood is the trusted root of Sigstore's public instance, as @sigstore/tuf 5.0.1
// of npm has it among its seeds: the authorities, logs and their keys.
//
//go:embed public-good.json
var publicGood []byte

// gitHub is the trusted root of GitHub's own instance, as sigstore-rust has it at
// c6750204cb5a (2026-06-29), which took it from GitHub's TUF repository.
//
//go:embed github.json
var gitHub []byte

// Roots are the instances of Sigstore whose certificates and logs count. They are safe
// for concurrent use.
type Roots struct {
	public root.TrustedMaterial
	github root.TrustedMaterial // for attestations of GitHub; may be nil
	// unlogged says that certificates need not be in a log, for tests.
	unlogged bool
}

// embeddedRoots reads the roots that the program comes with.
var embeddedRoots = sync.OnceValues(func() (*Roots, error) {
	public, err := root.NewTrustedRootFromJSON(publicGood)
	if err != nil {
		return nil, err
	}
	github, err := root.NewTrustedRootFromJSON(gitHub)
	if err != nil {
		return nil, err
	}
	return &Roots{public: public, github: github}, nil
})

// ReadRoots reads the trusted root of an instance that counts in the place of the public
// one (application/vnd.dev.sigstore.trustedroot+json).
func ReadRoots(text []byte) (*Roots, error) {
	public, err := root.NewTrustedRootFromJSON(text)
	if err != nil {
		return nil, err
	}
	return &Roots{public: public}, nil
}
