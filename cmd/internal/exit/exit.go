// Package exit holds the exit codes of depfetch and deplock.
package exit

// The exit codes. Help describes them to users.
const (
	OK          = 0
	Failure     = 1 // anything that has no code of its own
	Usage       = 2 // wrong usage, or a bad or stale lockfile
	Unavailable = 3 // could not download
	WrongBytes  = 4 // sha256 or size differs
	Refused     = 5 // not pinned, or against the policy
)

// Help is the section of a help text about exit codes.
const Help = `Exit codes:
  0  done
  1  any other failure, or findings
  2  wrong usage, or a bad or stale lockfile
  3  could not download
  4  wrong bytes: sha256 or size differs from the lockfile
  5  refused: not pinned, or against the lockfile's policy`
