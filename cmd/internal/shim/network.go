package shim

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/pflag"

	"depfetch/cmd/internal/network"
	"depfetch/fetch"
	"depfetch/fetch/cmdline"
	"depfetch/fetch/cmdline/curl"
	"depfetch/fetch/source"
)

// client returns the client for one operation. Its header fields are sent to the
// origins of the operation's addresses and to no others.
func (r *runner) client(op *cmdline.Operation, addresses []*cmdline.Address) (*fetch.Client, error) {
	var o network.Options
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	o.Register(flags)
	if op.Connect > 0 {
		flags.Set("connect-timeout", op.Connect.String())
	}
	if op.Stall > 0 {
		flags.Set("stall-timeout", op.Stall.String())
	}
	flags.Set("netrc", op.Netrc)
	for _, name := range op.CACert {
		flags.Set("cacert", name)
	}
	if op.Retries >= 0 {
		o.Retries = int(op.Retries)
	}
	getenv := func(name string) string {
		if name == "no_proxy" && op.NoProxy != "" {
			return op.NoProxy
		}
		return r.Getenv(name)
	}
	cfg, err := o.Config(r.Console, getenv, r.Version)
	if err != nil {
		return nil, err
	}
	cfg.UserAgent = "depfetch/" + r.Version
	cfg.Hosts = r.pins.Hosts
	if op.Cookies {
		cfg.Cookies = &r.cookies
	}
	if op.Proxied {
		if cfg.Proxy, err = proxy(op, network.NoProxy(getenv)); err != nil {
			return nil, err
		}
	}
	for _, a := range addresses {
		if a == nil || a.Scheme == "file" {
			continue
		}
		fields, err := fields(a, op.Fields)
		if err != nil {
			return nil, err
		}
		if cfg.Headers, err = cfg.Headers.Override(a.URL, fields); err != nil {
			return nil, err
		}
	}
	return &fetch.Client{
		Source: source.New(cfg), Cache: r.pins.Cache, Mirrors: r.pins.Mirrors, MirrorFirst: r.pins.MirrorFirst, Offline: r.pins.Offline,
		Jobs: 1, Connections: o.Connections, Retries: o.Retries, Events: r.event,
	}, nil
}

func (r *runner) event(e fetch.Event) {
	if !r.silent {
		r.Progress.Event(e)
	}
	if e.Kind == fetch.EventCacheFailed {
		r.Console.Warnf("the cache cannot be used: %v", e.Err)
	}
}

// ownFields are the header fields that control the transfer itself. They are accepted on
// the command line and not sent.
const ownFields = " connection content-length expect if-range keep-alive proxy-authorization proxy-connection" +
	" te trailer transfer-encoding upgrade "

// fields reads fields of the header as curl and wget take them: "Name: value",
// "Name;" for an empty value, "Name:" for none.
func fields(a *cmdline.Address, lines []string) (map[string]string, error) {
	fields := make(map[string]string)
	if a.HasUser {
		lines = append([]string{curl.Basic(a.User + ":" + a.Password)}, lines...)
	}
	for _, line := range lines {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			if name, ok = strings.CutSuffix(line, ";"); !ok {
				continue // curl does not send these either
			}
		}
		key := http.CanonicalHeaderKey(strings.TrimSpace(name))
		value = strings.TrimSpace(value)
		switch {
		case strings.Contains(ownFields, " "+strings.ToLower(key)+" "):
			continue
		case key == "Accept-Encoding" && (value == "" || strings.EqualFold(value, "identity")):
			continue
		case key == "Host" || key == "Range" || key == "Accept-Encoding" || strings.HasPrefix(key, "If-"):
			return nil, cmdline.Refuse("the header "+key, "it asks for another file than the URL does")
		case key == "Cookie" && fields[key] != "":
			value = fields[key] + "; " + value
		}
		fields[key] = value
	}
	return fields, nil
}

// proxy returns the function that chooses the proxy of a request: the one of the option,
// unless the host is excluded.
func proxy(op *cmdline.Operation, except string) (func(*http.Request) (*url.URL, error), error) {
	var u *url.URL
	if address := op.Proxy; address != "" {
		var err error
		if u, err = network.ParseProxy("--proxy", address); err != nil {
			return nil, err
		}
		if name, password, _ := strings.Cut(op.ProxyUser, ":"); name != "" {
			u.User = url.UserPassword(name, password)
		}
	}
	return func(r *http.Request) (*url.URL, error) {
		if u == nil || network.Excepted(r.URL, except) {
			return nil, nil
		}
		return u, nil
	}, nil
}
