package main

import (
	"context"
	"slices"
	"time"

	"depfetch/cmd/internal/console"
	"depfetch/lock/dockerfile"
	"depfetch/lock/sync"
)

// baseTime is how long registries have to answer about all bases together. What does
// not come in time counts as unknown.
const baseTime = 3 * time.Second

// checkBases refuses an unknown value of --bases.
func (f syncFlags) checkBases() error {
	if f.bases != "ask" && f.bases != "usual" {
		return console.Usagef("", "--bases %q: write ask or usual", f.bases)
	}
	return nil
}

// askBases asks the registries about the bases of stages with RUNs that may be adopted
// now, and reads their Dockerfiles again by the answers: where depfetch is mounted
// depends on PATH, and what a RUN does on SHELL. A base that is not known has what most
// images have.
func (c *command) askBases(ctx context.Context, f syncFlags, g *group) error {
	if f.bases != "ask" || f.noEdit {
		return nil
	}
	images := make(map[*unit]map[string]string) // by what FROM says
	var asked []string
	for _, u := range g.units {
		if u.blocked != nil {
			continue
		}
		images[u] = f.basesOf(u)
		for _, image := range images[u] {
			asked = append(asked, image)
		}
	}
	if len(asked) == 0 {
		return nil
	}
	registry, err := c.registry(f.Options)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, baseTime)
	defer cancel()
	configs := registry.Configs(limited, asked, g.platforms()[0].String())
	if err := context.Cause(ctx); err != nil {
		return err
	}
	for u, bases := range images {
		known := make(map[string]*sync.Base)
		for written, image := range bases {
			if config, ok := configs[image]; ok {
				known[written] = &sync.Base{Path: config.Path, Shell: config.Shell}
			}
		}
		if len(known) == 0 {
			continue
		}
		file, err := dockerfile.Parse(u.name, u.data)
		if err != nil {
			return err
		}
		file.BuildArgs = u.reading.File.BuildArgs
		if err := u.read(file, g, f, known); err != nil {
			return err
		}
	}
	return nil
}

// basesOf returns the images that stages with RUNs start from which may be adopted now,
// by how FROM writes them.
func (f syncFlags) basesOf(u *unit) map[string]string {
	bases := make(map[string]string)
	for _, run := range u.reading.Runs {
		if run.Adopted() || !run.Lockable() || !f.wantsSome(run) {
			continue
		}
		root := run.Stage.Lineage()[0]
		for _, image := range u.reading.File.Images() {
			if image.Where == "FROM" && image.Stage == root && image.Ref.Known() {
				bases[root.Image] = image.Ref.Text
			}
		}
	}
	return bases
}

// wantsSome reports whether sync would lock something that a RUN asks for.
func (f syncFlags) wantsSome(run *sync.Run) bool {
	return slices.ContainsFunc(run.Calls, func(c *sync.Call) bool { return slices.ContainsFunc(c.Requests, f.wanted) })
}
