package frontend

import (
	"context"
	"slices"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	"google.golang.org/protobuf/proto"
)

// rewriter copies the definition of a build, and changes steps on the way.
type rewriter struct {
	from, to *pb.Definition
	ops      map[string][]byte // of from
	done     map[string]string // the digests in to, by those in from
	have     map[string]bool   // the digests in to
}

// step is one operation of a build.
type step struct {
	*pb.Op
	name string         // its digest before the change
	at   []*pb.Location // where it stands in the sources of the definition
}

// rewrite returns a definition whose steps edit has changed. Edit reports whether it has
// changed a step; those that depend on one are changed with it.
func rewrite(def *pb.Definition, edit func(*rewriter, *step) (bool, error)) (*pb.Definition, error) {
	w := &rewriter{
		from: def, ops: make(map[string][]byte), done: make(map[string]string), have: make(map[string]bool),
		to: &pb.Definition{Metadata: make(map[string]*pb.OpMetadata), Source: &pb.Source{Locations: make(map[string]*pb.Locations)}},
	}
	if def.Source != nil {
		w.to.Source.Infos = slices.Clone(def.Source.Infos)
	}
	last := ""
	for _, data := range def.Def {
		last = digest.FromBytes(data).String()
		w.ops[last] = data
	}
	if last == "" {
		return def, nil
	}
	if _, err := w.copy(last, edit); err != nil {
		return nil, err
	}
	return w.to, nil
}

// copy copies a step once those are copied that it depends on, and returns its digest.
func (w *rewriter) copy(name string, edit func(*rewriter, *step) (bool, error)) (string, error) {
	if to, ok := w.done[name]; ok {
		return to, nil
	}
	s, err := w.step(name)
	if err != nil {
		return "", err
	}
	data, changed := w.ops[name], false
	for _, in := range s.Inputs {
		to, err := w.copy(in.Digest, edit)
		if err != nil {
			return "", err
		}
		changed, in.Digest = changed || to != in.Digest, to
	}
	edited, err := edit(w, s)
	if err != nil {
		return "", err
	}
	if changed || edited {
		if data, err = (proto.MarshalOptions{Deterministic: true}).Marshal(s.Op); err != nil {
			return "", err
		}
	}
	to := w.put(data, w.from.Metadata[name], s.at)
	w.done[name] = to
	return to, nil
}

// step returns a step as it was.
func (w *rewriter) step(name string) (*step, error) {
	s := &step{Op: new(pb.Op), name: name, at: w.from.Source.GetLocations()[name].GetLocations()}
	return s, proto.Unmarshal(w.ops[name], s.Op)
}

// put appends a step, unless it is there.
func (w *rewriter) put(data []byte, meta *pb.OpMetadata, at []*pb.Location) string {
	name := digest.FromBytes(data).String()
	if w.have[name] {
		return name
	}
	w.have[name] = true
	w.to.Def = append(w.to.Def, data)
	if meta != nil {
		w.to.Metadata[name] = meta
	}
	if len(at) > 0 {
		w.to.Source.Locations[name] = &pb.Locations{Locations: at}
	}
	return name
}

// input adds the steps of a state, which get a place in the sources, and returns what
// they lead to.
func (w *rewriter) input(ctx context.Context, st llb.State, at []*pb.Location) (*pb.Input, error) {
	marshalled, err := st.Marshal(ctx)
	if err != nil {
		return nil, err
	}
	def := marshalled.ToPB()
	if len(def.Def) == 0 {
		return nil, nil // an empty folder
	}
	last := len(def.Def) - 1
	for _, data := range def.Def[:last] {
		w.put(data, def.Metadata[digest.FromBytes(data).String()], at)
	}
	var end pb.Op
	if err := proto.Unmarshal(def.Def[last], &end); err != nil {
		return nil, err
	}
	return end.Inputs[0], nil
}

// location returns a place of the sources as the steps of the new definition have it.
func (w *rewriter) location(p place) []*pb.Location {
	infos := w.to.Source.Infos
	i := slices.IndexFunc(infos, func(o *pb.SourceInfo) bool { return o.Filename == p.sm.Filename && string(o.Data) == string(p.sm.Data) })
	if i < 0 {
		i, w.to.Source.Infos = len(infos), append(infos, p.info())
	}
	return []*pb.Location{{SourceIndex: int32(i), Ranges: p.ranges}}
}

// mount mounts what an input holds at a path into a command, read-only.
func (s *step) mount(in *pb.Input, selector, dest string) {
	i := slices.IndexFunc(s.Inputs, func(o *pb.Input) bool { return o.Digest == in.Digest && o.Index == in.Index })
	if i < 0 {
		i = len(s.Inputs)
		s.Inputs = append(s.Inputs, in)
	}
	exec := s.GetExec()
	exec.Mounts = append(exec.Mounts, &pb.Mount{
		Input: int64(i), Selector: selector, Dest: dest, Output: int64(pb.SkipOutput), Readonly: true, MountType: pb.MountType_BIND,
	})
}

// unmount takes away what is mounted at a path, with the input that nothing else uses.
func (s *step) unmount(dest string) {
	exec := s.GetExec()
	exec.Mounts = slices.DeleteFunc(exec.Mounts, func(m *pb.Mount) bool { return m.Dest == dest })
	for i := len(s.Inputs) - 1; i >= 0; i-- {
		if slices.ContainsFunc(exec.Mounts, func(m *pb.Mount) bool { return m.Input == int64(i) }) {
			continue
		}
		s.Inputs = slices.Delete(s.Inputs, i, i+1)
		for _, m := range exec.Mounts {
			if m.Input > int64(i) {
				m.Input--
			}
		}
	}
}
