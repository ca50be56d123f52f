// Package sync adopts Dockerfiles: it finds what their RUN and ADD instructions
// download, decides which of these will certainly get the pinned bytes from depfetch
// and otherwise build as before, and edits those.
//
// It guarantees that an instruction is adopted only if every call of curl and wget in
// it is known to run the depfetch that is mounted, the address of every call is known
// on every platform, and the lockfile has a line for each. All other instructions are
// left as they are and reported with their position, the reason and a hint. An edit
// adds flags, and stages that depfetch comes from; every other byte of the Dockerfile
// stays, and [Reading.Undo] removes what was added.
//
// It refuses to guess: what cannot be known is left.
//
// The package does not use the network. [Read] returns what is asked for, and the
// caller locks it.
package sync
