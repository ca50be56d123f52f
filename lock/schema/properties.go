package schema

import "depfetch/lock"

// properties returns what is known of the keys of each table of lock.Keys. What is a table
// itself is a reference to its definition.
func properties() map[string]map[string]object {
	of := object{"type": "string", "const": "sums", "description": `"sums" if upstream signs the list in sums, and not the file itself.`}
	key := func(description string) object { return text("", description) }
	identity := text("", "Who must have signed, letter for letter as the certificate names it. A template.")
	issuer := text("^https://", "Who must have told the certificate authority who that is.")
	repository := text(`^[A-Za-z0-9][A-Za-z0-9._+-]*/[A-Za-z0-9][A-Za-z0-9._+-]*$`, "OWNER/REPOSITORY of GitHub.")
	workflow := text(`(^|/)\.github/workflows/[^/@]+(@refs/.+)?$`, "The file of the workflow that must have signed: .github/workflows/FILE, with OWNER/REPOSITORY/ before it if it is another one's.")
	gitRef := text("", "The ref that must have been built, as refs/tags/v{version}. A template.")
	beside := func(description string) object { return text(besidePattern, description) }
	sum := text("^[0-9a-f]{64}$", "The sha256: 64 hexadecimal digits in lower case.")
	by := text("", "Who has signed. deplock writes it.")
	size := number(0, "How many bytes the file has.")
	trust := func(description string) object {
		return object{"type": "string", "enum": lock.Trusts(), "description": description}
	}
	return map[string]map[string]object{
		"": {
			"version":   {"type": "integer", "const": 1, "description": "The version of the format."},
			"platforms": list(platform(""), false, "The platforms that deplock locks for a dependency that names none of its own."),
			"policy":    ref("policy"),
			"deps":      named(namePattern, ref("dep"), "The dependencies, by their names."),
			"urls":      named(`^(https?|file)://`, ref("pin"), "What Dockerfiles and scripts ask for: a line for each address. deplock sync and deplock record keep it."),
			"vendor":    named(belowPattern, ref("vendor"), "The programs of depfetch that stand in the repository. deplock sync --vendor writes it."),
			"catalogue": named(namePattern, ref("catalogue"), "Where deplock add NAME finds what a name stands for: registries in aqua's format. deplock catalogue writes it."),
			"images":    named(`.`, ref("image"), "What Dockerfiles start from, each with its registry and tag. deplock pin --to-lockfile keeps it."),
		},
		"policy": {
			"hosts":    list(text(`^[^/@]+$`, ""), true, "The hosts that bytes may come from, redirects included: a name, or *.name for all below it, with an optional port. Without it, every host."),
			"trust":    trust("The least trust that a locked line may have."),
			"unpinned": boolean(true, "Whether lines of urls may pin nothing."),
			"images":   oneOrMore(object{"oneOf": []object{ref("rule"), ref("rule.github")}}, "Who must have signed images."),
			"ignore":   oneOrMore(ref("ignore"), "Vulnerabilities that deplock audit --vulnerabilities does not count."),
		},
		"ignore": {
			"id":     text(`^[A-Za-z0-9._:-]*-[A-Za-z0-9._:-]*$`, "The id of the vulnerability or one of its aliases, as GHSA-… or CVE-…."),
			"reason": text(`\S`, "Why it does no harm here, in one line."),
			"until":  text(`^\d{4}-\d{2}-\d{2}$`, "The last day on which that holds: a date of TOML, without quotes."),
		},
		"rule": {
			"match":     text(`.`, "A repository with its registry, with /* behind it all that are below; * is every image."),
			"signed_as": text(`.`, "The repository that signatures name, for copies that lie elsewhere."),
			"key":       key("The public key that must have signed, or the path of a file with it."),
			"identity":  identity, "issuer": issuer,
		},
		"rule.github": {
			"match":  text(`.`, "A repository with its registry, with /* behind it all that are below; * is every image."),
			"github": repository, "workflow": workflow, "ref": gitRef,
		},
		"dep": {
			"version":                 text(`^[!-z|~]{1,128}$`, "The version, which templates hold as {version}. To take another one: deplock update NAME@VERSION."),
			"platforms":               list(platform(""), false, "The platforms that deplock locks for this dependency."),
			"groups":                  list(text(namePattern, ""), false, "Names by which dependencies are chosen together: depfetch --group."),
			"url":                     text(templatePattern, "The address of the file. A template: {version} {major} {minor} {patch} {os} {arch} {variant} {uname} {alias}, with filters as {version|replace('.', '_')}."),
			"alias":                   named(platformPattern, text("", "What {alias} stands for there."), "What upstream calls the platforms, for {alias}.", platforms()...),
			"mirrors":                 list(text(mirrorPattern, ""), false, "Further addresses of the same bytes, tried in order. Templates; oci://HOST/REPOSITORY is a registry."),
			"sums":                    beside("Where upstream publishes a list of checksums. A template, which knows {url} too. Only deplock reads it."),
			"signature":               oneOrMore(ref("signature"), "What upstream signs, and whose signature it must be; of an array, all must hold. deplock verifies it when it locks."),
			"path":                    text(`^[^\\\x00-\x1f]+$`, "Where the file lands, below the root that depfetch is given. With unpack, a directory."),
			"mode":                    text(modePattern, `The mode of the file, as "0755". Default "0644".`),
			"owner":                   text(`^(0|[1-9][0-9]{0,9}):(0|[1-9][0-9]{0,9})$`, `"uid:gid". Default: the user who fetches.`),
			"member":                  text(`^[^/\\]`, "The one file to take out of the archive, by its name or a glob that matches no other. A template."),
			"unpack":                  {"description": "true, or a table: unpack the archive into the directory path.", "oneOf": []object{{"type": "boolean"}, ref("unpack")}},
			"limits":                  ref("limits"),
			"latest":                  ref("latest"),
			"catalogue":               text(`^\S{1,256}$`, "The entry of a catalogue that the dependency was made of. deplock writes it."),
			"allow_platform_mismatch": boolean(false, "Whether programs may be locked that are for another machine than the platform."),
			"locked":                  locked(),
		},
		"unpack": {
			"strip":             number(0, "Leading path elements to drop from each name."),
			"include":           list(text(".", ""), true, "Globs of the names to unpack; ** is any number of elements. Default: all."),
			"modes":             named(".", text(modePattern, ""), `Modes of files by globs, as { "bin/*" = "0755" }, in the place of those in the archive.`),
			"replace":           boolean(false, "Whether the whole directory is swapped. Otherwise what else lies there stays."),
			"absolute_links":    boolean(false, "Whether symbolic links may have an absolute target."),
			"absolute_names":    boolean(false, "Whether names may begin with a slash, which is dropped."),
			"drop_special_bits": boolean(false, "Whether setuid, setgid and sticky bits are taken off. Otherwise the archive is refused."),
		},
		"limits": {
			"bytes":   number(1, "Bytes of all that comes out. Default: 16 GiB."),
			"entries": number(1, "Members of the archive. Default: 500,000."),
			"depth":   number(1, "Elements of a name. Default: 64."),
			"ratio":   number(1, "How many times the size of the archive may come out. Default: 250."),
			"window":  number(1, "Bytes of memory for what a decompressor has to remember. Default: 128 MiB."),
		},
		"latest": {
			"github": repository, "tags": boolean(false, "Whether tags are asked in the place of releases."),
			"prefix":     text("", "What a tag has before the version, as jq-."),
			"line":       text(`^[0-9]+([._][0-9]+)*$`, `The numbers that a version must begin with, as "22" or "3.3".`),
			"prerelease": boolean(false, "Whether pre-releases are considered."),
			"min-age":    text(`^[0-9]{1,5}[hdw]$`, `Considers only what has been out for this long, as "7d".`),
			"url":        text(`^(https?|file)://`, "The address where versions are found, by regex."),
			"regex":      text(".", "An expression (RE2) that finds versions in what url serves."),
		},
		"line": {
			"url": text(addressPattern, "What url expands to for the platform."), "sha256": sum, "size": size,
			"unpacked": with(sum, "The sha256 of what comes out of the archive: of the member, or of the tree's manifest."),
			"trust":    trust("How the digest was come by: tofu (what the server sent), published (upstream publishes it) or signed (a signature was verified)."),
			"by":       by,
		},
		"pin": {
			"sha256": sum, "size": size,
			"trust":    trust("How the digest was come by."),
			"mirrors":  list(text(`^(https?|file|oci)://[^#\s]+$`, ""), false, "Further addresses of the same bytes, tried in order."),
			"modified": text(`^\d{4}-\d{2}-\d{2}[Tt ]`, "What Last-Modified said when it was locked: a time of TOML, without quotes."),
			"unpinned": text(`\S`, "In the place of all others: why the address is not pinned."),
		},
		"vendor": {"sha256": sum},
		"catalogue": {
			"url":    text(addressPattern, "The address of the registry."),
			"path":   text(belowPattern, "The file of the registry, from the lockfile's folder."),
			"sha256": sum,
		},
		"image": {
			"digest": text(`^sha256:[0-9a-f]{64}$`, "sha256: and the digest of what the tag stands for."), "by": by,
		},
		"cosign": {
			"sig":    beside("Where the signature is. A template."),
			"cert":   beside("Where the certificate is. A template."),
			"bundle": beside("Where the bundle of an older cosign is. A template."),
		},
		"signature.minisign": {"minisign": beside("Where the signature of minisign is. A template."), "of": of, "key": text(`^RW`, "The public key, RW….")},
		"signature.gpg": {
			"gpg": beside("Where the signature of OpenPGP is. A template."), "of": of,
			"key":         text(belowPattern, "A file with public keys, from the lockfile's folder."),
			"fingerprint": text(`^[0-9A-Fa-f ]{40,}$`, "Of all keys in the file, the primary key that counts."),
		},
		"signature.ssh": {
			"ssh": beside("Where the signature of ssh-keygen is. A template."), "of": of,
			"key":       text(`^\S+\s+\S`, "The public key as ssh writes it, ssh-ed25519 AAAA…."),
			"namespace": text(`^\S+$`, `What the signature must be for. Default "file".`),
		},
		"signature.sigstore": {
			"sigstore": beside("Where the bundle of Sigstore is. A template."), "of": of, "identity": identity, "issuer": issuer,
			"key": key("The public key, -----BEGIN PUBLIC KEY-----, or the path of a file with it."),
		},
		"signature.cosign": {
			"cosign": ref("cosign"), "of": of, "identity": identity, "issuer": issuer,
			"key": key("The public key, -----BEGIN PUBLIC KEY-----, or the path of a file with it."),
		},
		"signature.github": {
			"github": repository, "of": of, "workflow": workflow, "ref": gitRef,
			"attestation": beside("Where the attestation is. A template. Without it, GitHub's API is asked."),
		},
	}
}
