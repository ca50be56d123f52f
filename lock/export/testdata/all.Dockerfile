# What deps.lock.toml pins, for COPY --from=deps / / without depfetch:
# written by deplock export --format dockerfile, for Dockerfile 1.20, as BuildKit 0.26 has it.
#
# Files, modes and owners are those of depfetch fetch, but for what is said below. Not so:
#   - times: a file is as old as Last-Modified says, or of 1970, what comes out of an
#     archive as old as there, folders that lead to it as old as the build;
#     SOURCE_DATE_EPOCH as a build argument is the time of all
#   - extended attributes that an archive has are kept
#   - an address is asked once, without retries, mirrors, logins, headers and rewriting
#   - hosts that policy allows are those below; nothing holds for where they redirect to
#   - nothing limits what comes out of an archive, and none is refused: special bits, links
#     that lead out, a second file of one name
#
# https://example.com/asked: a line of urls has no place in an image
# https://example.com/nightly: unpinned: it moves

# WORKDIR fails where ADD has not unpacked. ADD tells a tar from its bytes, and runs
# xz for one that xz has compressed.
FROM scratch AS archive-helm-linux-amd64
ADD --checksum=sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 --unpack=true --chown=0:0 ["https://example.com/helm-v3.18.4-linux-amd64.tar.gz", "/archive"]
WORKDIR /archive
FROM scratch AS archive-tree
ADD --checksum=sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 --unpack=true --chown=0:0 ["https://example.com/tree.tar.xz", "/archive"]
WORKDIR /archive
FROM scratch AS strip-tree
COPY --parents --from=archive-tree ["/archive/./*/**", "/"]
FROM scratch AS archive-some
ADD --checksum=sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 --unpack=true --chown=0:0 ["https://example.com/tree.tar.xz", "/archive"]
WORKDIR /archive
FROM scratch AS include-some
COPY --parents --from=archive-some ["/archive/./bin/*", "/archive/./*/*/bin/*", "/archive/./[l]ib", "/archive/./*/*/lib", "/"]
FROM scratch AS strip-some
COPY --parents --from=include-some ["/./*/*/**", "/"]

FROM scratch AS deps-linux-amd64
ADD --checksum=sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 --chmod=0755 ["https://example.com/tool-1.0-amd64", "/usr/local/bin/tool"]
# data: its mirrors are not asked
WORKDIR /srv/a b
ADD --checksum=sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 --chmod=0644 --chown=1:2 ["https://example.com/data", "/srv/a b/data"]
COPY --from=archive-helm-linux-amd64 --chmod=0755 ["/archive/linux-amd64/helm", "/usr/local/bin/helm"]
# tree: folders that other dependencies share with it have mode and owner of what is copied last
# tree: no sum of what comes out is locked, so depfetch may refuse the archive; deplock update tree finds out
COPY --from=strip-tree ["/*", "/usr/local/"]
# some: replace = true does not hold: what the image has there stays, and the folder itself has mode 0755
# some: folders that lead to what include names have the modes of the archive
# some: no sum of what comes out is locked, so depfetch may refuse the archive; deplock update some finds out
WORKDIR /opt
COPY --from=strip-some --chown=3:4 ["/*/*", "/opt/some/"]
# package: left out: ADD unpacks tar archives alone, and the name does not say that it is one

FROM scratch AS deps-linux-arm64
ADD --checksum=sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 --chmod=0755 ["https://example.com/tool-1.0-arm64", "/usr/local/bin/tool"]
# data: its mirrors are not asked
WORKDIR /srv/a b
ADD --checksum=sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 --chmod=0644 --chown=1:2 ["https://example.com/data", "/srv/a b/data"]
# helm: left out: not locked for linux/arm64
# tree: folders that other dependencies share with it have mode and owner of what is copied last
# tree: no sum of what comes out is locked, so depfetch may refuse the archive; deplock update tree finds out
COPY --from=strip-tree ["/*", "/usr/local/"]
# some: replace = true does not hold: what the image has there stays, and the folder itself has mode 0755
# some: folders that lead to what include names have the modes of the archive
# some: no sum of what comes out is locked, so depfetch may refuse the archive; deplock update some finds out
WORKDIR /opt
COPY --from=strip-some --chown=3:4 ["/*/*", "/opt/some/"]
# package: left out: ADD unpacks tar archives alone, and the name does not say that it is one

# A platform without a stage is not locked. BuildKit then looks for an image of that name.
FROM deps-${TARGETOS}-${TARGETARCH}${TARGETVARIANT} AS deps
left: package: left out: ADD unpacks tar archives alone, and the name does not say that it is one
left: helm: left out: not locked for linux/arm64
left: https://example.com/asked: left out: it has no path
left: https://example.com/nightly: left out: it is unpinned: it moves
