#!/usr/bin/env bash
# BuildKit's own tests of the Dockerfile frontend, run with its frontend and with ours in
# its place, and the tests that pass with the one alone. They come out of the module
# cache; nothing of them is kept here.
#
#   .ci/buildkit-tests/run.sh [NAME]     the tests whose names have it, as go test -run does
#
# It needs root, runc, git, docker-registry and busybox-static, and what make e2e builds.
# No image is pulled: busybox of this machine stands in for busybox and alpine, so that
# tests which install packages fail, with both frontends.
#
# What differs by intent: an ADD of an address that is not pinned is an error, and the
# syntax line of a Dockerfile is not followed to another frontend.
set -euo pipefail
cd "$(dirname "$0")/../.."

work=${WORK:-$(mktemp -d)}
mkdir -p "$work/bin" "$work/mirror"
for program in buildctl buildkitd crane; do ln -sf "$PWD/.tools/$program" "$work/bin/"; done
ln -sf "$(command -v docker-registry)" "$work/bin/registry"
export PATH=$work/bin:$PATH DOCKER_CONFIG=$work

module=$(go list -m -f '{{.Dir}}' github.com/moby/buildkit)
(cd "$module/frontend/dockerfile" && go test -c -o "$work/dockerfile.test" .
	CGO_ENABLED=0 go build -o "$work/stock" ./cmd/dockerfile-frontend)
CGO_ENABLED=0 go build -o "$work/ours" ./cmd/depfetch-frontend
CGO_ENABLED=0 go build -o "$work/depfetch" ./cmd/depfetch

printf 'version: 0.1\nstorage: {filesystem: {rootdirectory: %s}}\nhttp: {addr: "127.0.0.1:0"}\n' "$work/mirror/data" >"$work/mirror/config.yaml"
registry serve "$work/mirror/config.yaml" >"$work/registry.log" 2>&1 &
registry=$!
trap 'kill $registry' EXIT
until host=$(grep -o '127\.0\.0\.1:[0-9]*' "$work/registry.log" | head -1) && [ -n "$host" ]; do sleep 0.1; done

# push NAME FOLDER OPTIONS… pushes an image of a folder.
push() {
	tar -C "$2" -cf "$work/layer.tar" .
	crane append --oci-empty-base --platform "linux/$(go env GOARCH)" -f "$work/layer.tar" -t "$host/$1" >/dev/null 2>&1
	crane mutate --set-platform "linux/$(go env GOARCH)" "${@:3}" "$host/$1" -t "$host/$1" >/dev/null 2>&1
}

root=$work/busybox
mkdir -p "$root"/{bin,etc,root,tmp,usr/bin,usr/sbin,sbin,home,var,dev,proc,sys}
chmod 1777 "$root/tmp"
for applet in $(busybox --list); do ln -sf busybox "$root/bin/$applet"; done
cp --remove-destination "$(command -v busybox)" "$root/bin/busybox"
ln -sf ../../bin/env "$root/usr/bin/env"
printf 'root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\nnobody:x:65534:65534:nobody:/home:/bin/false\n' >"$root/etc/passwd"
printf 'root:x:0:\ndaemon:x:1:\nnogroup:x:65534:\n' >"$root/etc/group"
for image in library/{busybox:latest,busybox:stable-musl,alpine:latest} amd64/debian:bullseye-20230109-slim tonistiigi/hellofs:latest; do
	push "$image" "$root" --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --cmd sh
done
for frontend in stock ours; do
	mkdir -p "$work/image-$frontend"
	cp "$work/$frontend" "$work/image-$frontend/frontend"
	[ $frontend = stock ] || cp "$work/depfetch" "$work/image-$frontend/"
	push "$frontend:latest" "$work/image-$frontend" --entrypoint /frontend --label moby.buildkit.frontend.network.none=true --label \
		moby.buildkit.frontend.caps=moby.buildkit.frontend.inputs,moby.buildkit.frontend.subrequests,moby.buildkit.frontend.contexts,moby.buildkit.frontend.gitquerystring
	rm -rf "$work/oci-$frontend" && crane pull --format=oci "$host/$frontend" "$work/oci-$frontend"
	tar -C "$work/oci-$frontend" -cf "$work/$frontend.tar" .
done

for frontend in stock ours; do
	(cd "$module/frontend/dockerfile" && BUILDKIT_REGISTRY_MIRROR_DIR=$work/mirror FRONTEND_GATEWAY_ONLY=local:$work/$frontend.tar \
		"$work/dockerfile.test" -test.run "^TestIntegration$/(${1-})/^worker=oci$" -test.timeout 60m -test.v >"$work/$frontend.log" 2>&1) || true
	sed -nE 's/^ +--- (PASS|FAIL|SKIP): ([^ ]*) .*/\1 \2/p' "$work/$frontend.log" | sort -k2 >"$work/$frontend.results"
	echo "$frontend: $(cut -d' ' -f1 "$work/$frontend.results" | sort | uniq -c | xargs)"
done
intended='/TestAddURLChmod/|/TestDockerfileADDFromURL/|/TestDockerfileAddArchive/|/TestErrorsSourceMap/worker=oci/frontend=gateway(/invalidsyntax)?$'
diff <(grep -vE "$intended" "$work/stock.results") <(grep -vE "$intended" "$work/ours.results") && echo "the same tests pass" || { echo "the logs are in $work"; exit 1; }
