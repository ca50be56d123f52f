package lock_test

import (
	"fmt"

	"depfetch/lock"
)

func ExampleFile_Artifacts() {
	const text = `version = 1
[deps.runc]
version = "1.4.3"
url     = "https://github.com/opencontainers/runc/releases/download/v{version}/runc.{arch}"
path    = "/usr/bin/runc"
mode    = "0755"
[deps.runc.locked]
"linux/amd64" = { url = "https://github.com/opencontainers/runc/releases/download/v1.4.3/runc.amd64", sha256 = "f6ae8efc0fa40079e1475e97cbe9d1bd3f106a28d6af78a11d9f1bd565515e60" }
`
	f, err := lock.Parse("deps.lock.toml", []byte(text))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range []lock.Platform{"linux/amd64", "linux/arm64"} {
		artifacts, err := f.Artifacts(p, lock.Selection{})
		if err != nil {
			fmt.Println(err)
			continue
		}
		for _, a := range artifacts {
			fmt.Println(a.Name, a.Version, a.Path, a.URL)
		}
	}
	// Output:
	// runc 1.4.3 /usr/bin/runc https://github.com/opencontainers/runc/releases/download/v1.4.3/runc.amd64
	// runc is not pinned for linux/arm64; locked: linux/amd64
}

func ExampleParse() {
	f, err := lock.Parse("deps.lock.toml", []byte(`version = 1

[deps.jq]
version = "1.7.1"
url     = "https://github.com/jqlang/jq/releases/download/jq-{version}/jq-{os}-{arch}"
path    = "/usr/local/bin/jq"
mode    = "0755"

[deps.jq.locked]
"linux/amd64" = { url = "https://github.com/jqlang/jq/releases/download/jq-1.7.1/jq-linux-amd64", sha256 = "5942c9b0934e510ee61eb3e30273f1b3fe2590df93933a93d7c58b81d19c8ff5", size = 2319424, trust = "published" }
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, d := range f.Deps {
		fmt.Println(d.Name, d.Version, d.Path, d.Mode)
		for _, l := range d.Locked {
			fmt.Println(l.Platform, l.Size, l.Trust, l.Digest)
		}
	}
	// Output:
	// jq 1.7.1 /usr/local/bin/jq -rwxr-xr-x
	// linux/amd64 2319424 published 5942c9b0934e510ee61eb3e30273f1b3fe2590df93933a93d7c58b81d19c8ff5
}

func ExampleParse_errors() {
	_, err := lock.Parse("deps.lock.toml", []byte(`version = 1
[deps.runc]
version = "1.4.3"
url = "https://example.com/runc.{vershion}"
mode = 755
`))
	fmt.Println(err)
	// Output:
	// deps.lock.toml:4:33: deps.runc.url: unknown word "{vershion}"; did you mean {version}?
	// deps.lock.toml:5:8: deps.runc.mode: want a string, found an integer; write "0755"
}
