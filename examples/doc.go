// Package examples holds no code. Each folder below it with a Dockerfile is an
// image that depfetch fills: the lockfile has real pins, and a README gives the
// command. bake is an image that is built without depfetch, renovate and github-actions
// are configuration of bots, devcontainer is a feature for dev containers, and demo is the
// program of `make demo`. The package's tests keep them true:
//
//   - `go test` holds every lockfile against known-artifacts.tsv;
//   - `go test -tags e2e` (or `make e2e`) builds every Dockerfile, as it stands,
//     with a real BuildKit. The downloads come from a server on loopback that
//     stands in for the real hosts, with made-up bytes of known sha256.
package examples
