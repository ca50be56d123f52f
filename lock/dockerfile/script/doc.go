// Package script reads what a shell script of a Dockerfile would download, without
// running it: a static evaluation of the shell for one platform.
//
// It guarantees that nothing is started, read or written: commands are looked at,
// not run. What a word stands for is either known, letter for letter, or unknown
// with the reason, and what depends on something unknown is unknown too. Both sides
// of a condition that cannot be told are followed. Loops and functions are bounded.
//
// A Machine holds what the scripts of one stage find and leave: variables, the
// working directory, files that are written. It says what happens, in order: its log
// has an Event for each command, download, check and use. Downloads puts the events
// about a download together; what of it is a fault is for the packages that read the
// log to say.
//
// What a command does is a function of the machine and the call; known lists all of
// them. A command that is not among them is taken to succeed and to print something
// unknown.
//
// Parsing, patterns and braces are those of mvdan.cc/sh. Its package expand expands
// into strings, which cannot say that a part is unknown, why, and which downloads it
// is made of, and its interp runs a script once, where both sides of a condition are
// to be followed. Where all is known, expand differs from shells in what matters
// here: ${v%"*"} takes a quoted pattern for one, ${v/#a/b} looks for "#a", read
// drops an empty field between two colons, and arithmetic takes any word that is no
// number for 0. So words, parameters, fields and arithmetic are evaluated here.
package script
