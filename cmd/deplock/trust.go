package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"depfetch/lock"
	"depfetch/lock/signature"
)

func (c *command) trustCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "trust",
		Short: "Show on whose word the lockfile relies",
		Args:  cobra.ArbitraryArgs,
		RunE:  commandsOnly,
	}
	cmd.AddCommand(c.several(c.trustListCommand()))
	return cmd
}

func (c *command) trustListCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list [NAME|URL…]",
		Short: "Show each key and identity that signs, and what hangs on it; offline",
		Long: `list shows the keys and identities by which signatures were verified when the lockfile
was written, and for each the dependencies and platforms that rely on it, and, where no
names are given, the images that it must have signed by policy.images. What nobody
has signed is listed behind them: "published" is what upstream publishes a checksum of,
"tofu" (trust on first use) what a server sent on the day of locking. It exits with 0
also if a key is missing, has expired or is revoked, and says so; deplock check fails.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := c.selection(args)
			if err != nil {
				return err
			}
			relying := &lock.File{Deps: s.deps}
			if len(args) == 0 {
				relying.Policy.Images, relying.Images = s.file.Policy.Images, s.file.Images
			}
			seeds := signature.Seeds(relying, time.Now(), c.keyFile)
			rest := unsignedOf(s, relying.Images)
			if asJSON {
				return c.trustJSON(seeds, rest)
			}
			c.trustText(seeds, rest)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "an object a line")
	return cmd
}

// unsigned is what rests on no signature, by trust.
type unsigned struct {
	trust lock.Trust
	uses  []signature.Use
	urls  int // lines of urls

	images []string
}

// unsignedOf returns what nobody has signed, most trusted first.
func unsignedOf(s selected, images []lock.Image) []unsigned {
	var all []unsigned
	for _, trust := range []lock.Trust{lock.Published, lock.TOFU} {
		u := unsigned{trust: trust}
		for _, d := range s.deps {
			var platforms []lock.Platform
			for _, l := range d.Locked {
				if l.Trust == trust {
					platforms = append(platforms, l.Platform)
				}
			}
			if platforms != nil {
				u.uses = append(u.uses, signature.Use{Dep: d.Name, Platforms: platforms})
			}
		}
		pins, _ := splitPins(s.pins)
		for _, p := range pins {
			if p.Trust == trust {
				u.urls++
			}
		}
		for _, i := range images {
			if trust == lock.TOFU && i.By == "" {
				u.images = append(u.images, i.Name)
			}
		}
		if u.uses != nil || u.urls > 0 || u.images != nil {
			all = append(all, u)
		}
	}
	return all
}

func (c *command) trustText(seeds []*signature.Seed, rest []unsigned) {
	for _, s := range seeds {
		c.printf("%s%s\n", s.Signer, seedText(s))
		for _, u := range s.Uses {
			c.printf("  %s: %s\n", u.Dep, useText(u))
		}
		for _, u := range s.Images {
			c.printf("  images %s: %s\n", u.Match, imagesText(u))
		}
	}
	for _, u := range rest {
		c.printf("nobody has signed, %s\n", u.trust)
		for _, use := range u.uses {
			c.printf("  %s: %s\n", use.Dep, useText(use))
		}
		if u.urls > 0 {
			c.printf("  %s of urls\n", count(u.urls, "line"))
		}
		if len(u.images) > 0 {
			c.printf("  %s\n", count(len(u.images), "image"))
		}
	}
	if len(seeds) == 0 && len(rest) == 0 {
		c.printf("%s: nothing is locked\n", c.name())
	}
}

// seedText returns where a key is, and what is to be known of it.
func seedText(s *signature.Seed) string {
	var words []string
	if s.File != "" {
		words = append(words, s.File)
	}
	if !s.Expires.IsZero() && s.Fault == nil {
		words = append(words, "expires "+s.Expires.Format(time.DateOnly))
	}
	if s.Fault != nil {
		words = append(words, "nothing that it signs holds now: "+s.Fault.Error())
	}
	if words == nil {
		return ""
	}
	return "  (" + strings.Join(words, ", ") + ")"
}

// useText returns what of a dependency hangs on a key.
func useText(u signature.Use) string {
	text := joinedPlatforms(u.Platforms)
	switch {
	case len(u.Platforms) > 0 && u.OfSums:
		text += ", by the list of checksums"
	case len(u.Platforms) > 0:
	case u.Others:
		text = "may sign, and has signed nothing"
	default:
		text = "has signed nothing"
	}
	if len(u.Waiting) > 0 {
		text = strings.TrimPrefix(text+"; ", "has signed nothing; ") + "not verified: " + joinedPlatforms(u.Waiting)
	}
	return text
}

// imagesText returns which images hang on a key by a rule.
func imagesText(u signature.ImageUse) string {
	text := strings.Join(u.Images, ", ")
	if len(u.Waiting) > 0 {
		text = strings.TrimPrefix(text+"; not verified: "+strings.Join(u.Waiting, ", "), "; ")
	}
	return cmp.Or(text, "none is in the lockfile")
}

func joinedPlatforms(platforms []lock.Platform) string {
	names := make([]string, len(platforms))
	for i, p := range platforms {
		names[i] = p.String()
	}
	return strings.Join(names, ", ")
}

// trustJSON prints an object for each key and identity, and one for each trust of what
// nobody has signed.
func (c *command) trustJSON(seeds []*signature.Seed, rest []unsigned) error {
	type dependency struct {
		Name       string          `json:"name"`
		Of         string          `json:"of,omitempty"`
		Platforms  []lock.Platform `json:"platforms"`
		Unverified []lock.Platform `json:"unverified,omitempty"`
	}
	type rule struct {
		Match      string   `json:"match"`
		Images     []string `json:"images"`
		Unverified []string `json:"unverified,omitempty"`
	}
	type object struct {
		Lockfile     string       `json:"lockfile"`
		Trust        string       `json:"trust"`
		Signer       string       `json:"signer,omitempty"`
		Kind         string       `json:"kind,omitempty"`
		File         string       `json:"file,omitempty"`
		Identity     string       `json:"identity,omitempty"`
		Issuer       string       `json:"issuer,omitempty"`
		Expires      *time.Time   `json:"expires,omitempty"`
		Fault        string       `json:"fault,omitempty"`
		Dependencies []dependency `json:"dependencies"`
		Rules        []rule       `json:"rules,omitempty"`
		URLs         int          `json:"urls,omitempty"`
		Images       []string     `json:"images,omitempty"`
	}
	dependencies := func(uses []signature.Use) []dependency {
		all := []dependency{}
		for _, u := range uses {
			d := dependency{Name: u.Dep, Platforms: append([]lock.Platform{}, u.Platforms...), Unverified: u.Waiting}
			if u.OfSums {
				d.Of = "sums"
			}
			all = append(all, d)
		}
		return all
	}
	var objects []object
	for _, s := range seeds {
		o := object{Lockfile: c.name(), Trust: lock.Signed.String(), Signer: s.Signer, Kind: s.Kind, File: s.File,
			Identity: s.Identity, Issuer: s.Issuer, Dependencies: dependencies(s.Uses)}
		for _, u := range s.Images {
			o.Rules = append(o.Rules, rule{Match: u.Match, Images: append([]string{}, u.Images...), Unverified: u.Waiting})
		}
		if !s.Expires.IsZero() {
			o.Expires = &s.Expires
		}
		if s.Fault != nil {
			o.Fault = s.Fault.Error()
		}
		objects = append(objects, o)
	}
	for _, u := range rest {
		objects = append(objects, object{Lockfile: c.name(), Trust: u.trust.String(), Dependencies: dependencies(u.uses), URLs: u.urls, Images: u.images})
	}
	for _, o := range objects {
		line, err := json.Marshal(o)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(c.stdout, "%s\n", line); err != nil {
			return err
		}
	}
	return nil
}
