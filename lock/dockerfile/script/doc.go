// Package script reads what a shell script of a Dockerfile would download, without
// running it: a static evaluation of the shell for one platform.
//
// It guarantees that nothing is started, read or written: commands are looked at,
// not run. What a word stands for is either known, letter for letter, or unknown
// with the reason, and what depends on something unknown is unknown too. Both sides
// of a condition that cannot be told are followed. Loops and functions are bounded.
//
// It knows what commands that scripts ask for the architecture say (uname, arch,
// dpkg, apk, rpm), what the usual filters (echo, printf, cut, sed, tr, …) make of
// known text, and what curl, wget, aria2c, the checksum programs, gpg, tar and their
// like do with files. A command that it does not know is taken to succeed and to
// print something unknown.
//
// A Machine only says what happens, in order: its log has an Event for each command,
// each download, each check and each use. Downloads puts the events about a download
// together; whether that is a fault is for the packages that read it.
package script
