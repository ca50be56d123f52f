# The image is built on the target deps: COPY --from=deps takes what the lockfile pins.
variable "PLATFORMS" {
  default = ["linux/amd64", "linux/arm64"]
}

target "default" {
  dockerfile = "image.Dockerfile"
  contexts   = { deps = "target:deps" }
  platforms  = PLATFORMS
  tags       = ["kubernetes-tools"]
}

target "deps" {
  dockerfile = "deps.Dockerfile"
  target     = "deps"
  platforms  = PLATFORMS
}
