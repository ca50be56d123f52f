package sums

import (
	"slices"
	"strings"
)

// algorithm is the name of a hash function, in lower case and without
// punctuation. The empty one is not known.
type algorithm string

const (
	sha256 algorithm = "sha256"
	sha384 algorithm = "sha384"
	sha512 algorithm = "sha512"
)

// bySize are the algorithms of digests without a label, by the number of hexadecimal
// digits.
var bySize = map[int]algorithm{
	32: "md5", 40: "sha1", 56: "sha224", 64: sha256, 96: sha384, 128: sha512,
}

// as256 are the other algorithms whose digests have the length of a sha256.
var as256 = []algorithm{
	"sha512256", "sha3256", "keccak256", "shake128", "blake3", "b3", "blake2s", "blake2s256", "blake2b256",
	"blake2sp", "sm3", "gost", "gost94", "gost12256", "streebog256", "edonr256", "snefru256", "ripemd256",
}

// others are algorithms that are known only because lists name them.
var others = []algorithm{
	"crc32", "crc32c", "md4", "sha3224", "sha3384", "sha3512", "sha512224", "blake2", "blake2b", "blake2b512",
	"b2", "ripemd160", "rmd160", "whirlpool", "tiger", "xxh64", "xxh128",
}

// parseAlgorithm reads the name of an algorithm as lists, headings and programs
// write it: "SHA-256", "sha256sum", "SHA2-256", "MD5SUMS".
func parseAlgorithm(s string) (algorithm, bool) {
	s = strings.Map(func(r rune) rune {
		if strings.ContainsRune("-_/", r) {
			return -1
		}
		return r
	}, strings.ToLower(s))
	s = strings.TrimPrefix(s, "checksums") // of Debian's fields
	s = strings.TrimSuffix(strings.TrimSuffix(s, "s"), "sum")
	if rest, ok := strings.CutPrefix(s, "sha2"); ok && len(rest) == 3 {
		s = "sha" + rest
	}
	a := algorithm(s)
	for _, known := range bySize {
		if a == known {
			return a, true
		}
	}
	if s+"s" == "blake2s" {
		a = "blake2s"
	}
	return a, slices.Contains(as256, a) || slices.Contains(others, a)
}

// headingWords is how many words a heading may have.
const headingWords = 6

// parseHeading returns the algorithm that a short text names, such as "# SHA-256
// checksums", if it names exactly one.
func parseHeading(text string) (algorithm, bool) {
	words := strings.Fields(text)
	if len(words) > headingWords {
		return "", false
	}
	var found algorithm
	for _, w := range words {
		a, ok := parseAlgorithm(strings.Trim(w, "#*=:;,.[]<>()|/-_"))
		if ok && found != "" && found != a {
			return "", false
		}
		if ok {
			found = a
		}
	}
	return found, found != ""
}

// isDigest reports whether s consists of as many hexadecimal digits as a digest has.
func isDigest(s string) bool {
	_, ok := bySize[len(s)]
	return ok && isHex(s)
}

func isHex(s string) bool { return strings.Trim(s, "0123456789abcdefABCDEF") == "" }

// labelled splits the algorithm off a digest such as "sha256:…". Without a label, it
// returns s as it is.
func labelled(s string) (algorithm, string) {
	if label, digest, ok := strings.Cut(s, ":"); ok {
		if a, ok := parseAlgorithm(label); ok {
			return a, digest
		}
	}
	return "", s
}

// groups joins groups of hexadecimal digits, as gpg and certutil print them.
func groups(s string) (string, bool) {
	fields := strings.Fields(s)
	for _, f := range fields {
		if len(f) > 8 || len(f)%2 != 0 || !isHex(f) {
			return "", false
		}
	}
	return strings.Join(fields, ""), len(fields) > 0
}
