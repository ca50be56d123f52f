package lock

import "slices"

// These are the keys that the tables of a lockfile may have. Nothing changes them.
var (
	fileKeys      = []string{"version", "platforms", "policy", "deps", "urls", "vendor", "catalogue", "images"}
	policyKeys    = []string{"hosts", "trust", "unpinned", "images", "ignore"}
	ignoreKeys    = []string{"id", "reason", "until"}
	ruleKeys      = []string{"match", "signed_as", "key", "identity", "issuer"}
	githubRules   = []string{"match", "github", "workflow", "ref"}
	depKeys       = []string{"version", "platforms", "groups", "url", "alias", "mirrors", "sums", "signature", "path", "mode", "owner", "member", "unpack", "limits", "latest", "catalogue", "allow_platform_mismatch", "locked"}
	unpackKeys    = []string{"strip", "include", "modes", "replace", "absolute_links", "absolute_names", "drop_special_bits"}
	limitKeys     = []string{"bytes", "entries", "depth", "ratio", "window"}
	latestKeys    = []string{"github", "tags", "prefix", "line", "prerelease", "min-age", "url", "regex"}
	lineKeys      = []string{"url", "sha256", "size", "unpacked", "trust", "by"}
	pinKeys       = []string{"sha256", "size", "trust", "mirrors", "modified", "unpinned"}
	vendorKeys    = []string{"sha256"}
	catalogueKeys = []string{"url", "path", "sha256"}
	imageKeys     = []string{"digest", "by"}
	cosignKeys    = []string{"sig", "cert", "bundle"}
)

// signatureKinds returns the kinds of signatures that can be verified: keys of which a
// signature has one.
func signatureKinds() []string {
	return []string{"minisign", "gpg", "ssh", "sigstore", "cosign", "github"}
}

// signatureKeys returns the keys that a signature of a kind may have.
func signatureKeys(kind string) []string {
	switch kind {
	case "":
		return append(signatureKinds(), "of", "key")
	case "github":
		return []string{kind, "of", "workflow", "ref", "attestation"}
	case "sigstore", "cosign":
		return []string{kind, "of", "identity", "issuer", "key"}
	case "gpg":
		return []string{kind, "of", "key", "fingerprint"}
	case "ssh":
		return []string{kind, "of", "key", "namespace"}
	}
	return []string{kind, "of", "key"}
}

// Keys returns the keys of each kind of table that a lockfile has, as [Parse] knows them.
// Kinds of signatures are called "signature." and the key that they have alone. What has
// names for keys, as deps, is not among them.
func Keys() map[string][]string {
	keys := map[string][]string{
		"": fileKeys, "policy": policyKeys, "ignore": ignoreKeys, "rule": ruleKeys, "rule.github": githubRules,
		"dep": depKeys, "unpack": unpackKeys, "limits": limitKeys, "latest": latestKeys, "line": lineKeys,
		"pin": pinKeys, "vendor": vendorKeys, "catalogue": catalogueKeys, "image": imageKeys, "cosign": cosignKeys,
	}
	for _, kind := range signatureKinds() {
		keys["signature."+kind] = signatureKeys(kind)
	}
	for table, list := range keys {
		keys[table] = slices.Clone(list)
	}
	return keys
}

// Trusts returns the names of what [Trust] can be, the least first.
func Trusts() []string { return trustNames() }
