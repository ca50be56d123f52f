package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"depfetch/lock/catalogue"
)

// complete tells shells what arguments and values of options there are. It asks no
// server: names of catalogues come from the cache.
func (c *command) complete(root *cobra.Command) {
	dependencies := strings.Fields("update remove audit outdated list")
	values := map[string][]string{
		"add --libc": {"gnu", "musl"}, "export --format": {"sha256sums", "add", "dockerfile", "buildx-policy", "json"},
		"sbom --format": {"spdx", "cyclonedx"}, "scan --format": {"text", "json", "sarif"}, "sync --moving": {"leave", "pin"},
		"audit --severity": {"low", "medium", "high", "critical"},
	}
	platforms := []string{"linux/amd64", "linux/arm64", "linux/arm/v7", "linux/386", "linux/ppc64le", "linux/riscv64", "linux/s390x",
		"darwin/amd64", "darwin/arm64", "windows/amd64", "windows/arm64"}
	for _, cmd := range root.Commands() {
		switch {
		case slices.Contains(dependencies, cmd.Name()):
			cmd.ValidArgsFunction = c.completeDependencies
		case cmd.Name() == "add":
			cmd.ValidArgsFunction = c.completeEntries
		case cmd.Name() == "catalogue":
			for _, sub := range cmd.Commands() {
				if sub.Name() == "update" {
					sub.ValidArgsFunction = c.completeRegistries
				}
			}
		}
		for option, list := range values {
			if name, flag, _ := strings.Cut(option, " --"); name == cmd.Name() {
				cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(list, cobra.ShellCompDirectiveNoFileComp))
			}
		}
		if cmd.Flags().Lookup("platform") != nil {
			cmd.RegisterFlagCompletionFunc("platform", cobra.FixedCompletions(platforms, cobra.ShellCompDirectiveNoFileComp))
		}
	}
}

// completeDependencies completes names of dependencies that are not among the arguments.
func (c *command) completeDependencies(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	c.completedLockfile()
	file, err := c.fileOrNone()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, d := range file.Deps {
		if !slices.Contains(args, d.Name) {
			names = append(names, d.Name)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeRegistries completes names of registries.
func (c *command) completeRegistries(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	c.completedLockfile()
	names := []string{catalogue.PublicName}
	if file, err := c.fileOrNone(); err == nil {
		for _, r := range file.Catalogue {
			names = append(names, r.Name)
		}
	}
	slices.Sort(names)
	names = slices.DeleteFunc(slices.Compact(names), func(n string) bool { return slices.Contains(args, n) })
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeEntries completes the name of a tool of the catalogues that are on this
// machine, with what it is.
func (c *command) completeEntries(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp // an address
	}
	c.completedLockfile()
	file, err := c.fileOrNone()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var registries []*catalogue.Registry
	store := c.store(nil)
	for _, pin := range file.Catalogue {
		if r, err := store.Load(cmd.Context(), pin); err == nil {
			registries = append(registries, r)
		}
	}
	if len(file.Catalogue) == 0 {
		registries = append(registries, catalogue.Builtin())
	}
	var names []string
	for _, r := range registries {
		more, err := r.Names(prefix)
		if err != nil {
			continue
		}
		names = append(names, more...)
	}
	slices.Sort(names)
	return slices.Compact(names), cobra.ShellCompDirectiveNoFileComp
}

// completedLockfile takes the lockfile of the command line that is being completed.
func (c *command) completedLockfile() {
	if n := len(c.lockFiles); n > 0 {
		c.lockFile = c.lockFiles[n-1]
	}
}
