//go:build bench

package main_test

// layout is a lockfile as a program without checks would read it. The decoder
// that is compared with deplock is built from this very file.
type layout struct {
	Version   int
	Platforms []string
	Policy    struct {
		Hosts []string
		Trust string
	}
	Deps map[string]struct {
		Version, URL, Sums, Signature, Member, Path, Mode, Owner string

		Platforms, Groups, Mirrors []string
		Alias                      map[string]string
		Latest                     map[string]any
		Unpack                     struct {
			Strip   int
			Include []string
			Replace bool
		}
		Locked map[string]struct {
			URL, SHA256, Trust string
			Size               int64
		}
	}
}
