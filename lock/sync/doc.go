// Package sync adopts Dockerfiles: it finds what their RUN and ADD instructions
// download, says which of them would surely get the pinned bytes from depfetch and
// build as before, and edits those.
//
// It guarantees that an instruction is adopted only if every call of curl and wget
// in it is known to reach what is mounted, each address of these calls is known on
// every platform, and the lockfile has a line for each. Everything else is left as
// it is, with its place, the reason and the way out. An edit adds flags, and at most
// one stage; every other byte of the Dockerfile survives, and Undo takes all of it
// out again.
//
// It refuses to guess: what cannot be known is left.
//
// Nothing is fetched here. [Read] says what is asked for, and whoever calls it locks
// that.
package sync
