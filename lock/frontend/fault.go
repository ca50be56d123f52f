package frontend

import (
	"errors"
	"fmt"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/errdefs"
	"github.com/moby/buildkit/solver/pb"

	"depfetch/lock"
)

// fault returns an error. A hint, which may be empty, says what the user can do.
func fault(hint, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	if hint == "" {
		return err
	}
	return fmt.Errorf("%w (%s)", err, hint)
}

// place is a place in a file of the build.
type place struct {
	sm     *llb.SourceMap
	ranges []*pb.Range
}

// info returns the file as BuildKit shows it.
func (p place) info() *pb.SourceInfo {
	info := &pb.SourceInfo{Data: p.sm.Data, Filename: p.sm.Filename, Language: p.sm.Language}
	if p.sm.Definition != nil {
		info.Definition = p.sm.Definition.ToPB()
	}
	return info
}

// locate gives an error its place, which BuildKit shows as it shows its own.
func (p place) locate(err error) error {
	return errdefs.WithSource(err, &errdefs.Source{Info: p.info(), Ranges: p.ranges})
}

// position returns the range of a line. Columns count from 0 in BuildKit.
func position(line, column int) *pb.Range {
	at := &pb.Position{Line: int32(line), Character: int32(max(0, column-1))}
	return &pb.Range{Start: at, End: at}
}

// locateLock gives the errors of a lockfile their places in it.
func locateLock(err error, sm *llb.SourceMap) error {
	var list lock.ErrorList
	if !errors.As(err, &list) || len(list) == 0 {
		return err
	}
	var ranges []*pb.Range
	for _, e := range list {
		ranges = append(ranges, position(e.Line, e.Col))
	}
	if hint := list[0].Hint; hint != "" {
		err = fmt.Errorf("%w (%s)", err, hint)
	}
	return place{sm, ranges}.locate(err)
}
