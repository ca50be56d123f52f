// Package bench measures a program of this project beside others that do the
// same work, in interleaved rounds, and reports wall time, CPU, peak memory and
// ratios as Markdown. It reports, it does not judge: a slow run passes, a run
// of the project's own program that fails or does the wrong work does not.
//
//	go test -tags bench -count=1 -timeout 60m -run TestBench -v -p 1 ./cmd/depfetch ./cmd/deplock
//
// All but this comment has the build tag bench. It needs Linux or another Unix.
// The environment can change every benchmark:
//
//	BENCH_ROUNDS=N      rounds that count, after one that does not, in place of
//	                    each group's own number
//	BENCH_ONLY=REGEXP   only groups whose "workload, protocol" matches
//	BENCH_BIN=PATH      measure this program, or the one of its name in this
//	                    directory, and build none; an absolute path
//
// A benchmark makes a Bench with New, lets it Run its groups, and prints the
// Report. A Bench is not safe for concurrent use.
package bench
