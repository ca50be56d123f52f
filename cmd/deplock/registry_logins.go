package main

import (
	"net/http"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"

	"depfetch/cmd/internal/network"
	"depfetch/fetch/source"
	"depfetch/lock"
	"depfetch/lock/pin"
)

// registry returns what asks registries about images, by the options of the network. Their
// hosts are no business of a lockfile's policy.
func (c *command) registry(o network.Options) (*pin.Registry, error) {
	cfg, err := c.config(online{Options: o}, &lock.File{})
	if err != nil {
		return nil, err
	}
	client := source.New(cfg)
	return &pin.Registry{Keychain: registryKeychain(o, client), Transport: client, UserAgent: cfg.UserAgent}, nil
}

// registryKeychain returns where the logins to registries come from: a file that an option
// names alone, else the same files as depfetch's and what docker itself would do with them,
// and then netrc.
func registryKeychain(o network.Options, client *source.Client) authn.Keychain {
	file, netrc := fileKeychain{client, o.NamesLogins()}, netrcKeychain{client}
	if o.NamesLogins() {
		return authn.NewMultiKeychain(file, netrc)
	}
	return authn.NewMultiKeychain(file, authn.DefaultKeychain, netrc)
}

// fileKeychain has the logins of docker's config.json.
type fileKeychain struct {
	client *source.Client
	alone  bool // what is left to a helper is an error, since nothing else will start it
}

func (k fileKeychain) Resolve(r authn.Resource) (authn.Authenticator, error) {
	name, password, err := k.client.RegistryLogin(r.RegistryStr(), strings.TrimPrefix(r.String(), r.RegistryStr()+"/"))
	switch {
	case err != nil && k.alone:
		return nil, err
	case err != nil || name+password == "":
		return authn.Anonymous, nil
	}
	return &authn.Basic{Username: name, Password: password}, nil
}

// netrcKeychain has the logins of netrc.
type netrcKeychain struct{ client *source.Client }

func (k netrcKeychain) Resolve(r authn.Resource) (authn.Authenticator, error) {
	req, err := http.NewRequest(http.MethodGet, "https://"+r.RegistryStr()+"/", nil)
	if err != nil {
		return authn.Anonymous, nil
	}
	k.client.Authorize(req)
	if name, password, ok := req.BasicAuth(); ok {
		return &authn.Basic{Username: name, Password: password}, nil
	}
	return authn.Anonymous, nil
}
