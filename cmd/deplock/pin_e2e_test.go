//go:build e2e

package main

import (
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"

	"depfetch/cmd/internal/registrytest"
)

// start starts a real registry.
func start(t *testing.T, p registrytest.Program, auth registrytest.Auth) (images, *registrytest.Registry) {
	t.Helper()
	r := registrytest.Start(t, p, auth)
	if auth == registrytest.Open {
		return images{r.Host, authn.Anonymous}, r
	}
	return images{r.Host, &authn.Basic{Username: registrytest.User, Password: registrytest.Password}}, r
}

func TestPinRegistry(t *testing.T) {
	config(t, "{}")
	r, _ := start(t, registrytest.V2, registrytest.Open)
	testPin(t, r)
}

func TestPinRegistryLogin(t *testing.T) {
	r, _ := start(t, registrytest.V2, registrytest.Basic)
	config(t, r.login(registrytest.Password))
	testPin(t, r)
	config(t, r.login("wrong-one"))
	testDenied(t, r)
}

// TestPinRegistryToken pins by a registry that sends on to a token service.
func TestPinRegistryToken(t *testing.T) {
	r, _ := start(t, registrytest.V3, registrytest.Token)
	config(t, r.login(registrytest.Password))
	testPin(t, r)
	config(t, r.login("wrong-one"))
	testDenied(t, r)
}

// TestPinRegistrySignatures verifies images, in registries that know referrers and that do
// not.
func TestPinRegistrySignatures(t *testing.T) {
	for _, p := range []registrytest.Program{registrytest.V2, registrytest.V3} {
		r, _ := start(t, p, registrytest.Basic)
		config(t, r.login(registrytest.Password))
		testPinToLockfile(t, r)
		testPinSignatures(t, r)
	}
}

func TestPinRegistryBases(t *testing.T) {
	config(t, "{}")
	r, _ := start(t, registrytest.V2, registrytest.Open)
	testBases(t, r)
}
