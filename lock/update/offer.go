package update

import (
	"bytes"
	"context"
	"encoding/base64"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"depfetch/fetch"
	"depfetch/lock"
	"depfetch/lock/edit"
	"depfetch/lock/signature"
)

// Offer is a signature that upstream publishes of a dependency which names none. It has
// not been verified: Lock does that, once the dependency says who must have signed.
type Offer struct {
	URL   string // of the signature
	Claim signature.Claim
	// Table is what the dependency can say to have it verified. It is complete if the
	// signature says who has made it, and has "…" where a person must find that out.
	Table    []edit.Entry
	Complete bool
	Sums     string // the list that it signs, if the dependency has none; a template
}

const (
	offerTime = 5 * time.Second // for all that is looked for
	offerSize = 1 << 20         // of the largest signature, in bytes
)

// OfferSuffixes returns what stands behind the name of a file in that of a signature, as
// it is asked for where it is not known what there is.
func OfferSuffixes() []string {
	return []string{".sigstore.json", ".sigstore", ".sig", ".minisig", ".asc"}
}

// suffixes returns those that are read where they are known to be there, too.
func suffixes() []string { return append(OfferSuffixes(), ".pem", ".cert", ".intoto.jsonl") }

// listWords are in the names of lists of checksums.
var listWords = []string{"sha256", "sha512", "checksums"}

// signedFile is what upstream may have signed.
type signedFile struct {
	address  string
	template string // of the address, as a signature's may begin
	ofSums   bool
	sums     string // see Offer
}

// Offers looks for signatures of d, whose file for a platform and whose list of checksums
// they would stand beside. In a release of GitHub, the API says what there is, and which
// attestation, and no name is tried; elsewhere, each common name is asked for once, all at
// the same time. It waits for a few seconds at most. What cannot be had counts as not there.
func (c *Client) Offers(ctx context.Context, d *lock.Dep, p lock.Platform) []Offer {
	e, err := expansion(d, p)
	if err != nil {
		return nil
	}
	if own, _ := besideNames(e.url); own == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, offerTime)
	defer cancel()
	files := []signedFile{{address: e.url, template: "{url}"}}
	if list, _, _ := strings.Cut(e.sums, "#"); list != "" {
		template, _, _ := strings.Cut(d.Sums.String(), "#")
		files = append(files, signedFile{address: list, template: template, ofSums: true})
	}
	known := c.releaseNames(ctx, e.url)
	if known != nil && e.sums == "" {
		files = append(files, listsIn(known, d, e.url)...)
	}
	texts := c.readOffered(ctx, d, p, files, known)
	var offers []Offer
	for _, f := range files {
		offers = append(offers, f.offers(d, texts)...)
	}
	if !slices.ContainsFunc(offers, func(o Offer) bool { return o.Complete }) {
		offers = append(offers, c.attested(ctx, e.url)...)
	}
	slices.SortStableFunc(offers, func(a, b Offer) int { return boolRank(b.Complete) - boolRank(a.Complete) })
	return offers
}

func boolRank(b bool) int {
	if b {
		return 1
	}
	return 0
}

// releaseNames returns the names beside an asset of a release of GitHub; nil if they are
// not known.
func (c *Client) releaseNames(ctx context.Context, address string) []string {
	if c.Release == nil {
		return nil
	}
	names, err := c.Release.AssetNames(ctx, address)
	if err != nil {
		return nil
	}
	return names
}

// attested returns the attestation that GitHub has of an asset whose digest its API knows.
func (c *Client) attested(ctx context.Context, address string) []Offer {
	if c.Release == nil {
		return nil
	}
	digest, err := c.Release.AssetDigest(ctx, address)
	if err != nil || digest.IsZero() {
		return nil
	}
	repo := c.Release.AssetRepo(address)
	lines, err := c.Release.Attestations(ctx, repo, digest.String())
	if err != nil {
		return nil
	}
	for line := range bytes.Lines(lines) {
		claim, _ := signature.ReadClaim(line)
		path, github := strings.CutPrefix(claim.Identity, "https://github.com/")
		workflow, _, ref := strings.Cut(path, "@")
		if !github || !ref || claim.Issuer != actionsIssuer || !strings.Contains(workflow, "/.github/workflows/") {
			continue
		}
		table := []edit.Entry{{Key: "github", Value: repo}, {Key: "workflow", Value: strings.TrimPrefix(workflow, repo+"/")}}
		return []Offer{{URL: c.Release.AttestationsURL(repo, digest.String()), Claim: claim, Table: table, Complete: true}}
	}
	return nil
}

