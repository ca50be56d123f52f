package sbom

import (
	"net/url"
	"path"
	"regexp"
	"strings"

	"depfetch/lock/release"
)

// products are the vendor and product of repositories on GitHub, in lower case, as CPEs of
// the National Vulnerability Database name them in the configurations of CVEs. Those of which
// no CVE is known under one name have none, for a name that nobody uses finds nothing and
// looks as if there was nothing to find.
var products = map[string]string{
	"anchore/syft":             "anchore:syft",
	"apache/maven":             "apache:maven",
	"aquasecurity/trivy":       "aquasec:trivy",
	"argoproj/argo-cd":         "argoproj:argo_cd",
	"burntsushi/ripgrep":       "ripgrep_project:ripgrep",
	"caddyserver/caddy":        "caddyserver:caddy",
	"cli/cli":                  "github:cli",
	"composer/composer":        "getcomposer:composer",
	"containerd/containerd":    "linuxfoundation:containerd",
	"etcd-io/etcd":             "etcd:etcd",
	"gohugoio/hugo":            "gohugo:hugo",
	"golang/go":                "golang:go",
	"gradle/gradle":            "gradle:gradle",
	"hashicorp/consul":         "hashicorp:consul",
	"hashicorp/nomad":          "hashicorp:nomad",
	"hashicorp/terraform":      "hashicorp:terraform",
	"hashicorp/vault":          "hashicorp:vault",
	"helm/helm":                "helm:helm",
	"istio/istio":              "istio:istio",
	"jqlang/jq":                "jqlang:jq",
	"kubernetes/kubernetes":    "kubernetes:kubernetes",
	"kubernetes/minikube":      "kubernetes:minikube",
	"moby/buildkit":            "mobyproject:buildkit",
	"nodejs/node":              "nodejs:node.js",
	"opencontainers/runc":      "linuxfoundation:runc",
	"prometheus/alertmanager":  "prometheus:alertmanager",
	"prometheus/prometheus":    "prometheus:prometheus",
	"protocolbuffers/protobuf": "google:protobuf",
	"rclone/rclone":            "rclone:rclone",
	"sharkdp/bat":              "bat_project:bat",
	"sigstore/cosign":          "sigstore:cosign",
	"traefik/traefik":          "traefik:traefik",
}

// numbers matches versions that CPEs write as everybody does. How they write previews
// differs from product to product.
var numbers = regexp.MustCompile(`^[0-9]+(?:\.[0-9]+)*$`)

// cpe returns the CPE of a version, or its tag, of what a repository on GitHub makes, in
// the form of CPE 2.3 (NIST IR 7695), or "" if it is not known.
func cpe(repository, version string) string {
	product := products[strings.ToLower(repository)]
	tag, ok := release.SplitTag(version)
	// A tag with a folder in front, api/v1.2.0, is a version of what that folder holds.
	if product == "" || !ok || strings.Contains(tag.Prefix, "/") || !numbers.MatchString(tag.Version) {
		return ""
	}
	return "cpe:2.3:a:" + product + ":" + tag.Version + ":*:*:*:*:*:*:*"
}

// companions matches names of files that are published with a program and hold nothing of it:
// lists of checksums, signatures, certificates, keys, bills of materials and provenance.
var companions = regexp.MustCompile(`(?i)(?:(?:^|[-_.])(?:sha(?:256|512)?sums?|checksums?|md5sums?)(?:[-_.][a-z0-9.]*)?|\.(?:asc|sig|gpg|minisig|pem|crt|cert|key|pub|bundle|sigstore|sigstore\.json|sha(?:1|256|512)|md5|sbom|(?:spdx|cdx|sbom)\.json|intoto\.jsonl|att|provenance))$`)

// isCompanion reports whether what lies at an address is no product, but about one.
func isCompanion(address string) bool {
	u, err := url.Parse(address)
	return err == nil && companions.MatchString(path.Base(u.Path))
}
