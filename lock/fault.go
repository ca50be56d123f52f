package lock

// Fault returns an error about the key of s, or about s if it has none, at its place in
// the lockfile. It is for what package lock does not look at: the files of keys.
func (s Signature) Fault(kind Kind, hint, msg string) *Error {
	at := s.at.get("key")
	if at == nil {
		at = s.at
	}
	e := at.errorf(kind, at.Start, "%s", msg)
	e.Hint = hint
	return e
}

// SignerFault returns an error about who has signed i, at its place in the lockfile.
func (i Image) SignerFault(kind Kind, hint, msg string) *Error {
	return signerFault(i.at, kind, hint, msg)
}

// SignerFault returns an error about who has signed l, at its place in the lockfile.
func (l Line) SignerFault(kind Kind, hint, msg string) *Error {
	return signerFault(l.at, kind, hint, msg)
}

func signerFault(line *value, kind Kind, hint, msg string) *Error {
	at := line.get("by")
	if at == nil {
		at = line
	}
	e := at.errorf(kind, at.Start, "%s", msg)
	e.Hint = hint
	return e
}
