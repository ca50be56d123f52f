# What deps.lock.toml pins, for COPY --from=deps / / without depfetch:
# written by deplock export --format dockerfile, for Dockerfile 1.17, as BuildKit 0.23 has it.
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

# WORKDIR fails where ADD has not unpacked. ADD tells a tar from its bytes, and runs
# xz for one that xz has compressed.
FROM scratch AS archive-helm-linux-amd64
ADD --checksum=sha256:f8180838c23d7c7d797b208861fecb591d9ce1690d8704ed1e4cb8e2add966c1 --unpack=true --chown=0:0 ["https://get.helm.sh/helm-v3.18.4-linux-amd64.tar.gz", "/archive"]
WORKDIR /archive
FROM scratch AS archive-cni-plugins-linux-amd64
ADD --checksum=sha256:b98f74a0f8522f0a83867178729c1aa70f2158f90c45a2ca8fa791db1c76b303 --unpack=true --chown=0:0 ["https://github.com/containernetworking/plugins/releases/download/v1.9.1/cni-plugins-linux-amd64-v1.9.1.tgz", "/archive"]
WORKDIR /archive
FROM scratch AS archive-helm-linux-arm64
ADD --checksum=sha256:c0a45e67eef0c7416a8a8c9e9d5d2d30d70e4f4d3f7bea5de28241fffa8f3b89 --unpack=true --chown=0:0 ["https://get.helm.sh/helm-v3.18.4-linux-arm64.tar.gz", "/archive"]
WORKDIR /archive
FROM scratch AS archive-cni-plugins-linux-arm64
ADD --checksum=sha256:56171987d3947707c3563db2f4001bccaf50fd63468611b9f3cbecb1375ee7ec --unpack=true --chown=0:0 ["https://github.com/containernetworking/plugins/releases/download/v1.9.1/cni-plugins-linux-arm64-v1.9.1.tgz", "/archive"]
WORKDIR /archive

FROM scratch AS deps-linux-amd64
ADD --checksum=sha256:1a95960dddd426321354d58d2beac457717f7c49a9ec0806749a5a9e400eb45e --chmod=0755 ["https://github.com/mikefarah/yq/releases/download/v4.42.1/yq_linux_amd64", "/usr/local/bin/yq"]
COPY --from=archive-helm-linux-amd64 --chmod=0755 ["/archive/linux-amd64/helm", "/usr/local/bin/helm"]
# cni-plugins: no sum of what comes out is locked, so depfetch may refuse the archive; deplock update cni-plugins finds out
COPY --from=archive-cni-plugins-linux-amd64 ["/archive/", "/opt/cni/bin/"]

FROM scratch AS deps-linux-arm64
ADD --checksum=sha256:16a57531a594b66c3e0981cd93f9e9cd4b684a347b86eaf5e3f409074ad67eb8 --chmod=0755 ["https://github.com/mikefarah/yq/releases/download/v4.42.1/yq_linux_arm64", "/usr/local/bin/yq"]
COPY --from=archive-helm-linux-arm64 --chmod=0755 ["/archive/linux-arm64/helm", "/usr/local/bin/helm"]
# cni-plugins: no sum of what comes out is locked, so depfetch may refuse the archive; deplock update cni-plugins finds out
COPY --from=archive-cni-plugins-linux-arm64 ["/archive/", "/opt/cni/bin/"]

# A platform without a stage is not locked. BuildKit then looks for an image of that name.
FROM deps-${TARGETOS}-${TARGETARCH}${TARGETVARIANT} AS deps
