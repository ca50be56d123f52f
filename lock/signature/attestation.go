package signature

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	in_toto "github.com/in-toto/attestation/go/v1"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/tlog"

	"depfetch/lock"
)

// maxAttestations is how many attestations of one file are looked at.
const maxAttestations = 100

// attestations verifies attestations of GitHub for a lockfile: bundles, or envelopes with
// a certificate as slsa-github-generator writes them, one after another.
type attestations struct{ *Signer }

func newAttestations(s lock.Signature, g Given) (*attestations, error) {
	signer, err := newSigner(s, g)
	return &attestations{signer}, err
}

func (a *attestations) verify(s Subject, m Material, _ time.Time) (Result, error) {
	documents, err := splitAttestations(m.Signature)
	if err != nil {
		return Result{}, err
	}
	var (
		last  error
		found []string
	)
	s = digestSubject(s.Name, s.Digest) // the bytes could be read for the first of them alone
	for _, text := range documents {
		r, err := a.verifyOne(s, text, m.Log)
		if err == nil {
			return r, nil
		}
		bad, ok := err.(*Error)
		if !ok {
			return Result{}, err
		}
		if last = bad; !slices.Contains(found, bad.Found) {
			found = append(found, bad.Found)
		}
	}
	if len(documents) == 1 {
		return Result{}, last
	}
	return Result{}, &Error{
		Problem: fmt.Sprintf("none of %d attestations holds", len(documents)), Expected: "one of " + s.Name + " by " + a.want(), Found: strings.Join(found, "; "),
	}
}

func (a *attestations) verifyOne(s Subject, text, log []byte) (Result, error) {
	envelope, err := parseEnvelope(text)
	if err != nil {
		return Result{}, err
	}
	if envelope == nil {
		return a.VerifyBundle(s, text)
	}
	entries, err := parseEntries(log)
	if err != nil {
		return Result{}, err
	}
	if len(entries) == 0 {
		r, err := a.verifyEntity(s, envelope)
		if bad, ok := err.(*Error); ok && bad.Identity == "" {
			err = &Error{
				Problem: "the log has no entry by which this attestation can be verified", Expected: "an entry of the kind dsse at rekor.sigstore.dev",
				Found: "none; older generators of provenance have made entries of the kind intoto 0.0.1, which do not hold the signature", Unlogged: true,
			}
		}
		return r, err
	}
	// There may be entries of other attestations among them, and one must be of this.
	var r Result
	for _, entry := range entries {
		envelope.entries = []*tlog.Entry{entry}
		if r, err = a.verifyEntity(s, envelope); err == nil {
			break
		}
	}
	return r, err
}

// query asks for the entry of an envelope that has none with it.
func (a *attestations) query(_ Subject, m Material) ([]byte, error) {
	documents, err := splitAttestations(m.Signature)
	if err != nil {
		return nil, err
	}
	var proposals []proposal
	for _, text := range documents {
		e, err := parseEnvelope(text)
		if err != nil {
			return nil, err
		}
		if e != nil && len(proposals) < maxEntries {
			proposals = append(proposals, proposal{
				"kind": "dsse", "apiVersion": "0.0.1",
				"spec": proposal{"proposedContent": proposal{"envelope": string(text), "verifiers": [][]byte{e.content.pem()}}},
			})
		}
	}
	if proposals == nil {
		return nil, nil
	}
	return query(proposals...), nil
}

// splitAttestations returns the JSON objects in a text.
func splitAttestations(text []byte) ([]json.RawMessage, error) {
	var all []json.RawMessage
	for d := json.NewDecoder(bytes.NewReader(text)); ; {
		var document json.RawMessage
		if err := d.Decode(&document); err == io.EOF && len(all) > 0 {
			return all, nil
		} else if err != nil || len(all) == maxAttestations {
			return nil, notASignature(fmt.Sprintf("attestations, at most %d JSON objects", maxAttestations), text)
		}
		all = append(all, document)
	}
}

// parseEnvelope reads an envelope (DSSE) that has the certificate beside its signature.
// It is nil if the text is none.
func parseEnvelope(text []byte) (*entity, error) {
	var file struct {
		PayloadType string `json:"payloadType"`
		Payload     string `json:"payload"`
		Signatures  []struct {
			KeyID string `json:"keyid"`
			Sig   string `json:"sig"`
			Cert  string `json:"cert"`
		} `json:"signatures"`
	}
	if err := json.Unmarshal(text, &file); err != nil || file.PayloadType == "" {
		return nil, nil
	}
	if len(file.Signatures) != 1 {
		return nil, notASignature("an attestation with one signature", text)
	}
	one := file.Signatures[0]
	leaf, err := parseCertificate([]byte(one.Cert))
	if err != nil {
		return nil, err
	}
	return &entity{
		content: content{leaf},
		signature: &bundle.Envelope{Envelope: &dsse.Envelope{
			PayloadType: file.PayloadType, Payload: file.Payload, Signatures: []dsse.Signature{{KeyID: one.KeyID, Sig: one.Sig}},
		}},
	}, nil
}

// builtFrom returns the address of the repository that provenance says was built, or "".
func builtFrom(s *in_toto.Statement) string {
	predicate := s.GetPredicate().AsMap()
	at := func(path ...string) string {
		var value any = predicate
		for _, key := range path {
			table, _ := value.(map[string]any)
			value = table[key]
		}
		text, _ := value.(string)
		return text
	}
	if repository := at("buildDefinition", "externalParameters", "workflow", "repository"); repository != "" {
		return repository
	}
	repository, _, _ := strings.Cut(strings.TrimPrefix(at("invocation", "configSource", "uri"), "git+"), "@")
	return repository
}
