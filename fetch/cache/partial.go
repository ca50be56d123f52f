package cache

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"depfetch/fetch/digest"
	"depfetch/fetch/osfile"
)

// partialPrefix begins the names of partials in the root of a store, which the digest
// follows. recordSuffix ends the name of the record of one.
const (
	partialPrefix = ".partial-"
	recordSuffix  = ".from"
)

// partialAge is the time for which what a killed program has downloaded of a blob is
// kept for another that goes on with it.
const partialAge = 24 * time.Hour

// ErrBusy says that another is downloading a blob.
var ErrBusy = errors.New("another download of it is under way")

var (
	errUnusable = errors.New("it is not a file of this user alone")
	errChanged  = errors.New("another has changed it meanwhile")
)

// Partial is the file of a blob that is being downloaded: its first bytes, without a gap
// unless the caller writes others into its file.
// Only one caller on this machine has it at a time, since it is locked with flock(2).
// When that one dies, the next gets it with the bytes that are there, of which nothing
// is verified. The methods of a nil Partial do nothing. They are not safe for concurrent
// use.
type Partial struct {
	store    *Store
	digest   digest.SHA256
	file     *os.File // nil when it is closed
	recorded bool
	err      error // of a write
}

// partial returns the path of the partial of d.
func (s *Store) partial(d digest.SHA256) string {
	return filepath.Join(s.Root, partialPrefix+d.String())
}

// Claim returns the partial of d, which the caller closes. If another has it, the error
// is ErrBusy, and size tells how far it is. Any other error means that downloads cannot be
// shared here.
func (s *Store) Claim(d digest.SHA256) (p *Partial, size int64, err error) {
	if !canLock {
		return nil, 0, errors.ErrUnsupported
	}
	if err := os.MkdirAll(s.Root, 0o755); err != nil {
		return nil, 0, err
	}
	name, foreign := s.partial(d), false
	for range 100 {
		f, err := openPartial(name, os.O_CREATE)
		if err != nil {
			return nil, 0, err
		}
		info, err := f.Stat()
		if err == nil && !info.Mode().IsRegular() {
			err = errUnusable
		}
		if err == nil {
			err = lock(f)
			if err != nil && err != ErrBusy && info.Size() == 0 {
				os.Remove(name) // there are no locks here: nobody has it
			}
		}
		switch {
		case err == ErrBusy:
			f.Close()
			return nil, info.Size(), err
		case err != nil:
			f.Close()
			return nil, 0, err
		case !named(f, info):
			f.Close() // the one who had it has made it the blob, or removed it
			continue
		case osfile.Links(info) != 1 || int(osfile.OwnerOf(info).UID) != os.Geteuid():
			// Another could change it, or has more use for it.
			err := os.Remove(name)
			f.Close()
			if err != nil {
				return nil, 0, errUnusable
			}
			os.Remove(name + recordSuffix)
			if foreign {
				return nil, 0, errUnusable // what is made here is of another, as that of root may be on NFS
			}
			foreign = true
			continue
		}
		return &Partial{store: s, digest: d, file: f}, 0, nil
	}
	return nil, 0, errUnusable
}

// openPartial opens a partial to lock it: for writing too if that can be, since NFS gives
// nobody else an exclusive lock. That of another user can be waited for.
func openPartial(name string, flags int) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|flags|openFlags, 0o644)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return os.OpenFile(name, os.O_RDONLY|openFlags, 0)
	}
	return f, err
}

