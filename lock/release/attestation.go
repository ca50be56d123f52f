package release

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/klauspost/compress/snappy"
)

// DefaultLog is the transparency log of Sigstore's public instance that can be asked for
// entries (Rekor, version 1).
const DefaultLog = "https://rekor.sigstore.dev"

// Attestations returns the attestations that a repository, owner/name, has of a sha256 in
// lower-case hexadecimal digits: bundles of Sigstore, each on a line, unverified. The
// error is a *NotFoundError if there are none.
func (c *Client) Attestations(ctx context.Context, repo, sha256 string) ([]byte, error) {
	var list struct {
		Attestations []struct {
			Bundle json.RawMessage `json:"bundle"`
			URL    string          `json:"bundle_url"`
		} `json:"attestations"`
	}
	address := c.AttestationsURL(repo, sha256)
	_, err := c.api(ctx, address, &list)
	absent, missing := errors.AsType[*absentError](err)
	if missing || err == nil && len(list.Attestations) == 0 {
		return nil, c.notFound(repo, "attestation of sha256:"+sha256, absent)
	}
	if err != nil {
		return nil, err
	}
	var lines bytes.Buffer
	for _, a := range list.Attestations {
		text := []byte(a.Bundle)
		if len(text) == 0 || string(text) == "null" {
			if text, err = c.storedBundle(ctx, a.URL); err != nil {
				return nil, err
			}
		}
		if err := json.Compact(&lines, text); err != nil {
			return nil, &AnswerError{URL: address, Status: http.StatusOK, Err: err}
		}
		lines.WriteByte('\n')
	}
	return lines.Bytes(), nil
}

// AttestationsURL returns the address of the API that Attestations asks.
func (c *Client) AttestationsURL(repo, sha256 string) string {
	return c.base() + "/repos/" + repo + "/attestations/sha256:" + sha256 + "?per_page=100"
}

// storedBundle reads a bundle that the API does not have in its answer. GitHub stores it
// compressed with snappy.
func (c *Client) storedBundle(ctx context.Context, address string) ([]byte, error) {
	a, err := c.get(ctx, address, http.Header{})
	if err != nil {
		return nil, err
	}
	fail := func(err error) ([]byte, error) {
		return nil, &AnswerError{URL: address, Asked: a.Asked, Status: a.Status, Err: err}
	}
	if a.Status != http.StatusOK {
		return fail(errors.New("want the bundle of an attestation"))
	}
	if json.Valid(a.Body) {
		return a.Body, nil
	}
	if n, err := snappy.DecodedLen(a.Body); err != nil || n > maxAnswer {
		return fail(fmt.Errorf("want a bundle, compressed with snappy, of at most %d MiB", maxAnswer>>20))
	}
	text, err := snappy.Decode(nil, a.Body)
	if err != nil {
		return fail(err)
	}
	return text, nil
}

// LogEntries asks the log for entries by a query that package signature has made, and
// returns its answer, unverified.
func (c *Client) LogEntries(ctx context.Context, query []byte) ([]byte, error) {
	address := c.LogURL()
	a, err := c.send(ctx, address, http.Header{"Accept": {"application/json"}, "Content-Type": {"application/json"}}, query)
	if err != nil {
		return nil, err
	}
	if a.Status != http.StatusOK {
		return nil, &AnswerError{URL: address, Asked: a.Asked, Status: a.Status, Err: errors.New("want the entries of a log")}
	}
	return a.Body, nil
}

// LogURL returns the address that LogEntries asks.
func (c *Client) LogURL() string {
	return cmp.Or(c.Log, DefaultLog) + "/api/v1/log/entries/retrieve"
}
