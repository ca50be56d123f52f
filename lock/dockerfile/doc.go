// Package dockerfile reads what a Dockerfile downloads and starts from, with
// BuildKit's own parser: stages, the scope of ARG and ENV, SHELL, heredocs,
// continuation lines and mounts. What its shell lines do is read by package script.
//
// It guarantees to accept what BuildKit accepts, up to a size that people do not
// write, that every position is one of the file's bytes, and that nothing is run or
// fetched. What it costs is bounded. A shell script that cannot be
// read is reported as such and left out; so is one for a shell that is not one of
// POSIX (PowerShell, cmd) or for an interpreter.
//
// testdata/real.md says what was found in the Dockerfiles of public repositories,
// which is what it is made for.
package dockerfile
