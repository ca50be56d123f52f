package console

import (
	"errors"
	"fmt"

	"depfetch/fetch/unpack"
)

// allows describes the keys of unpack that allow what is refused by default.
var allows = map[string]string{
	"absolute_links":    "if it is a root file system, its links may be absolute",
	"absolute_names":    "the leading slash can be dropped, as tar does",
	"drop_special_bits": "setuid, setgid and sticky bits can be taken away",
}

// ArchiveHint returns the hint for an error of package unpack that concerns a dependency
// of the lockfile, or "" if there is none.
func ArchiveHint(dep string, err error) string {
	return archiveHint(err, hints{
		name:  fmt.Sprintf("correct member, strip, include or modes of [deps.%s], then: deplock update %s", dep, dep),
		limit: fmt.Sprintf("raise it in [deps.%s]: limits = { %%s = … }", dep),
		allow: fmt.Sprintf("write in [deps.%s]: unpack = { %%s = true }, beside what its unpack says already", dep),
		tree:  fmt.Sprintf("write member instead of unpack in [deps.%s]", dep),
	})
}

// ArchiveOptionHint is ArchiveHint for a dependency that is being added.
func ArchiveOptionHint(dep string, err error) string {
	return archiveHint(err, hints{
		name:  "correct --member or --unpack",
		limit: fmt.Sprintf("write [deps.%s] with limits = { %%s = … } into the lockfile by hand, then: deplock update %s", dep, dep),
		allow: "add it to --unpack, with a comma between: --unpack=%s",
		tree:  "write --member instead of --unpack",
	})
}

// hints are the hints for errors of archives. limit and allow have a place for the key.
type hints struct{ name, limit, allow, tree string }

func archiveHint(err error, h hints) string {
	var (
		none      *unpack.NoMatchError
		ambiguous *unpack.AmbiguousError
		limit     *unpack.LimitError
		refused   *unpack.RefusedError
		kind      *unpack.UnsupportedError
	)
	switch {
	case errors.As(err, &none), errors.As(err, &ambiguous), errors.As(err, &refused) && refused.Allow == "modes":
		return h.name
	case errors.As(err, &limit):
		return "if the archive may cost that much, " + fmt.Sprintf(h.limit, limit.Limit)
	case errors.As(err, &refused) && refused.Allow != "":
		return allows[refused.Allow] + "; " + fmt.Sprintf(h.allow, refused.Allow)
	case errors.Is(err, unpack.ErrNoTree):
		return h.tree
	case errors.As(err, &kind):
		return "take a .tar.gz, .zip or .deb of it if upstream has one; or leave out member and unpack, and unpack the file in the RUN that uses it"
	}
	return ""
}
