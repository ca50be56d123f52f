// Package frontend builds Dockerfiles with BuildKit as its own frontend does, and lets
// BuildKit itself download what a lockfile pins.
//
// BuildKit's packages read the Dockerfile and make the build of it, so that all that
// they know goes on working. The package changes that build on its way to BuildKit: what
// package sync would write into the text as flags, it adds to the steps. The text stays
// as it is, and errors show the lines that the user wrote.
//
//   - A RUN that sync adopts gets depfetch as curl and wget, a lockfile of the addresses
//     that it asks for and no others, and the bytes of these, which BuildKit downloads
//     by their digest, as a cache. A changed pin runs only the steps again that use it.
//   - A RUN whose addresses are not known before it is run gets all of [urls] where it has
//     no network, or where the build is strict.
//   - Where BuildKit cannot download an address, it asks the mirrors of the line. Then the
//     step gets none of it, and depfetch asks for it in the RUN, if that has a network.
//   - An ADD of a pinned address gets the checksum, on each platform its own.
//   - COPY --from=deps takes the files that the lockfile places for the target platform.
//   - A lockfile in the place of the Dockerfile is built as an image of these files.
//
// It guarantees that a step which is built does not ask for an address that is known, not
// pinned, does not move and is not one of the machine that builds: that is an error with
// its line. What sync leaves is built as the Dockerfile says, with a warning at its line,
// or not at all in strict builds.
//
// A check, which is a question about the Dockerfile, is answered with what would be refused
// or warned of besides what BuildKit finds.
//
// The package asks for nothing but through BuildKit, and prints nothing.
package frontend
