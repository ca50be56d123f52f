package update

import (
	"cmp"
	"context"
	"slices"

	"depfetch/fetch"
	"depfetch/fetch/cache"
	"depfetch/fetch/unpack"
)

// MemberChange is a member in which two archives differ.
type MemberChange struct {
	Name string `json:"name"`
	How  string `json:"how"` // "added", "removed" or "changed"
}

// compareMembers compares two archives in a cache. It returns nil if one is missing or
// cannot be unpacked.
func (c *Client) compareMembers(ctx context.Context, store *cache.Store, old, new fetch.Digest) []MemberChange {
	before, err := c.members(ctx, store, old)
	if err != nil {
		return nil
	}
	after, err := c.members(ctx, store, new)
	if err != nil {
		return nil
	}
	var changes []MemberChange
	for name, entry := range before {
		if now, ok := after[name]; !ok {
			changes = append(changes, MemberChange{Name: name, How: "removed"})
		} else if now != entry {
			changes = append(changes, MemberChange{Name: name, How: "changed"})
		}
	}
	for name := range after {
		if _, ok := before[name]; !ok {
			changes = append(changes, MemberChange{Name: name, How: "added"})
		}
	}
	slices.SortFunc(changes, func(a, b MemberChange) int { return cmp.Compare(a.Name, b.Name) })
	return changes
}

// members returns the entries of an archive that are not directories, by name.
func (c *Client) members(ctx context.Context, store *cache.Store, d fetch.Digest) (map[string]unpack.Entry, error) {
	f, err := c.openBlob(ctx, store, d, fetch.SizeUnknown)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	m, err := unpack.Scan(ctx, f, info.Size(), unpack.Options{AbsoluteLinks: true, AbsoluteNames: true, DropSpecialBits: true})
	if err != nil {
		return nil, err
	}
	all := make(map[string]unpack.Entry)
	for _, e := range m.Entries {
		if e.Type != unpack.TypeDir {
			all[e.Name] = e
		}
	}
	return all, nil
}
