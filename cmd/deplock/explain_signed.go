package main

import (
	"errors"
	"fmt"

	"depfetch/cmd/internal/exit"
	"depfetch/fetch"
	"depfetch/lock/edit"
	"depfetch/lock/release"
	"depfetch/lock/signature"
	"depfetch/lock/update"
)

// signedCode returns the exit code of a signature that does not hold, or that could not be
// looked at.
func signedCode(e *update.SignatureError) int {
	if _, wrong := errors.AsType[*signature.Error](e.Err); wrong {
		return exit.WrongBytes
	}
	return exit.Unavailable
}

// tokenHint says what to do about GitHub's limit of requests.
const tokenHint = "nothing has been written; with a token of GitHub, which needs no permissions, in GITHUB_TOKEN, the limit is higher: GITHUB_TOKEN=$(gh auth token)"

// limited reports whether an error is GitHub's limit for those without a token.
func limited(err error) bool {
	limit, ok := errors.AsType[*release.RateLimitError](err)
	return ok && !limit.Authenticated
}

// signedHint says what to do about a signature of what is locked already.
func signedHint(e *update.SignatureError) string {
	bad, wrong := errors.AsType[*signature.Error](e.Err)
	switch {
	case limited(e.Err):
		return tokenHint
	case !wrong:
		if failed, ok := errors.AsType[*fetch.TransferError](e.Err); ok {
			return besideHint(failed, "signature")
		}
		return ""
	case e.Now != nil:
		name := e.Dep
		if e.Version != "" {
			name += "@" + e.Version
		}
		return fmt.Sprintf("nothing has been written; if upstream has announced that, write %s into signature of [deps.%s], then deplock update %s --accept-signer",
			edit.Assignments(e.Now), e.Dep, name)
	case bad.Unlogged:
		return "nothing has been written; name another signature that upstream publishes, or take attestation out, so that GitHub's API is asked for one; or sums, if upstream has a list, without a signature"
	case bad.OtherBytes:
		return "nothing has been written; the file or its signature is not what upstream has signed, so ask upstream before trusting either"
	}
	return "nothing has been written; if upstream has a new key, put it into signature, after it is known to be theirs from somewhere else"
}

// namedHint says what to do about a signature that an entry of a catalogue names.
func namedHint(e *update.SignatureError, entry string) string {
	bad, wrong := errors.AsType[*signature.Error](e.Err)
	switch {
	case limited(e.Err):
		return tokenHint + "; or --no-signature goes on without the signature that " + entry + " in the catalogue names"
	case wrong && bad.Unlogged:
		return "nothing has been written; --no-signature goes on without the signature that " + entry + " in the catalogue names, or --signature '{ … }' names another one"
	}
	return fmt.Sprintf("nothing has been written; %s in the catalogue says that upstream signs it so: if that has become wrong, --no-signature goes on without", entry)
}
