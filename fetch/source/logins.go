package source

import (
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
)

// Logins holds what docker login has stored for registries: the auths of docker's
// config.json. Programs that it names as stores of credentials are not run.
type Logins struct {
	name    string // of the file
	entries []registryEntry
	helpers map[string]string // by key
	store   string            // for all others
	fault   error
}

// registryEntry is one entry of auths.
type registryEntry struct {
	key   string
	login login
	fault string
}

// ParseLogins reads the text of docker's config.json with the given name. Its error holds no text of the
// file. With an error come Logins that have none, and say why where one is needed.
func ParseLogins(name string, data []byte) (*Logins, error) {
	l := &Logins{name: name, helpers: make(map[string]string)}
	j := jsonText{rest: string(data)}
	j.object(func(key string) {
		switch key {
		case "auths":
			j.object(func(key string) { l.entries = append(l.entries, readEntry(&j, key)) })
		case "credHelpers":
			j.object(func(key string) { l.helpers[key] = j.text() })
		case "credsStore":
			l.store = j.text()
		default:
			j.skip()
		}
	})
	if !j.end() {
		l = &Logins{name: name, fault: errors.New(name + " is not the JSON that docker login writes")}
	}
	return l, l.fault
}

// readEntry reads the login for a key.
func readEntry(j *jsonText, key string) registryEntry {
	e := registryEntry{key: key}
	var auth string
	j.object(func(field string) {
		switch field {
		case "auth":
			auth = j.text()
		case "username":
			e.login.user = j.text()
		case "password":
			e.login.password = j.text()
		case "identitytoken", "registrytoken":
			if j.text() != "" {
				e.fault = "has an " + field + ", which is not supported here; log in with a password or access token"
			}
		default:
			j.skip()
		}
	})
	if auth != "" {
		text, err := base64.StdEncoding.DecodeString(auth)
		user, password, ok := strings.Cut(string(text), ":")
		if err != nil || !ok {
			e.fault = "has an auth that is not the base64 of user:password"
		}
		e.login = login{user, strings.TrimRight(password, "\x00")}
	}
	return e
}

// find returns the login for a repository at a server, or nil, and what errors say of it.
// Of several entries, the one with the longest path counts.
func (l *Logins) find(u *url.URL, repository string) (*login, string, error) {
	switch {
	case l == nil:
		return nil, "", nil
	case l.fault != nil:
		return nil, "", l.fault
	}
	var found *registryEntry
	length := -1
	for i := range l.entries {
		if n := keyMatch(l.entries[i].key, u.Host, repository); n > length {
			found, length = &l.entries[i], n
		}
	}
	if found != nil && found.fault != "" {
		return nil, "", errors.New(l.name + " " + found.fault)
	}
	if found != nil && found.login.user+found.login.password != "" {
		return &found.login, "with the login of " + l.name, nil
	}
	helper := l.store
	for key, name := range l.helpers {
		if keyMatch(key, u.Host, repository) >= 0 {
			helper = name
		}
	}
	if helper != "" {
		return nil, ": " + l.name + " leaves it to the program docker-credential-" + helper + ", which is not run here", nil
	}
	return nil, "", nil
}

// RegistryLogin returns the login of Config.Logins for a repository of the registry at a
// host, or empty strings if there is none. The error says why one that there is cannot be
// used.
func (c *Client) RegistryLogin(host, repository string) (user, password string, err error) {
	l, note, err := c.cfg.Logins.find(&url.URL{Host: LowerASCII(host)}, repository)
	switch {
	case err != nil:
		return "", "", err
	case l != nil:
		return l.user, l.password, nil
	case note != "":
		return "", "", errors.New(strings.TrimPrefix(note, ": "))
	}
	return "", "", nil
}

// keyMatch returns how long the path of a key is that holds for a repository at a host,
// or -1. A key is a host, with or without a scheme and the path of the protocol's version,
// or a host and the beginning of repositories.
func keyMatch(key, host, repository string) int {
	if _, rest, ok := strings.Cut(key, "://"); ok {
		key = rest
	}
	name, path, _ := strings.Cut(LowerASCII(key), "/")
	if path = strings.Trim(path, "/"); path == "v1" || path == "v2" {
		path = ""
	}
	name, host = strings.TrimSuffix(name, ":443"), strings.TrimSuffix(host, ":443")
	if (name == host || dockerHub(name) && dockerHub(host)) && (path == "" || strings.HasPrefix(repository+"/", path+"/")) {
		return len(path)
	}
	return -1
}
