package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"syscall"

	"depfetch/cmd/internal/console"
	"depfetch/cmd/internal/exit"
	"depfetch/fetch"
	"depfetch/fetch/source"
	"depfetch/lock"
	"depfetch/lock/catalogue"
	"depfetch/lock/edit"
	"depfetch/lock/mirror"
	"depfetch/lock/pin"
	"depfetch/lock/release"
	"depfetch/lock/signature"
	"depfetch/lock/update"
)

// explain gives the errors of this program's own packages their exit codes and
// hints.
func explain(err error) error {
	var all []error
	for _, e := range console.Flatten(err) {
		all = append(all, explainOne(e))
	}
	return errors.Join(all...)
}

func lineHint(e *release.LineError) string {
	key := "prefix"
	if e.Line != "" {
		key = "line"
	}
	return "change latest." + key + ", or lock a version of that line by hand"
}

func explainOne(err error) error {
	var (
		explained *console.Error
		draft     *edit.DraftError
		template  *update.TemplateError
		version   *update.UnversionedError
		line      *release.LineError
		insecure  *update.InsecureError
		page      *update.PageError
		noFile    *update.SubstituteError
		machine   *update.MachineError
		nowhere   *release.NotFoundError
		answer    *release.AnswerError
		sums      *update.SumsError
		published *update.PublishedError
		trust     *update.TrustError
		unsigned  *update.UnsignedError
		missing   *update.MissingError
		contents  *update.ContentsError
		signed    *update.SignatureError
		signer    *update.SignerError
		key       *signature.KeyError

		unavailable *pin.UnavailableError
		none        *pin.NotFoundError
		image       *imageError
		denied      *pin.DeniedError
		nobody      *pin.UnsignedError
		missigned   *pin.SignatureError
		copied      *mirror.Error
		sizes       *mirror.SizeError
		names       *catalogue.AmbiguousError
	)
	coded := func(code int, hint string) error { return &console.Error{Err: err, Hint: hint, Code: code} }
	switch {
	case errors.As(err, &explained):
		return err
	case errors.As(err, &draft):
		return coded(exit.Usage, draft.Fault.Hint)
	case errors.As(err, &names):
		return coded(exit.Usage, "write its full name")
	case errors.As(err, &template):
		return coded(exit.Usage, "")
	case errors.As(err, &version):
		return coded(exit.Usage, "write the version as {version} in url, or change the url itself and lock again without @"+version.Version)
	case errors.As(err, &line):
		return coded(exit.Usage, lineHint(line))
	case errors.As(err, &nowhere) && nowhere.Asked != "":
		return coded(exit.Unavailable, console.RuleHint(nowhere.Asked))
	case errors.As(err, &answer):
		return coded(exit.Unavailable, answerHint(answer))
	case errors.As(err, &insecure):
		return coded(exit.Refused, "use the https address; or, if there is none, --allow-http")
	case errors.As(err, &page) && page.Asked != "":
		return coded(exit.Unavailable, console.PageHint(page.Asked))
	case errors.As(err, &page):
		return coded(exit.Failure, "look at the address in a browser, then correct the url")
	case errors.As(err, &noFile):
		return coded(exit.Failure, "look at what the address serves, then correct the url")
	case errors.As(err, &machine):
		return coded(exit.Failure, "correct the url, its alias or the platforms; or, if it is meant, --allow-platform-mismatch locks it and records that")
	case errors.As(err, &key):
		return coded(exit.Usage, "")
	case errors.As(err, &signed):
		return coded(signedCode(signed), signedHint(signed))
	case errors.As(err, &signer):
		name := signer.Dep
		if signer.Version != "" {
			name += "@" + signer.Version
		}
		return coded(exit.Refused, fmt.Sprintf("if upstream has announced that: deplock update %s --accept-signer", name))
	case errors.As(err, &published):
		return coded(exit.WrongBytes, "nothing has been written; one of the two is wrong, so ask upstream before trusting either")
	case errors.As(err, &unsigned):
		return coded(exit.Refused, fmt.Sprintf("say who must sign it: signature = { … } in [deps.%s]; deplock add --signature '{ … }' for a new one", unsigned.Dep))
	case errors.As(err, &trust):
		if strings.Contains(trust.Dep, "://") && trust.Want == lock.Signed {
			return coded(exit.Refused, "a line of urls has no signature; deplock add --signature '{ … }' makes it a dependency, which has")
		}
		if strings.Contains(trust.Dep, "://") {
			return coded(exit.Refused, "upstream publishes no sum beside it; a dependency (deplock add) can name another list in sums")
		}
		if trust.Want == lock.Signed {
			return coded(exit.Refused, fmt.Sprintf("upstream must sign it: add signature = { … } to [deps.%s]", trust.Dep))
		}
		return coded(exit.Refused, fmt.Sprintf("if upstream publishes checksums, add sums = \"…\" to [deps.%s]", trust.Dep))
	case errors.As(err, &contents):
		return coded(exit.Failure, console.ArchiveHint(contents.Dep, contents.Err))
	case errors.As(err, &missing):
		hint := "--skip-missing leaves these platforms out and records it in the lockfile"
		if missing.All { // without them, nothing would be left
			hint = "look at what upstream publishes, then correct the version or the url"
		}
		for _, asked := range missing.Asked {
			if asked != "" {
				hint = console.RuleHint(asked) + "; if upstream has nothing there either, " + hint
				break
			}
		}
		return coded(exit.Failure, hint)
	case errors.As(err, &sums):
		var transfer *fetch.TransferError
		if errors.As(sums.Err, &transfer) {
			return coded(exit.Unavailable, besideHint(transfer, "sums; without sums, it is locked on first use"))
		}
		return coded(exit.Failure, "")
	case errors.As(err, &sizes):
		return coded(exit.Usage, "to ask upstream again: deplock update")
	case errors.As(err, &copied) && mirror.IsWrong(err):
		return coded(exit.WrongBytes, damagedHint(copied))
	case errors.Is(err, syscall.ENOSPC):
		return coded(exit.Failure, "free some space there")
	case errors.As(err, &copied):
		return coded(exit.Unavailable, cmp.Or(mirrorHint(copied), console.NetworkHint(err)))
	case errors.As(err, &nobody):
		return coded(exit.Refused, nobodyHint(nobody))
	case errors.As(err, &missigned):
		return coded(exit.Refused, missignedHint(missigned))
	case errors.As(err, &unavailable):
		return coded(exit.Unavailable, console.NetworkHint(err))
	case errors.As(err, &none) && errors.As(err, &image) && image.at.Bare:
		return coded(exit.Unavailable, "if it is a context that the build is given, say so: --build-context "+image.at.Text)
	case errors.As(err, &none):
		return coded(exit.Unavailable, "correct the reference; a private image may look missing until docker login")
	case errors.As(err, &denied) && denied.Status == http.StatusForbidden:
		return coded(exit.Unavailable, "the account that docker login has stored for "+denied.Registry+" may not read it")
	case errors.As(err, &denied):
		return coded(exit.Unavailable, "docker login "+denied.Registry)
	}
	return err
}

