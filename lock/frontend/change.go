package frontend

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"

	"depfetch/fetch/cmdline"
	"depfetch/fetch/source"
	"depfetch/lock"
	"depfetch/lock/dockerfile"
	"depfetch/lock/sync"
)

// change is one change of a definition.
type change struct {
	*target
	ctx context.Context // of the Solve that it belongs to
	*rewriter
	blobs map[string]blob  // the files that BuildKit downloads, by the digest of the step
	adds  map[string]place // the sources of ADDs, by the digest that they had
}

// apply returns the changed definition.
func (c *change) apply(def *pb.Definition) (*pb.Definition, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return rewrite(def, c.edit)
}

// edit changes a step. It implements the argument of rewrite.
func (c *change) edit(w *rewriter, s *step) (bool, error) {
	if c.rewriter == nil {
		c.rewriter = w
		if err := c.findAdds(); err != nil {
			return false, err
		}
	}
	exec := s.GetExec()
	switch {
	case exec != nil && slices.Contains(exec.Meta.Env, markDeps):
		return c.deps(s)
	case exec != nil && slices.Contains(exec.Meta.Env, "DEPFETCH_LOCK="+ownLock):
		return false, nil // by another build, whose result is a context of this one
	}
	if at, ok := c.adds[s.name]; ok {
		return c.add(s, at)
	}
	if at, ok := c.place(s); ok && exec != nil {
		return c.run(s, at)
	}
	return false, nil
}

