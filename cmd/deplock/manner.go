package main

import (
	"strings"

	"depfetch/fetch"
	"depfetch/fetch/source"
)

// manner is how an address is asked for: with fields of the header, a line each, at an
// origin. Fields are a client's, so that one client serves each manner.
type manner struct {
	origin source.Origin
	header string
}

// mannerOf returns the manner of an address; that of all without fields is zero.
func mannerOf(address, header string) manner {
	if header == "" {
		return manner{}
	}
	o, _ := source.ParseOrigin(address)
	return manner{o, header}
}

// withHeader returns a client that sends fields of the header, a line each, to the
// origin of an address. The error is of fields that are not sent.
func withHeader(client *fetch.Client, cfg source.Config, address, header string) (*fetch.Client, error) {
	if header == "" {
		return client, nil
	}
	fields := make(map[string]string)
	for line := range strings.SplitSeq(header, "\n") {
		if name, value, ok := strings.Cut(line, ":"); ok {
			fields[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	var err error
	if cfg.Headers, err = cfg.Headers.Override(address, fields); err != nil {
		return nil, err
	}
	with := *client
	with.Source = source.New(cfg)
	return &with, nil
}
