package lock

import (
	"net/url"
	"slices"
	"strings"
)

// SecretParameters returns the names of the parameters in the query of an address whose
// values are most likely secrets: tokens, passwords and signatures, by what they are called.
// A lockfile has its addresses in clear, for all who read the repository.
func SecretParameters(address string) []string {
	address, _, _ = strings.Cut(address, "#")
	_, query, _ := strings.Cut(address, "?")
	var names []string
	for _, parameter := range strings.FieldsFunc(query, func(c rune) bool { return c == '&' || c == ';' }) {
		name, value, _ := strings.Cut(parameter, "=")
		if plain, err := url.QueryUnescape(name); err == nil {
			name = plain
		}
		if value != "" && isSecret(name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// isSecret reports whether a parameter is called like a secret.
func isSecret(name string) bool {
	name = strings.ToLower(strings.NewReplacer("_", "", "-", "", ".", "").Replace(name))
	switch name {
	case "sig", "auth", "authorization", "jwt", "pwd", "pass", "passwd", "hmac", "bearer":
		return true
	}
	for _, end := range []string{"token", "secret", "password", "signature", "apikey", "accesskey", "privatekey"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}
