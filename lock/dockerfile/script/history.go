package script

// Download is what becomes of a download, as the events after it tell.
type Download struct {
	*Fetch
	Checks    []Check
	Evidence  bool // others are checked with it
	Read      ReadAs
	Piped     *Piped // the program that its bytes went to unchecked, or nil
	Used      *Used  // how it was first used, if that was before any check, or nil
	Executed  *Executed
	Discarded bool
}

// ReadAs says whether the answer of a download is text for the script.
type ReadAs int

const (
	NotRead      ReadAs = iota
	ReadAsText          // by a program that looks for something in it
	ReadCaptured        // it is in a variable or an argument
)

// Downloads tells what becomes of the downloads of a log, in their order.
func Downloads(log []Event) []*Download {
	var all []*Download
	of := make(map[*Fetch]*Download)
	for _, e := range log {
		switch e := e.(type) {
		case *Fetch:
			of[e] = &Download{Fetch: e}
			all = append(all, of[e])
		case Checked:
			if d := of[e.Fetch]; !e.Perhaps || len(d.Checks) == 0 && !d.Evidence {
				d.Checks = append(d.Checks, e.Check)
			}
		case Vouched:
			of[e.Fetch].Evidence = true
		case Read:
			of[e.Fetch].read(e)
		case Piped:
			of[e.Fetch].piped(e)
		case Used:
			if d := of[e.Fetch]; d.Used == nil && len(d.Checks) == 0 {
				d.Used = &e
			}
		case Executed:
			if d := of[e.Fetch]; d.Executed == nil {
				d.Executed = &e
			}
		case Discarded:
			if d := of[e.Fetch]; d.Piped == nil {
				d.Discarded = true
			}
		}
	}
	return all
}

// read notes that the answer is read: what a program has taken is no text for the
// script, unless a variable gets what that program makes of it.
func (d *Download) read(e Read) {
	switch {
	case e.Captured:
		d.Read = ReadCaptured
	case d.Piped == nil:
		d.Read = max(d.Read, ReadAsText)
	}
}

// piped notes that a program takes the bytes, if it is the first that does and
// nothing has checked them. What is put together from a variable's text is no longer
// what the server sends.
func (d *Download) piped(e Piped) {
	if d.Piped == nil && len(d.Checks) == 0 && (e.Argument || d.Read != ReadCaptured) {
		d.Piped, d.Read = &e, NotRead
	}
}

// Verified reports whether a check of the download can end the build.
func (d *Download) Verified() bool {
	for _, c := range d.Checks {
		if c.Lost == "" {
			return true
		}
	}
	return false
}