// Busy reports whether another has the partial of d, and how far it is.
func (s *Store) Busy(d digest.SHA256) (size int64, busy bool) {
	if !canLock {
		return 0, false
	}
	f, err := openPartial(s.partial(d), 0)
	if err != nil {
		return 0, false
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || lock(f) != ErrBusy {
		return 0, false
	}
	return info.Size(), true
}

// named reports whether f still has its name.
func named(f *os.File, info fs.FileInfo) bool {
	there, err := os.Lstat(f.Name())
	return err == nil && os.SameFile(info, there)
}

// File returns the file of p, or nil if p has been given up.
func (p *Partial) File() *os.File { return p.file }

// ReadAt implements io.ReaderAt.
func (p *Partial) ReadAt(b []byte, at int64) (int, error) { return p.file.ReadAt(b, at) }

// Size returns how many bytes p has.
func (p *Partial) Size() int64 {
	info, err := p.file.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}

// maxPage is as large as what the file system does not tell from a gap may be.
const maxPage = 64 << 10

// Whole returns how many bytes p has before the first gap, as far as the file system can
// tell: a gap of few bytes, or all on other systems than Linux, are not seen.
func (p *Partial) Whole() int64 {
	size := p.Size()
	if gap := hole(p.file); 0 <= gap && gap < size {
		return max(gap-maxPage, 0)
	}
	return size
}

// Truncate leaves the first n bytes. If there are no others it does nothing, since ext4
// writes back all of a file that was ever truncated to nothing before close(2) returns.
func (p *Partial) Truncate(n int64) {
	if p != nil && p.file != nil && p.Size() != n {
		p.failed(p.file.Truncate(n))
	}
}

// Write adds b, which begins at the offset at. Commit returns the error.
func (p *Partial) Write(b []byte, at int64) {
	if p != nil && p.file != nil {
		_, err := p.file.WriteAt(b, at)
		p.failed(err)
	}
}

// failed gives p up if err is an error, so that nobody waits for it.
func (p *Partial) failed(err error) {
	if err != nil {
		p.err = err
		p.Close(false)
	}
}

// Record notes where the bytes come from: a key for the address, and the strong validator
// of the response. Without one, the bytes are not kept.
func (p *Partial) Record(key digest.SHA256, validator string) {
	if p == nil || p.file == nil {
		return
	}
	p.removeRecord()
	if validator == "" {
		return
	}
	f, err := os.OpenFile(p.file.Name()+recordSuffix, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return
	}
	_, err = f.WriteString(key.String() + " " + validator + "\n")
	p.recorded = errors.Join(err, f.Close()) == nil
}

// Recorded returns what Record has noted, perhaps in another process. validator is empty
// if there is nothing.
func (p *Partial) Recorded() (key digest.SHA256, validator string) {
	f, err := os.OpenFile(p.file.Name()+recordSuffix, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return key, ""
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return key, ""
	}
	text, err := io.ReadAll(io.LimitReader(f, 4<<10))
	hex, rest, _ := strings.Cut(string(text), " ")
	validator, ended := strings.CutSuffix(rest, "\n")
	for i := range len(validator) {
		ended = ended && ' ' <= validator[i] && validator[i] <= '~'
	}
	if key, err2 := digest.Parse(hex); err == nil && err2 == nil && ended {
		p.recorded = true
		return key, validator
	}
	return key, ""
}

func (p *Partial) removeRecord() {
	os.Remove(p.file.Name() + recordSuffix)
	p.recorded = false
}

// Commit makes p, whose bytes the caller has verified, the blob, and closes it. size is
// how many bytes these are.
func (p *Partial) Commit(size int64) error {
	if p.file == nil {
		return p.err
	}
	info, err := p.file.Stat()
	if err == nil && (info.Size() != size || !named(p.file, info)) {
		err = errChanged
	}
	if err == nil {
		p.removeRecord()
		err = p.store.Commit(p.digest, p.file)
	}
	if err != nil {
		p.Close(false)
	}
	p.file = nil
	return err
}

// Close gives p up, if it is still open. Its bytes are kept for the next one if keep says
// so and it is recorded where they come from.
func (p *Partial) Close(keep bool) {
	if p == nil || p.file == nil {
		return
	}
	info, err := p.file.Stat()
	if (!keep || !p.recorded) && err == nil && named(p.file, info) {
		p.removeRecord()
		os.Remove(p.file.Name())
	}
	p.file.Close()
	p.file = nil
}

// sweepPartials removes the partials that nobody has, if they are older than age or their
// blob is there, and records alone.
func (s *Store) sweepPartials(age time.Duration) {
	if !canLock {
		return
	}
	root, err := os.OpenFile(s.Root, os.O_RDONLY|osfile.Nonblock, 0)
	if err != nil {
		return
	}
	names, _ := root.Readdirnames(-1) // os.ReadDir would sort them
	root.Close()
	for _, name := range names {
		hex, ok := strings.CutPrefix(name, partialPrefix)
		hex, isRecord := strings.CutSuffix(hex, recordSuffix)
		d, err := digest.Parse(hex)
		if !ok || err != nil {
			continue
		}
		name = filepath.Join(s.Root, name)
		info, err := os.Lstat(name)
		switch {
		case err != nil || !info.Mode().IsRegular():
		case isRecord && !exists(s.partial(d)):
			os.Remove(name)
		case !isRecord && (time.Since(info.ModTime()).Abs() >= age || exists(s.File(d))):
			removePartial(name)
		}
	}
}

// removePartial removes a partial and its record if nobody has it.
func removePartial(name string) {
	f, err := openPartial(name, 0)
	if err != nil {
		return
	}
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() && lock(f) == nil {
		(&Partial{file: f}).Close(false)
	}
	f.Close()
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return !errors.Is(err, fs.ErrNotExist)
}
