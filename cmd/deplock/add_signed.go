package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/exit"
	"depfetch/fetch/source"
	"depfetch/lock"
	"depfetch/lock/edit"
	"depfetch/lock/update"
)

// signing are the options of add about signatures.
type signing struct {
	tables  []string // as the lockfile has them
	none    bool     // neither what a catalogue says, nor what upstream publishes
	require bool
}

const (
	acceptUsage  = "rely on who upstream's own signature says has made it: trust on first use"
	requireUsage = "fail unless a signature has been verified"
)

// offered finds the signatures that upstream publishes of a dependency which names none.
// What it returns waits for them; they are looked for meanwhile.
func (c *command) offered(ctx context.Context, f addFlags, client *update.Client, file *lock.File, dep edit.NewDep) (func() []update.Offer, error) {
	if f.signing.none || len(dep.Signature) > 0 {
		return func() []update.Offer { return nil }, nil
	}
	draft, err := edit.Draft(dep)
	if err != nil {
		return nil, err
	}
	var offers []update.Offer
	done := make(chan struct{})
	go func() {
		defer close(done)
		offers = client.Offers(ctx, draft, update.Platforms(file, draft)[0])
	}()
	return func() []update.Offer { <-done; return offers }, nil
}

// sign completes a dependency with a signature that upstream offers, if somebody relies
// on who that says has made it.
func (c *command) sign(f addFlags, dep *edit.NewDep, offers func() []update.Offer) error {
	if f.signing.none || len(dep.Signature) > 0 {
		return nil
	}
	asks := c.stdin != nil && c.columns != nil
	if !f.acceptSigner && !f.signing.require && !asks {
		return nil // nobody is there to say so, and nothing waits
	}
	for _, o := range offers() {
		if !o.Complete {
			continue
		}
		if f.acceptSigner || c.confirm(fmt.Sprintf("upstream's own signature of %s (%s) says that it is by %s, and nothing else vouches for that (trust on first use); is that who is to sign it from now on?",
			dep.Name, source.Redact(o.URL), whoText(o, *dep))) {
			dep.Signature = [][]edit.Entry{o.Table}
			if o.Sums != "" {
				dep.Sums = o.Sums
			}
			if f.acceptSigner {
				c.console.Warnf("%s: it is taken on trust that it is to be signed by %s, as %s says", dep.Name, whoText(o, *dep), source.Redact(o.URL))
			}
			return nil
		}
		break
	}
	if !f.signing.require {
		return nil
	}
	e := &console.Error{Err: fmt.Errorf("%s: no signature that can be verified is known", dep.Name), Code: exit.Refused}
	found := offers()
	if len(found) == 0 {
		e.Hint = "nothing was found beside the file: " + strings.Join(update.OfferSuffixes(), " ") + "; if upstream signs it elsewhere, --signature '{ … }' says where"
		return e
	}
	return errors.Join(e, offerError(found[0], *dep))
}

// offerError says what to type for a signature that upstream offers.
func offerError(o update.Offer, dep edit.NewDep) error {
	return &console.Error{Err: fmt.Errorf("%s: upstream publishes %s, by %s", dep.Name, source.Redact(o.URL), whoText(o, dep)), Hint: optionText(o), Code: exit.Refused}
}

// optionText returns the options that have a signature verified.
func optionText(o update.Offer) string {
	hint := fmt.Sprintf("--signature '%s'", edit.Text(o.Table))
	if o.Sums != "" {
		hint = fmt.Sprintf("--sums '%s' %s", o.Sums, hint)
	}
	if o.Complete {
		return hint + ", or --accept-signer"
	}
	return hint + keyText(o)
}

// keyText says where the key of a signature is to come from.
func keyText(o update.Offer) string {
	if o.Claim.Kind == "minisign" {
		return ", with the key of that ID from upstream's own site"
	}
	return ", with that public key from upstream's own site in FILE"
}

// whoText says who has made a signature, by what that says.
func whoText(o update.Offer, dep edit.NewDep) string {
	if o.Claim.Identity == "" {
		return o.Claim.Key
	}
	text := o.Claim.Identity + " (" + o.Claim.Issuer + ")"
	if repository := repositoryOf(dep.URL); repository != "" && !strings.HasPrefix(o.Claim.Identity, repository) {
		text += ", which is not of the repository that the file is from"
	}
	return text
}

// repositoryOf returns the address of the repository on GitHub of which an address is a
// release, with a slash behind it, or "".
func repositoryOf(address string) string {
	rest, ok := strings.CutPrefix(address, "https://github.com/")
	parts := strings.SplitN(rest, "/", 3)
	if !ok || len(parts) < 3 || !strings.HasPrefix(parts[2], "releases/download/") {
		return ""
	}
	return "https://github.com/" + parts[0] + "/" + parts[1] + "/"
}

// hintOffers says what upstream publishes that a dependency which has been added does not
// use.
func (c *command) hintOffers(f addFlags, dep edit.NewDep, offers []update.Offer) {
	if len(dep.Signature) > 0 {
		return
	}
	const few = 2
	for _, o := range offers[:min(len(offers), few)] {
		sums := ""
		if o.Sums != "" {
			sums = fmt.Sprintf("sums = %q and ", o.Sums)
		}
		key := ""
		if !o.Complete {
			key = keyText(o)
		}
		if f.dryRun {
			c.console.Hintf("upstream signs it: %s is by %s; to have that verified: %s", source.Redact(o.URL), whoText(o, dep), optionText(o))
			continue
		}
		c.console.Hintf("upstream signs it: %s is by %s; to have that verified, write %ssignature = %s into [deps.%s]%s, then deplock update %s",
			source.Redact(o.URL), whoText(o, dep), sums, edit.Text(o.Table), dep.Name, key, dep.Name)
	}
}

// settle completes the signatures that a catalogue names with what upstream says.
func (c *command) settle(ctx context.Context, f addFlags, client *update.Client, file *lock.File, dep *edit.NewDep, unsettled []update.Unsettled) error {
	switch {
	case len(f.signing.tables) > 0: // which come in the place of the catalogue's
		return nil
	case f.signing.none:
		dep.Signature = nil
		return nil
	case f.dep.Sums != "": // another list than the one that the catalogue knows the signature of
		ofSums := func(table []edit.Entry) bool { return slices.Contains(table, edit.Entry{Key: "of", Value: "sums"}) }
		dep.Signature = slices.DeleteFunc(slices.Clone(dep.Signature), ofSums)
		unsettled = slices.DeleteFunc(slices.Clone(unsettled), func(u update.Unsettled) bool { return ofSums(u.Table) })
	}
	if len(unsettled) == 0 {
		return nil
	}
	draft, err := edit.Draft(*dep)
	if err != nil {
		return err
	}
	for _, u := range unsettled {
		table, err := client.Settle(ctx, draft, update.Platforms(file, draft)[0], u)
		if err != nil {
			return err
		}
		dep.Signature = append(slices.Clip(dep.Signature), table)
	}
	return nil
}

// hintSigned explains that a signature which a catalogue names does not hold.
func hintSigned(err error, f addFlags, entry string) error {
	if len(f.signing.tables) > 0 {
		return err
	}
	var all []error
	for _, e := range console.Flatten(err) {
		var signed *update.SignatureError
		if errors.As(e, &signed) {
			e = &console.Error{Err: e, Code: signedCode(signed), Hint: namedHint(signed, entry)}
		}
		all = append(all, e)
	}
	return errors.Join(all...)
}
