# "deps" is a target of docker-bake.hcl, which deps.Dockerfile describes. Nothing runs in
# this build, so that it needs no emulator for the other platform.
FROM scratch
COPY --from=deps / /
ENTRYPOINT ["/usr/local/bin/helm"]