// findAdds finds the addresses that ADDs take. BuildKit gives a line to the copy alone.
func (c *change) findAdds() error {
	for _, name := range slices.Sorted(maps.Keys(c.ops)) {
		s, err := c.step(name)
		if err != nil {
			return err
		}
		at, ok := c.place(s)
		if !ok || s.GetFile() == nil {
			continue
		}
		if err := c.read(c.ctx); err != nil {
			return err
		}
		own := c.isAdd(at)
		if !own && !c.isOnbuild(at) {
			continue
		}
		for _, in := range s.Inputs {
			from, err := c.step(in.Digest)
			if err != nil {
				return err
			}
			src := from.GetSource()
			switch {
			case src == nil:
			case fetchable(src.Identifier) && src.Attrs[pb.AttrHTTPChecksum] == "":
				if _, ok := c.adds[in.Digest]; !ok || own {
					c.adds[in.Digest] = at
				}
			case moves(src):
				if err := c.leaveAt(at, "it takes a repository", "name its commit in the address"); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// isAdd reports whether an ADD is at a place.
func (c *change) isAdd(at place) bool {
	return slices.ContainsFunc(c.own[0].File.Stages, func(s *dockerfile.Stage) bool {
		return slices.ContainsFunc(s.Instructions, func(in *dockerfile.Instruction) bool {
			_, ok := in.Command.(*instructions.AddCommand)
			return ok && c.starts(c.own[0], in.Start, at)
		})
	})
}

// place returns where a step stands in the Dockerfile.
func (c *change) place(s *step) (place, bool) {
	for _, l := range s.at {
		infos := c.from.Source.Infos
		if int(l.SourceIndex) < len(infos) && c.build.mine(infos[l.SourceIndex]) && len(l.Ranges) > 0 {
			return place{c.build.source.SourceMap, l.Ranges}, true
		}
	}
	return place{}, false
}

// add gives a pinned ADD its checksum.
func (c *change) add(s *step, at place) (bool, error) {
	src := s.GetSource()
	address, err := cmdline.Normalize(src.Identifier, "", false)
	if err != nil {
		return false, nil // BuildKit says why
	}
	if pin, ok := c.pins[address.URL]; ok {
		if pin.Unpinned != "" {
			return false, nil
		}
		if src.Attrs == nil {
			src.Attrs = make(map[string]string)
		}
		src.Attrs[pb.AttrHTTPChecksum] = "sha256:" + pin.Digest.String()
		src.Identifier = c.build.rewritten(src.Identifier)
		s.at = c.location(at)
		return true, nil
	}
	if c.isOnbuild(at) {
		return false, c.leaveAt(at, "an ONBUILD of its base takes "+source.Redact(address.URL)+", which is not pinned", sync.HintOnbuild)
	}
	for _, a := range c.own[0].Adds {
		if c.starts(c.own[0], a.Instruction.Start, at) {
			v := a.Judge(c.pins)
			if v.Moves {
				return false, c.leave(c.own[0], at, v.Reasons)
			}
		}
	}
	return false, at.locate(fault("deplock sync, or deplock add NAME URL where sync leaves the ADD", "%s is not pinned", source.Redact(address.URL)))
}

// starts reports whether an offset is where a step begins.
func (c *change) starts(r *sync.Reading, offset int, at place) bool {
	return r.File.Position(offset).Line == int(at.ranges[0].Start.Line)
}

// run gives a RUN that is adopted what sync mounts into it, and what it downloads.
func (c *change) run(s *step, at place) (bool, error) {
	if err := c.read(c.ctx); err != nil {
		return false, err
	}
	readings := c.own
	spec := s.Platform.Spec()
	if platforms.Format(platforms.Normalize(spec)) != platforms.Format(platforms.Normalize(c.spec)) {
		readings = c.others
	}
	var (
		reading *sync.Reading
		run     *sync.Run
		v       sync.Verdict
	)
	for _, r := range readings {
		i := slices.IndexFunc(r.Runs, func(run *sync.Run) bool { return c.starts(r, run.Instruction.Start, at) })
		if i < 0 {
			continue
		}
		reading, run = r, r.Runs[i]
		if err := c.scripts(run); err != nil {
			return false, at.locate(err)
		}
		if v = run.Judge(c.pins); v.Adopt {
			break
		}
	}
	switch {
	case run == nil && c.isOnbuild(at) && asks.MatchString(strings.Join(s.GetExec().Meta.Args, " ")):
		return false, c.leaveAt(at, "an ONBUILD of its base runs curl or wget", sync.HintOnbuild)
	case run == nil:
		return false, c.leaveRest(at)
	case run.Adopted() && run.LockPath != c.build.lockPath:
		return false, nil
	case spec.OS != "linux":
		return false, c.leave(reading, at, []sync.Reason{{At: run.Instruction.Start, What: "it runs on " + spec.OS + ", and depfetch takes the place of curl and wget on Linux alone"}})
	}
	// depfetch asks for nothing else than what is pinned, so that what the RUN asks for
	// may be known there alone. Elsewhere, the programs of the image would be asked.
	all := v.Unknown && (c.build.strict || s.GetExec().Network == pb.NetMode_NONE)
	switch {
	case v.Lacks && !onlyLocal(run, c.pins):
		return false, c.refuse(reading, at, v.Reasons)
	case v.Adopt, all:
	case run.Adopted():
		return false, nil // depfetch refuses there what is not pinned
	default:
		return false, c.leave(reading, at, v.Reasons)
	}
	meta := s.GetExec().Meta
	if list := env(meta, "PATH"); !run.Adopted() && !slices.Contains(strings.Split(list, ":"), run.Dir) {
		return false, c.leave(reading, at, []sync.Reason{{At: run.Instruction.Start, What: "its PATH has no " + run.Dir, Hint: "put it in front of the others"}})
	}
	return true, c.mount(s, run, at, all)
}

// leaveRest leaves a step that calls neither curl nor wget, as far as is known, for the
// reasons that sync has, if it has any.
func (c *change) leaveRest(at place) error {
	r := c.own[0]
	reasons := slices.DeleteFunc(slices.Clone(r.Left), func(reason sync.Reason) bool { return !c.starts(r, r.File.Start(reason.At), at) })
	if len(reasons) == 0 {
		return nil
	}
	return c.leave(r, at, reasons)
}

// mount mounts depfetch, a lockfile and the files into a RUN: those that it asks for, or
// all lines of urls.
func (c *change) mount(s *step, run *sync.Run, at place, all bool) error {
	files := &downloads{text: c.build.lockText(), at: func(lock.Pin) place { return at }, shared: run.Fetches}
	for _, call := range run.Calls {
		for _, r := range call.Requests {
			if pin, ok := c.pins[r.URL]; ok {
				files.add(pin, r.Header == "" && !r.Netrc, true)
			}
		}
	}
	if all {
		for _, pin := range c.build.file.URLs {
			files.add(pin, true, false)
		}
	}
	if !run.Fetches {
		text, err := excerpt(c.build.file, files.lines)
		if err != nil {
			return err
		}
		files.text = text
	}
	switch {
	case run.Adopted() && !run.Fetches:
		s.unmount(sync.LockTarget) // of which every change would run the step again
	case !run.Adopted():
		st, err := c.build.shims.state(c.ctx, s.Platform.Spec())
		if err != nil {
			return err
		}
		shim, err := c.input(c.ctx, st, nil)
		if err != nil {
			return err
		}
		for _, tool := range run.Tools() {
			s.mount(shim, "/depfetch", path.Join(run.Dir, tool))
		}
	}
	return c.withPins(s, files)
}

// scripts reads the pinned scripts that a RUN downloads and runs.
func (c *change) scripts(run *sync.Run) error {
	for range scriptDepth {
		more := false
		for _, r := range run.Scripts() {
			pin, ok := c.pins[r.URL]
			if !ok || pin.Unpinned != "" || !run.Judge(c.pins).Adopt || !fetchable(r.URL) {
				continue
			}
			st := download(pin, c.build.addresses(pin)[0])
			ref, _, err := c.build.solve(c.ctx, &st)
			var text []byte
			if err == nil {
				text, err = ref.ReadFile(c.ctx, client.ReadRequest{Filename: pin.Digest.String(), Range: &client.FileRange{Length: maxScript + 1}})
			}
			if err != nil {
				return fmt.Errorf("%s runs, and cannot be read: %v", source.Redact(r.URL), err)
			}
			run.ReadScript(r, text)
			more = true
		}
		if !more {
			return nil
		}
	}
	if run.Judge(c.pins).Adopt {
		run.LeaveScripts()
	}
	return nil
}

const (
	scriptDepth = 4       // how deep scripts that download scripts are followed
	maxScript   = 1 << 20 // how much of a script is read, in bytes
)

// onlyLocal reports whether all that a RUN lacks are addresses that only the build serves.
func onlyLocal(run *sync.Run, p pins) bool {
	for _, call := range run.Calls {
		for _, r := range call.Requests {
			if _, ok := p[r.URL]; !ok && r.Moving == "" && !r.Local {
				return false
			}
		}
	}
	return true
}

// refuse returns the error for a step that asks for what is not pinned.
func (c *change) refuse(r *sync.Reading, at place, reasons []sync.Reason) error {
	var errs []error
	for _, reason := range reasons {
		errs = append(errs, fault(reason.Hint, "%s", shownReason(r, reason)))
	}
	return at.locate(errors.Join(errs...))
}

// leave warns of a step that is built as the Dockerfile says. In strict builds it returns
// an error.
func (c *change) leave(r *sync.Reading, at place, reasons []sync.Reason) error {
	if c.build.strict {
		if len(reasons) == 0 {
			return nil // the lockfile says so
		}
		return c.refuse(r, at, reasons)
	}
	for _, reason := range reasons {
		c.build.warn(c.ctx, at, shownReason(r, reason), reason.Hint)
	}
	return nil
}

// shownReason returns a reason of package sync with its place.
func shownReason(r *sync.Reading, reason sync.Reason) string {
	name, p := r.File.Place(reason.At)
	return fmt.Sprintf("%s:%d:%d: %s", name, p.Line, p.Col, reason.What)
}

// env returns a variable of a step.
func env(meta *pb.Meta, name string) string {
	value := ""
	for _, kv := range meta.Env {
		if v, ok := strings.CutPrefix(kv, name+"="); ok {
			value = v
		}
	}
	return value
}

// setEnv sets a variable of a step. Of two values, programs see the first.
func setEnv(meta *pb.Meta, name, value string) {
	meta.Env = slices.DeleteFunc(meta.Env, func(kv string) bool { return strings.HasPrefix(kv, name+"=") })
	meta.Env = append(meta.Env, name+"="+value)
}
