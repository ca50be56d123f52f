// Package examples holds no code. Each folder below it, but for that of `make
// demo`, is an image that depfetch fills: a Dockerfile, the lockfile with real
// pins, and a README that gives the command. The package's tests keep them true:
//
//   - `go test` holds every lockfile against known-artifacts.tsv;
//   - `go test -tags e2e` (or `make e2e`) builds every Dockerfile, as it stands,
//     with a real BuildKit. The downloads come from a server on loopback that
//     stands in for the real hosts, with made-up bytes of known sha256.
package examples