// nobodyHint says what to do about an image that nobody has signed.
func nobodyHint(e *pin.UnsignedError) string {
	if e.GitHub {
		return "nothing has been written; attestations of a private repository are seen with GITHUB_TOKEN alone"
	}
	return "nothing has been written; pin an image that they have signed, or correct the rule in policy.images"
}

// missignedHint says what to do about an image that others have signed, or as another.
func missignedHint(e *pin.SignatureError) string {
	if _, copied := errors.AsType[*signature.CopyError](errors.Join(e.Errs...)); copied {
		return "nothing has been written; if it is a copy, signed_as in the rule says which repository was signed"
	}
	return "nothing has been written; if they are known to have signed it otherwise, correct the rule in policy.images"
}

// answerHint says what to do about an answer of an API or a list of versions.
func answerHint(e *release.AnswerError) string {
	if e.Asked != "" {
		return console.RuleHint(e.Asked)
	}
	return console.NetworkHint(e)
}

// besideHint says what to do where what stands beside a file, as key says where, could not
// be downloaded.
func besideHint(e *fetch.TransferError, key string) string {
	a := e.Deciding()
	failed, ok := errors.AsType[*source.Error](a.Err)
	switch {
	case !ok || failed.Status != http.StatusNotFound && failed.Status != http.StatusGone:
		return console.NetworkHint(e)
	case a.Asked != "":
		return console.RuleHint(a.Asked)
	}
	return "look at what upstream publishes beside the file, then correct " + key
}

// hintOptions explains what cannot be taken out of the archive of a dependency
// that is not in the lockfile yet: what is to be corrected are options.
func hintOptions(err error) error {
	var all []error
	for _, e := range console.Flatten(err) {
		var contents *update.ContentsError
		var signed *update.SignatureError
		switch {
		case errors.As(e, &contents):
			e = &console.Error{Err: e, Hint: console.ArchiveOptionHint(contents.Dep, contents.Err), Code: exit.Failure}
		case errors.As(e, &signed) && signed.Now != nil && !errors.As(e, new(*console.Error)):
			e = &console.Error{Err: e, Hint: fmt.Sprintf("nothing has been written; if that is known to be upstream's, --signature says %s", edit.Assignments(signed.Now)), Code: signedCode(signed)}
		}
		all = append(all, e)
	}
	return errors.Join(all...)
}
