package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/exit"
	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/fetch/regular"
	"depfetch/fetch/source"
	"depfetch/lock"
	"depfetch/lock/catalogue"
	"depfetch/lock/edit"
	"depfetch/lock/release"
	"depfetch/lock/update"
)

func (c *command) catalogueCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "catalogue",
		Short: "Look after the registries in which add finds names",
		Long: `A catalogue is a registry in aqua's format, pinned in [catalogue] by its sha256: add
NAME finds there how the files of a tool are called. Registries are searched in their
order in the lockfile. They are kept in the user's cache, verified at every use, and
asked for no more. Without one, add uses the small catalogue that is part of deplock.
add and update start a lockfile that is not there yet.`,
		Args: cobra.ArbitraryArgs,
		RunE: commandsOnly,
	}
	cmd.AddCommand(c.catalogueUpdateCommand(), c.catalogueAddCommand(), c.catalogueListCommand())
	return cmd
}

func (c *command) catalogueUpdateCommand() *cobra.Command {
	var f lockFlags
	cmd := &cobra.Command{
		Use:   "update [NAME…]",
		Short: "Pin the newest release of the registries; without any, pin the public one",
		Args:  cobra.ArbitraryArgs,
		RunE:  func(cmd *cobra.Command, names []string) error { return c.updateCatalogue(cmd.Context(), f, names) },
	}
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "print the change and do not write it")
	cmd.Flags().BoolVar(&f.allowHTTP, "allow-http", false, "pin what comes over plain http")
	f.online.register(cmd)
	return cmd
}

func (c *command) catalogueAddCommand() *cobra.Command {
	var (
		f    lockFlags
		last bool
	)
	cmd := &cobra.Command{
		Use:     "add NAME FILE|URL",
		Short:   "Pin another registry, which is searched first",
		Example: "  deplock catalogue add own tools/registry.yaml",
		Args:    arguments(2, 2, "a name and a file or an address"),
		RunE: func(cmd *cobra.Command, args []string) error {
			file, err := c.openAdded()
			if err != nil {
				return err
			}
			if slices.ContainsFunc(file.Catalogue, func(r lock.Registry) bool { return r.Name == args[0] }) {
				return console.Usagef("deplock catalogue update "+args[0]+" pins it anew", "%s is pinned already", args[0])
			}
			r := lock.Registry{Name: args[0], URL: args[1]}
			if !strings.Contains(args[1], "://") {
				rel, err := filepath.Rel(absolute(filepath.Dir(c.name())), absolute(args[1]))
				if err != nil || !filepath.IsLocal(rel) {
					return console.Usagef(fmt.Sprintf("copy it into the repository, or give its address; for one command alone: deplock add TOOL --catalogue %s", args[1]),
						"%s does not lie below the folder of %s, which others have too", args[1], c.name())
				}
				r.URL, r.Path = "", filepath.ToSlash(rel)
			}
			if r, err = c.pinned(cmd.Context(), f.online, file, r); err != nil {
				return err
			}
			return c.writeRegistries(cmd.Context(), f.dryRun, []lock.Registry{r}, !last)
		},
	}
	cmd.Flags().BoolVar(&last, "last", false, "search it after the others")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "print the change and do not write it")
	cmd.Flags().BoolVar(&f.allowHTTP, "allow-http", false, "pin what comes over plain http")
	f.online.register(cmd)
	return cmd
}

func (c *command) catalogueListCommand() *cobra.Command {
	var f catalogueFlags
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Show the registries in which names are found, in their order",
		Args:  arguments(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			file, err := c.fileOrNone()
			if err != nil {
				return err
			}
			registries, err := c.registries(cmd.Context(), f, file)
			if err != nil {
				return err
			}
			t := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "NAME\tTOOLS\tSHA256\tFROM")
			for _, r := range registries {
				entries, err := r.Entries()
				if err != nil {
					return err
				}
				digest, from := "-", "part of deplock"
				for _, pin := range file.Catalogue {
					if pin.Name == r.Name {
						digest, from = fmt.Sprintf("%.12s", pin.Digest), cmp.Or(source.Redact(pin.URL), pin.Path)
					}
				}
				fmt.Fprintf(t, "%s\t%d\t%s\t%s\n", r.Name, len(entries), digest, from)
			}
			return t.Flush()
		},
	}
	f.online.register(cmd)
	return cmd
}

