package pin

import (
	"fmt"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

const (
	oldDigest = "sha256:8b8f088da2dab964f853b38464033b1be15ede2839eca751482357c45abdd05a"
	newDigest = "sha256:0ecf44450ee6063bf19dd166a103ee6df4a9034455c2abce626e6eea657d73fb"
)

// TestEdit gives every image that can be edited the new digest, and compares the
// file; what cannot is listed.
func TestEdit(t *testing.T) {
	for _, test := range []struct{ name, file, before, after, left string }{
		{name: "plain", before: "FROM debian:12 AS a\n", after: "FROM debian:12@NEW AS a\n"},
		{name: "no tag", before: "FROM debian\n", after: "FROM debian@NEW\n"},
		{name: "pinned", before: "FROM --platform=$BUILDPLATFORM h:5000/o/i:v1@OLD\n", after: "FROM --platform=$BUILDPLATFORM h:5000/o/i:v1@NEW\n"},
		{name: "stages and scratch", before: "FROM a:1 AS x\nFROM x\nFROM scratch\nFROM SCRATCH AS y\nCOPY --from=x /a /a\nCOPY --from=0 /a /a\nCOPY --from=named /a /a\nRUN --mount=from=busybox,target=/b /b/x\n",
			after: "FROM a:1@NEW AS x\nFROM x\nFROM scratch\nFROM SCRATCH AS y\nCOPY --from=x /a /a\nCOPY --from=0 /a /a\nCOPY --from=named@NEW /a /a\nRUN --mount=from=busybox@NEW,target=/b /b/x\n"},
		{name: "COPY and mounts", before: "FROM scratch\nCOPY --from=o/i:1 /a /a\nRUN --mount=from=o/j:2,target=/j --mount=type=bind,target=/k,from=o/k:3 \\\n  /j/x\n",
			after: "FROM scratch\nCOPY --from=o/i:1@NEW /a /a\nRUN --mount=from=o/j:2@NEW,target=/j --mount=type=bind,target=/k,from=o/k:3@NEW \\\n  /j/x\n"},
		{name: "ARG, quoted", before: "ARG BASE=\"debian:12\"\nFROM $BASE\nFROM ${BASE}\n", after: "ARG BASE=\"debian:12@NEW\"\nFROM $BASE\nFROM ${BASE}\n"},
		{name: "ARG of the tag", before: "ARG TAG=12\nFROM debian:${TAG}\n", after: "ARG TAG=12@NEW\nFROM debian:${TAG}\n"},
		{name: "ARG of the tag, pinned", before: "ARG TAG=12@OLD\nFROM debian:${TAG}\n", after: "ARG TAG=12@NEW\nFROM debian:${TAG}\n"},
		{name: "ARG of the digest", before: "ARG D=OLD\nFROM debian:12@${D}\n", after: "ARG D=NEW\nFROM debian:12@${D}\n"},
		{name: "ARG of several tags", before: "ARG TAG=12\nFROM debian:${TAG}\nFROM debian:$TAG-slim\n", after: "ARG TAG=12\nFROM debian:${TAG}\nFROM debian:$TAG-slim\n",
			left: "2: debian:12: its digest belongs into the default of ARG TAG, which more than this depends on\n3: debian:12-slim: no one place can hold its digest"},
		{name: "ARG of the repository", before: "ARG R=docker.io\nFROM $R/debian:12\n", after: "ARG R=docker.io\nFROM $R/debian:12\n", left: "2: docker.io/debian:12: no one place can hold its digest"},
		{name: "ARG without a default", before: "ARG B\nFROM $B\n", after: "ARG B\nFROM $B\n", left: "2: $B: ARG B has no default"},
		{name: "windows line ends", before: "FROM a:1\r\nRUN b\r\n", after: "FROM a:1@NEW\r\nRUN b\r\n"},
		{name: "compose", file: "compose.yaml", before: "services:\n  é: {image: 'a:1', x: y} # c\n  b:\n    image: \"b:2@OLD\"   # kept\n  c:\n    build: .\n    image: mine\n  d:\n    image: ${R}/d:1\n",
			after: "services:\n  é: {image: 'a:1@NEW', x: y} # c\n  b:\n    image: \"b:2@NEW\"   # kept\n  c:\n    build: .\n    image: mine\n  d:\n    image: ${R}/d:1\n", left: "9: ${R}/d:1: it holds a variable"},
		{name: "manifests", file: "k8s.yml", before: "kind: Pod\nspec:\n  containers:\n  - name: a\n    image: a:1\n---\nspec:\n  template: {spec: {initContainers: [{image: b}]}}\n  image:\n    repository: x\n",
			after: "kind: Pod\nspec:\n  containers:\n  - name: a\n    image: a:1@NEW\n---\nspec:\n  template: {spec: {initContainers: [{image: b@NEW}]}}\n  image:\n    repository: x\n"},
		{name: "folded", file: "k8s.yml", before: "image: >-\n  a:1\n", after: "image: >-\n  a:1\n", left: "1: a:1: it is written in a way that is not edited"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.file == "" {
				test.file = "Dockerfile"
			}
			fill := strings.NewReplacer("@OLD", "@"+oldDigest, "@NEW", "@"+newDigest, "=OLD", "="+oldDigest, "=NEW", "="+newDigest)
			data := []byte(fill.Replace(test.before))
			refs, err := References(test.file, data)
			if err != nil {
				t.Fatal(err)
			}
			digests := make(map[int]v1.Hash)
			var left []string
			for i, r := range refs {
				if r.Why != "" {
					left = append(left, fmt.Sprintf("%d: %s: %s", r.Line, r.Text, r.Why))
					continue
				}
				digests[i], _ = v1.NewHash(newDigest)
			}
			got, err := Edit(test.file, data, refs, digests)
			if err != nil {
				t.Fatal(err)
			}
			if want := fill.Replace(test.after); string(got) != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if g := strings.Join(left, "\n"); g != test.left {
				t.Errorf("left\n%s\nwant\n%s", g, test.left)
			}
		})
	}
}

func TestDigestIsRead(t *testing.T) {
	refs, err := References("Dockerfile", []byte("FROM h:1/a:2@"+oldDigest+"\n"))
	if err != nil || len(refs) != 1 || refs[0].Image != "h:1/a:2" || refs[0].Digest.String() != oldDigest {
		t.Errorf("%+v, %v", refs, err)
	}
}
