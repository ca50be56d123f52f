package unpack

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"depfetch/fetch/osfile"
)

// Merge is a plan for moving a tree into a directory where other things lie.
type Merge struct {
	dst    *os.Root
	staged string
	moves  []move
	kept   []keptDir
}

// move is one rename: of a file, a link, or a directory with all below it.
type move struct {
	name  string // the same below the staging directory and in dst
	isDir bool
}

// keptDir is a directory that is there already and is merged into.
type keptDir struct {
	name    string
	modTime time.Time
}

// MergeError says that Apply has stopped in the middle.
type MergeError struct {
	Placed  []string // names that are in place, a directory with all below it
	Missing []string // names that are not, the one that failed first
	Err     error
}

func (e *MergeError) Error() string {
	placed := "nothing is in place"
	if len(e.Placed) > 0 {
		placed = "in place are " + someNames(e.Placed)
	}
	return fmt.Sprintf("placing %q: %v; %s, missing are %s", e.Missing[0], e.Err, placed, someNames(e.Missing))
}

func (e *MergeError) Unwrap() error { return e.Err }

// someNames lists names, but not thousands of them.
func someNames(names []string) string {
	const limit = 20
	if len(names) > limit {
		return fmt.Sprintf("%s and %d more", quoteAll(names[:limit]), len(names)-limit)
	}
	return quoteAll(names)
}

// PlanMerge plans to move what lies in the directory staged, itself somewhere
// below dst, to where it would lie had it been unpacked in dst, as tar does:
//
//   - a directory that is new goes there with all below it;
//   - one that is there is merged into, and keeps its mode, owner and time; so
//     is a link to a directory within dst;
//   - a file or link replaces a file or link of the same name.
//
// PlanMerge changes nothing. It refuses what would turn a directory, or a link
// to one, into a file, or the reverse, except that a link replaces any link;
// what would replace a device, FIFO or socket; what goes through a link that
// leads out of dst; and directories on other file systems, mount points, and
// directories that may not be written in.
func PlanMerge(dst *os.Root, staged string) (*Merge, error) {
	m := &Merge{dst: dst, staged: path.Clean(staged)}
	if !validName(m.staged) {
		return nil, fmt.Errorf("%q does not name a directory below %s", staged, dst.Name())
	}
	dir, err := dst.Open(m.staged)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	mount, err := mountOf(dir, ".")
	if err != nil {
		return nil, err
	}
	if err := m.plan(".", dir, mount); err != nil {
		return nil, fmt.Errorf("merging into %s: %w", dst.Name(), err)
	}
	return m, nil
}

// plan plans the directory name, which is there in dst, and open in the staged
// tree.
func (m *Merge) plan(name string, staged *os.File, mount uint64) error {
	there, err := m.dst.Open(name)
	if err != nil {
		return fmt.Errorf("%q: %w", name, osfile.Cause(err))
	}
	defer there.Close()
	info, err := there.Stat()
	if err != nil {
		return fmt.Errorf("%q: %w", name, osfile.Cause(err))
	}
	if err := mountable(there, mount); err != nil {
		return fmt.Errorf("%q: %w", name, err)
	}
	m.kept = append(m.kept, keptDir{name, info.ModTime()})
	entries, err := staged.ReadDir(-1)
	if err != nil {
		return err
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	for _, e := range entries {
		child := path.Join(name, e.Name())
		merges, err := m.mergeable(child, e, there, mount)
		if err != nil {
			return fmt.Errorf("%q: %w", child, osfile.Cause(err))
		}
		if !merges {
			m.moves = append(m.moves, move{child, e.IsDir()})
			continue
		}
		sub, err := m.dst.Open(path.Join(m.staged, child))
		if err != nil {
			return fmt.Errorf("%q: %w", child, osfile.Cause(err))
		}
		err = m.plan(child, sub, mount)
		sub.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// mountable returns an error if nothing can be renamed into the open directory.
func mountable(dir *os.File, mount uint64) error {
	got, err := mountOf(dir, ".")
	if err != nil {
		return osfile.Cause(err)
	}
	if got != mount {
		return errors.New("it is on another file system")
	}
	if err := writable(dir); err != nil {
		return fmt.Errorf("nothing can be written there: %w", err)
	}
	return nil
}

// mergeable tells whether the directory e is merged with one that is there; if
// not, e replaces what is there, if anything.
func (m *Merge) mergeable(name string, e fs.DirEntry, parent *os.File, mount uint64) (bool, error) {
	info, err := m.dst.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	mode := info.Mode()
	isDir, through := mode.IsDir(), ""
	if mode&fs.ModeSymlink != 0 && (e.IsDir() || e.Type()&fs.ModeSymlink == 0) {
		through = "a link to "
		target, err := m.dst.Stat(name)
		switch {
		case err == nil:
			isDir = target.IsDir()
		case e.IsDir():
			return false, fmt.Errorf("a link is there that leads to no directory within %s, and it would become a directory: %w", m.dst.Name(), osfile.Cause(err))
		case !errors.Is(err, fs.ErrNotExist): // it may be a directory out there
			return false, fmt.Errorf("a link is there that cannot be followed, and it would become a file: %w", osfile.Cause(err))
		}
	}
	switch {
	case mode.Type()&^(fs.ModeDir|fs.ModeSymlink) != 0:
		return false, fmt.Errorf("something that is neither file, directory nor link is there (%v)", mode.Type())
	case e.IsDir() && isDir:
		return true, nil
	case e.IsDir():
		return false, fmt.Errorf("%sa file is there, and it would become a directory", through)
	case isDir:
		return false, fmt.Errorf("%sa directory is there, and it would become a file", through)
	}
	if at, err := mountOf(parent, path.Base(name)); err == nil && at != mount {
		return false, errors.New("something is mounted there")
	}
	return false, nil
}

// Apply carries out the plan. If it fails, the error is a *MergeError. What is
// left below the staging directory, directories that were merged from among it,
// is the caller's to remove.
func (m *Merge) Apply() error {
	err := m.renameAll()
	for _, d := range slices.Backward(m.kept) {
		m.dst.Chtimes(d.name, time.Time{}, d.modTime) // fails for a directory that is another user's
	}
	return err
}

func (m *Merge) renameAll() error {
	for i, mv := range m.moves {
		if err := m.rename(mv); err != nil {
			return &MergeError{namesOf(m.moves[:i]), namesOf(m.moves[i:]), osfile.Cause(err)}
		}
	}
	return nil
}

func (m *Merge) rename(mv move) error {
	from := path.Join(m.staged, mv.name)
	err := m.dst.Rename(from, mv.name)
	if !mv.isDir || !errors.Is(err, fs.ErrPermission) {
		return err
	}
	// To move a directory is to write in it, since its parent is another.
	info, statErr := m.dst.Lstat(from)
	if statErr != nil {
		return err
	}
	if chmodErr := m.dst.Chmod(from, info.Mode().Perm()|0o700); chmodErr != nil {
		return err
	}
	if err := m.dst.Rename(from, mv.name); err != nil {
		return err
	}
	return m.dst.Chmod(mv.name, info.Mode().Perm())
}

func namesOf(moves []move) []string {
	names := make([]string, len(moves))
	for i, mv := range moves {
		names[i] = mv.name
	}
	return names
}