const catalogueUsage = "FILE|URL of a registry in aqua's format, searched before those of the lockfile; may be given again"

// catalogueFlags are the options of the commands that look names up.
type catalogueFlags struct {
	online
	others []string
}

func (f *catalogueFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.others, "catalogue", nil, catalogueUsage)
}

// store returns where the lockfile's registries are kept. A nil client asks nobody.
func (c *command) store(client *fetch.Client) catalogue.Store {
	s := catalogue.Store{Folder: filepath.Dir(c.name())}
	if dir := c.userCache(); dir != "" {
		s.Cache = &cache.Store{Root: filepath.Join(dir, "deplock")}
	}
	if client != nil {
		s.Read = func(ctx context.Context, address string) ([]byte, error) {
			return client.Read(ctx, fetch.Artifact{Name: "catalogue", URL: address}, catalogue.MaxSize)
		}
	}
	return s
}

// userCache returns the directory of this user's caches, or "" if it is not known.
func (c *command) userCache() string {
	home := func(elem ...string) string {
		if dir := c.getenv("HOME"); dir != "" {
			return filepath.Join(append([]string{dir}, elem...)...)
		}
		return ""
	}
	switch {
	case runtime.GOOS == "windows":
		return c.getenv("LocalAppData")
	case c.getenv("XDG_CACHE_HOME") != "":
		return c.getenv("XDG_CACHE_HOME")
	case runtime.GOOS == "darwin":
		return home("Library", "Caches")
	}
	return home(".cache")
}

// catalogueClient returns what asks for registries, which policy.hosts is not about.
func (c *command) catalogueClient(o online, file *lock.File) (*update.Client, error) {
	anywhere := *file
	anywhere.Policy = lock.Policy{}
	return c.client(o, &anywhere)
}

// registries returns where names are looked up, in their order: what the options name,
// what the lockfile pins, and, if it pins nothing, what is part of the program.
func (c *command) registries(ctx context.Context, f catalogueFlags, file *lock.File) ([]*catalogue.Registry, error) {
	client, err := c.catalogueClient(f.online, file)
	if err != nil {
		return nil, err
	}
	store := c.store(client.Fetch)
	var all []*catalogue.Registry
	for _, name := range f.others {
		var data []byte
		if strings.Contains(name, "://") {
			if err := c.refusePlain(f.online, client, name); err != nil {
				return nil, err
			}
			data, err = store.Read(ctx, name)
		} else {
			data, err = regular.Read(name, catalogue.MaxSize)
		}
		if err == nil {
			var r *catalogue.Registry
			r, err = catalogue.Parse(source.Redact(name), data)
			all = append(all, r)
		}
		if err != nil {
			return nil, err
		}
	}
	for _, pin := range file.Catalogue {
		r, err := store.Load(ctx, pin)
		if err != nil {
			return nil, explainCatalogue(pin, err)
		}
		all = append(all, r)
	}
	if len(file.Catalogue) == 0 {
		all = append(all, catalogue.Builtin())
	}
	return all, nil
}

func explainCatalogue(pin lock.Registry, err error) error {
	if _, ok := errors.AsType[*catalogue.DigestError](err); ok {
		hint := "if it has been changed on purpose: deplock catalogue update " + pin.Name
		return &console.Error{Err: err, Code: exit.WrongBytes, Hint: hint}
	}
	return err
}

// refusePlain returns an error for an address of plain http, unless that is allowed.
func (c *command) refusePlain(o online, client *update.Client, address string) error {
	asked := cmp.Or(client.Fetch.Source.Rewrite(address), address)
	if strings.HasPrefix(asked, "http://") && !o.allowHTTP {
		return &update.InsecureError{Dep: "catalogue", URL: asked}
	}
	return nil
}