// listsIn returns the lists of checksums among the assets of a release.
func listsIn(names []string, d *lock.Dep, address string) []signedFile {
	var lists []signedFile
	template := d.URL.String()
	folder := template[:strings.LastIndexByte(template, '/')+1]
	for _, name := range names {
		lower := strings.ToLower(name)
		isList := slices.ContainsFunc(listWords, func(w string) bool { return strings.Contains(lower, w) })
		if !isList || slices.Contains(suffixes(), path.Ext(name)) || strings.HasSuffix(name, ".json") || strings.ContainsAny(name, "{}") || !strings.Contains(folder, "/download/") {
			continue
		}
		written := name
		if d.Version != "" {
			written = strings.ReplaceAll(name, d.Version, "{version}")
		}
		lists = append(lists, signedFile{
			address: address[:strings.LastIndexByte(address, '/')+1] + name, template: folder + written, ofSums: true, sums: folder + written,
		})
	}
	return lists
}

// readOffered reads what may be signatures of files, by address. known are the names that
// are there, unless it is nil.
func (c *Client) readOffered(ctx context.Context, d *lock.Dep, p lock.Platform, files []signedFile, known []string) map[string][]byte {
	quiet := *c.Fetch
	quiet.Retries, quiet.Events = 0, nil
	var (
		mu     sync.Mutex
		asking sync.WaitGroup
	)
	texts := make(map[string][]byte)
	ask := func(address string) {
		if c.insecure(address) != "" {
			return
		}
		asking.Go(func() {
			text, err := quiet.Read(ctx, fetch.Artifact{Name: d.Name, Version: d.Version, Platform: p.String(), URL: address}, offerSize)
			if err == nil {
				mu.Lock()
				texts[address] = text
				mu.Unlock()
			}
		})
	}
	for _, f := range files {
		for _, suffix := range suffixes() {
			if known == nil && slices.Contains(OfferSuffixes(), suffix) || slices.Contains(known, baseName(f.address+suffix)) {
				ask(f.address + suffix)
			}
		}
	}
	asking.Wait()
	for _, f := range files {
		if known == nil && isBare(texts[f.address+".sig"]) {
			ask(f.address + ".pem")
			ask(f.address + ".cert")
		}
	}
	asking.Wait()
	return texts
}

// isBare reports whether a text is a signature of cosign without its certificate.
func isBare(text []byte) bool {
	_, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(text)))
	return err == nil && len(text) > 0
}

// offers returns the signatures of f among texts, by address.
func (f signedFile) offers(d *lock.Dep, texts map[string][]byte) []Offer {
	var offers []Offer
	add := func(suffix string, claim signature.Claim, complete bool, table ...edit.Entry) {
		if f.ofSums {
			table = append(table, edit.Entry{Key: "of", Value: "sums"})
		}
		offers = append(offers, Offer{URL: f.address + suffix, Claim: claim, Table: table, Complete: complete, Sums: f.sums})
	}
	who := func(claim signature.Claim) []edit.Entry {
		return []edit.Entry{{Key: "identity", Value: versioned(claim.Identity, d.Version)}, {Key: "issuer", Value: claim.Issuer}}
	}
	for _, suffix := range suffixes() {
		text, ok := texts[f.address+suffix]
		if !ok {
			continue
		}
		claim, ok := signature.ReadClaim(text)
		at := edit.Entry{Key: claim.Kind, Value: f.template + suffix}
		if claim.Kind == "cosign" {
			at.Value = []edit.Entry{{Key: "bundle", Value: f.template + suffix}}
		}
		switch {
		case !ok:
		case claim.Kind == "" && suffix != ".sig": // a certificate, which goes with a signature
			if isBare(texts[f.address+".sig"]) {
				files := []edit.Entry{{Key: "sig", Value: f.template + ".sig"}, {Key: "cert", Value: f.template + suffix}}
				add(suffix, claim, true, append([]edit.Entry{{Key: "cosign", Value: files}}, who(claim)...)...)
			}
		case claim.Statement: // without the log entry that says when it was made
		case claim.Identity != "" && (claim.Kind == "sigstore" || claim.Kind == "cosign"):
			add(suffix, claim, true, append([]edit.Entry{at}, who(claim)...)...)
		case claim.Kind == "ssh" && claim.Namespace == "file":
			add(suffix, claim, true, at, edit.Entry{Key: "key", Value: claim.Key})
		case claim.Kind == "ssh":
			add(suffix, claim, true, at, edit.Entry{Key: "key", Value: claim.Key}, edit.Entry{Key: "namespace", Value: claim.Namespace})
		case claim.Kind == "minisign":
			add(suffix, claim, false, at, edit.Entry{Key: "key", Value: "RW…"})
		case claim.Kind != "":
			add(suffix, claim, false, at, edit.Entry{Key: "key", Value: "FILE"})
		}
	}
	return offers
}
