package main

import (
	"context"
	"fmt"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/exit"
	"depfetch/fetch"
	"depfetch/fetch/source"
	"depfetch/lock"
	"depfetch/lock/edit"
	"depfetch/lock/record"
)

// addRecorded adds what was asked for to the lockfile, and says what is to be known
// of it.
func (c *command) addRecorded(ctx context.Context, o online, to target, requests []record.Request) error {
	client, err := c.client(o, to.file)
	if err != nil {
		return err
	}
	var pins []lock.Pin
	seen := make(map[string]fetch.Digest)
	for _, r := range requests {
		shown := source.Redact(r.URL)
		if r.Problem != "" {
			c.console.Warnf("not recorded: %s\n%s", r.Call, r.Problem)
			continue
		}
		if old, ok := seen[r.URL]; ok {
			if old != r.Digest {
				c.console.Warnf("%s served other bytes the second time; the first are locked", shown)
			}
			continue
		}
		seen[r.URL] = r.Digest
		advice, unfit := r.Advice()
		if advice != "" {
			c.console.Warnf("%s: %s", shown, advice)
		}
		if unfit {
			continue
		}
		trust := lock.TOFU
		if digest, err := client.Release.AssetDigest(ctx, r.URL); err == nil && !digest.IsZero() {
			if digest != r.Digest {
				return &console.Error{Err: fmt.Errorf("%s: the bytes are not those that GitHub's API gives the sha256 of", shown), Code: exit.WrongBytes}
			}
			trust = lock.Published
		}
		pins = append(pins, r.Pin(trust))
		c.printf("recorded %s  %d bytes  %s\n", shown, r.Size, trust)
		c.warnSecret(r.URL)
		if r.Final != "" {
			c.printf("  which leads to %s\n", source.Redact(r.Final))
		}
	}
	if len(pins) == 0 {
		fmt.Fprintln(c.stdout, "nothing new was recorded")
		return nil
	}
	return to.write(ctx, func(doc *edit.Document) error {
		if err := doc.SetPins(pins...); err != nil {
			return err
		}
		return pinViolations(doc.File(), pins)
	})
}

// pinViolations returns what the policy of a lockfile has against some of its lines
// of urls.
func pinViolations(f *lock.File, pins []lock.Pin) error {
	only := &lock.File{Policy: f.Policy}
	for _, pin := range pins {
		if line, ok := f.Pin(pin.URL); ok {
			only.URLs = append(only.URLs, line)
		}
	}
	return only.Check()
}
