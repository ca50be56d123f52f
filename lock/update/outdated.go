package update

import (
	"context"

	"golang.org/x/sync/errgroup"

	"depfetch/lock"
	"depfetch/lock/release"
)

// Newest is the latest version of a dependency.
type Newest struct {
	Dep *lock.Dep
	release.Result
	Err error // why it is not known
}

// Newest finds the latest versions of all dependencies whose latest says where versions
// are listed, in their order.
func (c *Client) Newest(ctx context.Context, deps []*lock.Dep) []Newest {
	var all []Newest
	for _, d := range deps {
		if d.Latest != nil {
			all = append(all, Newest{Dep: d})
		}
	}
	var g errgroup.Group
	g.SetLimit(max(c.Fetch.Jobs, 1))
	for i := range all {
		g.Go(func() error {
			n := &all[i]
			var accept func(string) bool
			if c.Accepts != nil {
				accept = c.Accepts(n.Dep)
			}
			n.Result, n.Err = c.Release.LatestAccepted(ctx, *n.Dep.Latest, n.Dep.Version, accept)
			return nil
		})
	}
	g.Wait()
	return all
}
