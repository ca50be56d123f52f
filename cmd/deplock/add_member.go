package main

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/exit"
	"depfetch/lock"
	"depfetch/lock/assets"
	"depfetch/lock/catalogue"
	"depfetch/lock/update"
)

// withoutOthers takes the platforms out for which a file that names no architecture has
// turned out to be none.
func (r *repository) withoutOthers(p *picked, addresses *[]catalogue.Addresses, looked *[]update.Looked) error {
	for i := len(p.files) - 1; i >= 0; i-- {
		l, platform := (*looked)[i], p.platforms[i]
		fits := func(q update.Program) bool { return q.Runs(platform) }
		if len(l.Programs) == 0 || slices.ContainsFunc(l.Programs, fits) || assets.NamesArch(p.files[i], p.tag.Version) {
			continue
		}
		err := fmt.Errorf("no file is for %s; the programs of %s are for other platforms", platform, p.files[i])
		p.platforms, p.files = slices.Delete(p.platforms, i, i+1), slices.Delete(p.files, i, i+1)
		*addresses, *looked = slices.Delete(*addresses, i, i+1), slices.Delete(*looked, i, i+1)
		p.missing = append(p.missing, platform)
		if !r.flags.skipMissing || len(p.files) == 0 {
			return r.lacks(p, err)
		}
	}
	return nil
}

// members sets what is taken out of the archives, and returns the dependency's name.
func (r *repository) members(p *picked, addresses []catalogue.Addresses, looked []update.Looked) (string, error) {
	repo := path.Base(p.repo)
	stem := assets.Stem(p.files[0], p.tag.Version)
	if r.flags.dep.Member != "" || r.flags.unpack != "" && r.flags.unpack != "false" {
		return cmp.Or(r.name, dependencyName(stem), repo), nil
	}
	names := slices.DeleteFunc([]string{r.name, stem, packageOf(p.tag), repo}, func(n string) bool { return n == "" })
	command := ""
	for i, l := range looked {
		file, platform := p.files[i], p.platforms[i]
		switch {
		case l.Err != nil && !l.Packed:
			continue // the lock step says what is wrong
		case l.Err != nil:
			return "", &console.Error{Err: fmt.Errorf("%s: %w", file, l.Err), Code: exit.Failure}
		case !l.Packed:
			if len(l.Programs) == 0 && r.flags.dep.Path == "" {
				return "", console.Usagef("--path FILE says where it is to land", "%s is no program", file)
			}
			continue
		case l.Single:
			addresses[i].Member = cmp.Or(r.name, dependencyName(stem), repo)
			continue
		}
		member, err := r.member(l, file, platform, names, p)
		if err != nil {
			return "", err
		}
		addresses[i].Member = member
		if command == "" {
			command = programName(member, p.tag.Version)
			names = []string{command}
		}
		if strip, ok := treeOf(member); ok {
			r.console.Hintf("%s lies in a tree; if it needs the rest of it: --unpack=strip=%d --path DIR", command, strip)
		}
	}
	packed := slices.ContainsFunc(addresses, func(a catalogue.Addresses) bool { return a.Member != "" })
	if i := slices.IndexFunc(addresses, func(a catalogue.Addresses) bool { return a.Member == "" }); packed && i >= 0 {
		return "", &console.Error{Code: exit.Failure, Hint: "lock some platforms alone: --platform " + p.platforms[i].String(),
			Err: fmt.Errorf("%s %s is an archive for some platforms, and the file itself for %s", r.page.Repo, p.Tag, p.platforms[i])}
	}
	return cmp.Or(r.name, dependencyName(command), dependencyName(stem), repo), nil
}

// programName returns the name of a program without platform and version.
func programName(member, version string) string {
	return cmp.Or(assets.Stem(path.Base(member), version), path.Base(member))
}

// treeOf reports whether a member lies in a directory bin, beside which there may be what
// it needs, and below how many others that is.
func treeOf(member string) (strip int, ok bool) {
	elems := strings.Split(member, "/")
	strip = slices.Index(elems, "bin")
	return strip, strip >= 0 && strip == len(elems)-2
}

// member finds the program in an archive: the one that is called by a name, the likeliest
// first, else the only one that is no script. Otherwise it asks.
func (r *repository) member(l update.Looked, file string, platform lock.Platform, names []string, p *picked) (string, error) {
	var binaries, all []string
	for _, q := range l.Programs {
		if q.Runs(platform) && !strings.Contains(path.Base(q.Name), ".so") {
			all = append(all, q.Name)
			if len(q.Machines) > 0 {
				binaries = append(binaries, q.Name)
			}
		}
	}
	for _, some := range [][]string{binaries, all} {
		for _, name := range names {
			called := slices.DeleteFunc(slices.Clone(some), func(m string) bool {
				return programName(m, p.tag.Version) != name && path.Base(m) != name && path.Base(m) != name+".exe"
			})
			if len(called) == 1 {
				return called[0], nil
			}
		}
		if len(binaries) == 1 { // a script of another name may be the configure of sources
			return binaries[0], nil
		}
	}
	if len(all) == 0 {
		return "", &console.Error{Code: exit.Failure, Hint: "--member FILE takes a file out of it, --unpack all of it into the directory --path",
			Err: fmt.Errorf("%s holds no program for %s", file, platform)}
	}
	holds := "several programs"
	if len(all) == 1 {
		holds = "nothing but a script to run, of another name"
	}
	if i, ok := r.command.choose(fmt.Sprintf("%s holds %s; which one?", file, holds), all); ok {
		return all[i], nil
	}
	return "", &console.Error{Code: exit.Failure, Hint: "--member FILE takes one of them out; a glob may stand for what differs: --member '*/" + path.Base(all[0]) + "'",
		Err: fmt.Errorf("%s holds %s:\n%s", file, holds, strings.Join(all[:min(len(all), 20)], "\n"))}
}