// pinned returns r with the sha256 of what it is now.
func (c *command) pinned(ctx context.Context, o online, file *lock.File, r lock.Registry) (lock.Registry, error) {
	client, err := c.catalogueClient(o, file)
	if err != nil {
		return r, err
	}
	store := c.store(client.Fetch)
	var data []byte
	from := r.URL
	if r.Path != "" {
		from = r.Path
		data, err = regular.Read(filepath.Join(store.Folder, filepath.FromSlash(r.Path)), catalogue.MaxSize)
	} else if err = c.refusePlain(o, client, r.URL); err == nil {
		data, err = store.Read(ctx, r.URL)
	}
	if err != nil {
		return r, err
	}
	registry, err := catalogue.Parse(r.Name, data)
	if err == nil {
		_, err = registry.Entries()
	}
	if err != nil {
		return r, console.Usagef("want a registry in aqua's format", "%s: %w", source.Redact(from), err)
	}
	if r.Path == "" {
		store.Keep(data)
	}
	r.Digest = sha256.Sum256(data)
	return r, nil
}

// updateCatalogue pins the newest release of registries, or the public one if there is
// none.
func (c *command) updateCatalogue(ctx context.Context, f lockFlags, names []string) error {
	file, err := c.openAdded()
	if err != nil {
		return err
	}
	pins := file.Catalogue
	if len(pins) == 0 && len(names) == 0 {
		names = []string{catalogue.PublicName}
	}
	var wanted []lock.Registry
	for _, pin := range pins {
		if len(names) == 0 || slices.Contains(names, pin.Name) {
			wanted = append(wanted, pin)
		}
	}
	for _, name := range names {
		switch {
		case slices.ContainsFunc(pins, func(r lock.Registry) bool { return r.Name == name }):
		case name == catalogue.PublicName:
			wanted = append(wanted, lock.Registry{Name: name})
		default:
			return console.Usagef("deplock catalogue list shows what there is", "no registry is called %s", name)
		}
	}
	for i := range wanted {
		if wanted[i], err = c.newestRegistry(ctx, f.online, file, wanted[i]); err != nil {
			return err
		}
	}
	return c.writeRegistries(ctx, f.dryRun, wanted, false)
}

// newestRegistry returns r at its newest release, if its address names one.
func (c *command) newestRegistry(ctx context.Context, o online, file *lock.File, r lock.Registry) (lock.Registry, error) {
	client, err := c.catalogueClient(o, file)
	if err != nil {
		return r, err
	}
	repository, tag, fresh := catalogue.PublicRepository, "", r.URL == "" && r.Path == ""
	ok := fresh
	if !fresh {
		repository, tag, ok = catalogue.ReleaseOf(r.URL)
	}
	if ok {
		found, err := client.Release.Latest(ctx, lock.Latest{GitHub: repository}, tag)
		if _, odd := errors.AsType[*release.VersionError](err); err != nil && !odd {
			return r, fmt.Errorf("catalogue %s: %w", r.Name, err)
		}
		switch {
		case fresh:
			r.URL = catalogue.PublicAddress(found.Tag)
		case err == nil && found.Newer:
			r.URL = strings.Replace(r.URL, "/"+tag+"/", "/"+found.Tag+"/", 1)
		case err == nil:
			return r, nil
		}
	}
	return c.pinned(ctx, o, file, r)
}

// writeRegistries pins registries, and says what has changed.
func (c *command) writeRegistries(ctx context.Context, dryRun bool, registries []lock.Registry, first bool) error {
	change := func(doc *edit.Document) error {
		for _, r := range registries {
			if err := doc.SetRegistry(r, first); err != nil {
				return err
			}
		}
		return nil
	}
	t, err := openTarget(c.name())
	if err != nil {
		return err
	}
	if dryRun {
		return c.preview(t, change)
	}
	started := t.fresh
	changed, err := t.apply(ctx, change)
	if err != nil {
		return err
	}
	if started {
		c.printf("%s is started\n", t.name)
	}
	for _, r := range registries {
		c.printf("catalogue %s: %s, sha256 %s\n", r.Name, cmp.Or(source.Redact(r.URL), r.Path), r.Digest)
	}
	if !changed {
		c.printf("%s is up to date\n", c.name())
	}
	return nil
}
