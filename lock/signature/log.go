package signature

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"

	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	protorekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"github.com/sigstore/sigstore-go/pkg/tlog"
)

// maxEntries is how many entries of a log are looked at for one signature.
const maxEntries = 16

// proposal is a JSON object.
type proposal map[string]any

// query returns the request for the entries that would have been made of what is
// proposed.
func query(entries ...proposal) []byte {
	text, err := json.Marshal(proposal{"entries": entries})
	if err != nil {
		panic(err) // there is nothing in it but strings
	}
	return text
}

// logEntry is an entry of Rekor (version 1), as its API writes it, and cosign.
type logEntry struct {
	Body           []byte `json:"body"`
	IntegratedTime int64  `json:"integratedTime"`
	LogID          string `json:"logID"`
	LogIndex       int64  `json:"logIndex"`
	Verification   struct {
		SET   []byte `json:"signedEntryTimestamp"`
		Proof *struct {
			Checkpoint string   `json:"checkpoint"`
			Hashes     []string `json:"hashes"`
			LogIndex   int64    `json:"logIndex"`
			RootHash   string   `json:"rootHash"`
			TreeSize   int64    `json:"treeSize"`
		} `json:"inclusionProof"`
	} `json:"verification"`
}

// parseEntries reads log entries: the answer of a log to a query, or the one that cosign
// writes down.
func parseEntries(text []byte) ([]*tlog.Entry, error) {
	if len(text) == 0 {
		return nil, nil
	}
	var found []logEntry
	var one struct {
		SET     []byte    `json:"SignedEntryTimestamp"`
		Payload *logEntry `json:"Payload"`
	}
	if json.Unmarshal(text, &one) == nil && one.Payload != nil {
		one.Payload.Verification.SET = one.SET
		found = append(found, *one.Payload)
	} else {
		var answer []map[string]logEntry
		if json.Unmarshal(text, &answer) != nil {
			bad := notASignature("entries of a log", text)
			bad.Problem = "this is no answer of a log"
			return nil, bad
		}
		for _, entries := range answer {
			for _, e := range entries {
				found = append(found, e)
			}
		}
		// Maps have no order, and the same answer gives the same error.
		slices.SortFunc(found, func(a, b logEntry) int { return int(a.LogIndex - b.LogIndex) })
	}
	var entries []*tlog.Entry
	for _, e := range found[:min(len(found), maxEntries)] {
		entry, err := e.parse()
		if err != nil {
			return nil, &Error{Problem: "this is no entry of a log", Expected: "one of Rekor, version 1", Found: err.Error()}
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

// parse returns the entry in the form of the library.
func (e logEntry) parse() (*tlog.Entry, error) {
	id, err := hex.DecodeString(e.LogID)
	if err != nil {
		return nil, err
	}
	var kind struct {
		Kind    string `json:"kind"`
		Version string `json:"apiVersion"`
	}
	if err := json.Unmarshal(e.Body, &kind); err != nil {
		return nil, err
	}
	if len(e.Verification.SET) == 0 {
		return nil, errors.New("it has no signed timestamp")
	}
	entry := &protorekor.TransparencyLogEntry{
		LogIndex: e.LogIndex, LogId: &protocommon.LogId{KeyId: id},
		KindVersion:       &protorekor.KindVersion{Kind: kind.Kind, Version: kind.Version},
		IntegratedTime:    e.IntegratedTime,
		InclusionPromise:  &protorekor.InclusionPromise{SignedEntryTimestamp: e.Verification.SET},
		CanonicalizedBody: e.Body,
	}
	if p := e.Verification.Proof; p != nil {
		proof := &protorekor.InclusionProof{LogIndex: p.LogIndex, TreeSize: p.TreeSize, Checkpoint: &protorekor.Checkpoint{Envelope: p.Checkpoint}}
		if proof.RootHash, err = hex.DecodeString(p.RootHash); err != nil {
			return nil, err
		}
		for _, h := range p.Hashes {
			hash, err := hex.DecodeString(h)
			if err != nil {
				return nil, err
			}
			proof.Hashes = append(proof.Hashes, hash)
		}
		entry.InclusionProof = proof
	}
	return tlog.ParseTransparencyLogEntry(entry)
}
