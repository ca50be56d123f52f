package unpack

// Limits are what an archive may cost. A field that is zero means its default.
type Limits struct {
	// Bytes is how many bytes all contents may have together. A compressed
	// stream may be twice as long, for headers. The default is 16 GiB.
	Bytes int64

	// Entries is how many members an archive may have, those not unpacked and
	// the directories that it only implies included. The default is 500,000.
	Entries int

	// Depth is how many elements a name may have. The default is 64.
	Depth int

	// Ratio is how many times the size of the archive the contents may have
	// together. It does not refuse an archive with less than 64 MiB. The
	// default is 250.
	Ratio int64

	// Window is how much memory, in bytes, one decompressor may take for what
	// it has to remember, as the archive demands. The default is 128 MiB.
	Window int64
}

// ratioFloor is how large contents may be whatever the ratio.
const ratioFloor = 64 << 20

const (
	maxName    = 4096 // PATH_MAX
	maxElement = 255  // NAME_MAX
)

func (l Limits) withDefaults() Limits {
	if l.Bytes <= 0 {
		l.Bytes = 16 << 30
	}
	if l.Entries <= 0 {
		l.Entries = 500_000
	}
	if l.Depth <= 0 {
		l.Depth = 64
	}
	if l.Ratio <= 0 {
		l.Ratio = 250
	}
	if l.Window <= 0 {
		l.Window = 128 << 20
	}
	return l
}

// budget counts bytes against the limits of one archive.
type budget struct {
	left int64
	over LimitError // what it is that is passed
}

func (l Limits) budget(archive int64) budget {
	allowed := int64(ratioFloor)
	if archive > l.Bytes/l.Ratio {
		allowed = l.Bytes
	} else {
		allowed = max(allowed, archive*l.Ratio)
	}
	if allowed >= l.Bytes {
		return budget{l.Bytes, LimitError{Limit: "bytes", Max: l.Bytes}}
	}
	return budget{allowed, LimitError{Limit: "ratio", Max: l.Ratio}}
}

// take counts n bytes of the named member.
func (b *budget) take(name string, n int64) error {
	if n > b.left {
		err := b.over
		err.Name = name
		return &err
	}
	b.left -= n
	return nil
}

// stream returns how long the decompressed bytes of the archive may be.
func (b budget) stream() budget {
	b.left = min(b.left, 1<<61)*2 + 1<<20
	return b
}
