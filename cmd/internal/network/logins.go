package network

import (
	"fmt"
	"path/filepath"

	"depfetch/cmd/internal/console"
	"depfetch/fetch/source"
)

// loginsSecret is where a secret with the id "config.json" is mounted.
const loginsSecret = "/run/secrets/config.json"

// NamesLogins reports whether an option names the file of logins to registries.
func (o Options) NamesLogins() bool { return o.registryAuth != "" }

// readLogins reads docker's config.json, if there is one. A file that the option names
// must exist and be valid. The fault of another is reported where its logins are needed:
// most builds ask no registry.
func readLogins(c *console.Console, option string, getenv func(string) string) (*source.Logins, error) {
	usual := []string{loginsSecret}
	if dir := getenv("DOCKER_CONFIG"); dir != "" {
		usual = append(usual, filepath.Join(dir, "config.json"))
	} else if home := getenv("HOME"); home != "" {
		usual = append(usual, filepath.Join(home, ".docker", "config.json"))
	}
	var logins *source.Logins
	err := readSecret(c, "registry-auth", option, "", usual, func(name string, data []byte) (err error) {
		if logins, err = source.ParseLogins(name, data); err != nil && option != "" {
			return fmt.Errorf("registry-auth: %w", err)
		}
		return nil
	})
	return logins, err
}
