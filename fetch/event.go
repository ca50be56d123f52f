package fetch

import "time"

// EventKind tells events apart.
type EventKind string

// The kinds of events, and which fields of an Event they fill besides Kind.
const (
	// EventPlan comes first: Files are to be put in place, for which Bytes
	// have to be fetched, or SizeUnknown if the lockfile lacks a size.
	EventPlan EventKind = "plan"
	// EventPresent is an Artifact that is in place already.
	EventPresent EventKind = "present"
	// EventStart is an attempt to get the bytes of Artifact from URL.
	EventStart EventKind = "start"
	// EventWaiting says that another process downloads Artifact, and that its bytes
	// are waited for.
	EventWaiting EventKind = "waiting"
	// EventSending says that Artifact is being sent to URL. A Client sends nothing: it
	// is of those who do so with what they have fetched, up to EventRead.
	EventSending EventKind = "sending"
	// EventProgress says that an attempt has Bytes so far.
	EventProgress EventKind = "progress"
	// EventFailed is an attempt that ended with Err. If Delay is not zero,
	// there will be another after it.
	EventFailed EventKind = "failed"
	// EventVerified is an Artifact whose Bytes came from URL in Elapsed, and
	// are right.
	EventVerified EventKind = "verified"
	// EventRead is what URL of Artifact serves, which has been read by Read.
	EventRead EventKind = "read"
	// EventPlaced is an Artifact that is in place now.
	EventPlaced EventKind = "placed"
	// EventCacheFailed says that the cache could not be used, by Err; the
	// artifact itself is not affected.
	EventCacheFailed EventKind = "cache-failed"
)

// Event is something that happened during Fetch.
type Event struct {
	Kind     EventKind
	Artifact *Artifact // not nil: of a plan it is empty
	Source   SourceKind
	URL      string // print it with source.Redact
	Asked    string // where a rule of the source has sent the request in its place, or empty; print it likewise
	Files    int
	Bytes    int64
	Attempt  int // counted from 1
	Err      error
	Delay    time.Duration
	Elapsed  time.Duration
}

// SourceKind says where bytes came from.
type SourceKind string

// The kinds of sources, in the order in which they are asked.
const (
	SourceLocal  SourceKind = "local" // another destination, in place already
	SourceCache  SourceKind = "cache"
	SourceOrigin SourceKind = "origin"
	SourceMirror SourceKind = "mirror"
)
