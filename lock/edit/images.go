package edit

import "depfetch/lock"

// imagesComment stands above the table images where SetImages makes it.
const imagesComment = "# What Dockerfiles start from. deplock pin --to-lockfile keeps it, sorted.\n"

// SetImages sets lines of images, as SetPins sets those of urls.
func (d *Document) SetImages(images ...lock.Image) error {
	var added []Entry
	for _, i := range images {
		path, want := []string{"images", i.Name}, []Entry{{Key: "digest", Value: "sha256:" + i.Digest.String()}}
		if i.By != "" {
			want = append(want, Entry{Key: "by", Value: i.By})
		}
		if have := d.table(path...); have == nil {
			added = append(added, Entry{Key: i.Name, Value: want})
		} else if err := d.transact(func() { d.setLine(path, have, want, "by") }, effect{path, want}); err != nil {
			return err
		}
	}
	return d.addLines("images", imagesComment, added)
}

// RemoveImages takes lines of images away, as RemovePins does those of urls.
func (d *Document) RemoveImages(names ...string) error { return d.removeLines("images", names) }
