// Package dockerfile reads what a Dockerfile downloads and starts from: stages, the
// scope of ARG and ENV, SHELL, heredocs, continuation lines and mounts. Package script
// evaluates its shell scripts.
//
// BuildKit's packages parse the instructions and expand their words. This package adds
// what they do not have: the position of each byte (BuildKit's parser knows lines
// alone), values that are only partly known, and the files of the build context.
//
// It guarantees that it accepts what BuildKit accepts, up to a size that people do not
// write; that every position is one in the file; that nothing is run or downloaded;
// and that time and memory are bounded. A shell script that cannot be read is reported
// and skipped, as are scripts for other shells (PowerShell, cmd) and for interpreters.
//
// testdata/real.md lists the forms found in the Dockerfiles of public repositories.
package dockerfile
