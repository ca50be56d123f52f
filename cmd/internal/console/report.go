package console

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"depfetch/cmd/internal/exit"
	"depfetch/fetch"
	"depfetch/fetch/document"
	"depfetch/fetch/source"
	"depfetch/lock"
)

// Error is an error with its exit code and a hint.
type Error struct {
	Err  error
	Hint string // what to do; may be empty
	Code int    // of package exit
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// Usagef returns an error of usage, which ends with exit.Usage.
func Usagef(hint, format string, args ...any) error {
	return &Error{fmt.Errorf(format, args...), hint, exit.Usage}
}

// Typed is an error whose hints have their commands as they were to be typed where it
// occurred, which Command returns as that of a Console does.
type Typed struct {
	Err     error
	Command func(hint string) string
}

func (e *Typed) Error() string { return e.Err.Error() }
func (e *Typed) Unwrap() error { return e.Err }

// Report prints err with hints, each of its joined errors by itself, and returns the
// exit code.
func (c *Console) Report(err error) int {
	code := exit.OK
	for _, e := range Flatten(err) {
		code = graver(code, c.reportOne(e))
	}
	return code
}

// ExitCode returns the exit code for err, and prints nothing.
func ExitCode(err error) int { return (&Console{Stderr: io.Discard}).Report(err) }

// Flatten returns the errors that were joined into err. A TransferError unwraps to
// several errors as well, but is one failure.
func Flatten(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if _, one := err.(*fetch.TransferError); one || !ok {
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, Flatten(e)...)
	}
	return all
}

// graver returns the more serious of two exit codes.
func graver(a, b int) int {
	for _, code := range []int{exit.Usage, exit.WrongBytes, exit.Refused, exit.Unavailable, exit.Failure} {
		if a == code || b == code {
			return code
		}
	}
	return exit.OK
}

func (c *Console) reportOne(err error) int {
	if typed, ok := errors.AsType[*Typed](err); ok {
		defer func(before func(string) string) { c.Command = before }(c.Command)
		c.Command = typed.Command
	}
	var (
		coded        *Error
		bad          *lock.Error
		unknown      *lock.UnknownDepError
		group        *lock.UnknownGroupError
		unpinned     *lock.NotPinnedError
		transfer     *fetch.TransferError
		destination  *fetch.DestinationError
		archive      *fetch.ArchiveError
		unverifiable *fetch.UnverifiableError
	)
	say := func(code int, err error, hint string, args ...any) int {
		c.Errorf("%v", err)
		c.Hintf(hint, args...)
		return code
	}
	switch {
	case errors.Is(err, context.Canceled):
		c.Errorf("interrupted; nothing has been changed")
		return exit.Failure
	case errors.As(err, &coded):
		return say(coded.Code, coded, "%s", coded.Hint)
	case errors.As(err, &bad):
		code := exit.Usage
		switch bad.Kind {
		case lock.KindPolicy:
			code = exit.Refused
		case lock.KindUnlocked:
			code = exit.Failure
		}
		return say(code, bad, "%s", bad.Hint)
	case errors.As(err, &unknown):
		return say(exit.Usage, unknown, "%s list shows what there is", c.Program)
	case errors.As(err, &group):
		return say(exit.Usage, group, "")
	case errors.As(err, &unpinned):
		platform := ""
		if len(unpinned.Locked) > 0 { // else all platforms are wanted
			platform = " --platform " + unpinned.Platform.String()
		}
		return say(exit.Refused, unpinned, "to pin it: deplock update %s%s", unpinned.Dep, platform)
	case errors.As(err, &archive) && errors.Is(archive.Err, fetch.ErrOtherContent):
		return say(exit.Usage, archive, "if member, strip, include or modes was edited since it was locked, that is why: deplock update %s", archive.Artifact.Name)
	case errors.As(err, &archive):
		return say(exit.Failure, archive, "%s", ArchiveHint(archive.Artifact.Name, archive.Err))
	case errors.As(err, &unverifiable):
		return say(exit.Failure, unverifiable, "to record it: deplock update %s", unverifiable.Artifact.Name)
	case errors.As(err, &transfer):
		return c.reportTransfer(transfer)
	case errors.As(err, &destination):
		c.Errorf("%v", err)
		return c.hintDestination(destination)
	}
	return say(exit.Failure, err, "")
}

// reportTransfer prints why an artifact could not be downloaded.
func (c *Console) reportTransfer(e *fetch.TransferError) int {
	name := e.Artifact.Name
	var wrong *fetch.MismatchError
	if errors.As(e, &wrong) {
		c.Errorf("%s: wrong bytes, nothing has been changed\n%s", name, attempts(e))
		c.hintWrong(e)
		return exit.WrongBytes
	}
	for _, a := range e.Attempts {
		var s *source.Error
		if errors.As(a.Err, &s) && s.Refused {
			c.Errorf("%s: refused\n%s", name, attempts(e))
			c.Hintf("if the host may be trusted with it, add it to hosts in [policy] of the lockfile")
			return exit.Refused
		}
	}
	c.Errorf("%s: could not download\n%s", name, attempts(e))
	c.HintTransfer(e)
	return exit.Unavailable
}

// hintWrong prints hints for wrong bytes.
func (c *Console) hintWrong(e *fetch.TransferError) {
	for _, a := range e.Attempts {
		var wrong *fetch.MismatchError
		switch name := e.Artifact.Name; {
		case !errors.As(a.Err, &wrong):
		case a.Asked != "":
			c.Hintf("%s, and has other bytes than those pinned; %s", leads(a.Asked), ruleHint(e, a))
		case a.Source == fetch.SourceCache && len(e.Attempts) == 1:
			c.Hintf("a file of the cache has been damaged; a run that may download, without --offline, replaces it")
		case a.Source == fetch.SourceCache:
			c.Hintf("a file of the cache has been damaged, %s; what can be downloaded replaces it", a.URL)
			c.HintTransfer(e)
		case a.Source == fetch.SourceMirror:
			c.Hintf("%s is a mirror that has other bytes than those pinned; correct it, or leave it out", source.Redact(a.URL))
		case a.Source != fetch.SourceOrigin:
		case wrong.HTML && !lineOf(e.Artifact):
			c.Hintf("the address leads to a page for people; look at it in a browser, then correct the url of [deps.%s]", name)
		default:
			if lineOf(e.Artifact) {
				name = "'" + name + "' (deplock sync keeps a line that is there)"
			}
			c.Hintf("if upstream has replaced the file and you trust the new one: deplock update %s", name)
		}
	}
}

// lineOf reports whether an artifact comes from a line of urls, whose name is its address.
func lineOf(a *fetch.Artifact) bool { return a.Name == source.Redact(a.URL) }

// attempts describes the attempts of a transfer: for each source the causes in order,
// with the number of times that each occurred in a row.
func attempts(e *fetch.TransferError) string {
	type cause struct {
		err   error
		text  string
		times int
	}
	var urls []string
	sources, causes := make(map[string]fetch.SourceKind), make(map[string][]cause)
	for _, a := range e.Attempts {
		u := a.Address()
		if _, seen := sources[u]; !seen {
			urls = append(urls, u)
		}
		sources[u] = a.Source
		all, text := causes[u], causeText(a.Err)
		if n := len(all); n > 0 && all[n-1].text == text {
			all[n-1].times++
			continue
		}
		causes[u] = append(all, cause{a.Err, text, 1})
	}
	var lines []string
	for _, u := range urls {
		head := fmt.Sprintf("%s %s:", sources[u], u)
		indent := ""
		if len(causes[u]) > 1 {
			lines = append(lines, head)
			head, indent = " ", "  "
		}
		for _, c := range causes[u] {
			line := head + " " + c.text
			if c.times > 1 {
				line += fmt.Sprintf(" (tried %d times)", c.times)
			}
			lines = append(lines, line)
			var wrong *fetch.MismatchError
			if errors.As(c.err, &wrong) {
				lines = append(lines, indent+strings.ReplaceAll(mismatch(wrong), "\n", "\n"+indent))
			}
		}
	}
	return strings.Join(lines, "\n")
}

// causeText returns the cause of a failed attempt, on one line.
func causeText(err error) string {
	var (
		wrong *fetch.MismatchError
		s     *source.Error
	)
	switch {
	case errors.As(err, &wrong):
		return "wrong bytes"
	case errors.As(err, &s) && s.RetryAfter > 0:
		return fmt.Sprintf("%v, and to be asked again after %s", s, s.RetryAfter)
	}
	return err.Error()
}

func mismatch(e *fetch.MismatchError) string {
	row := func(label string, d fetch.Digest, size int64, none string) string {
		digest, bytes := none, ""
		if !d.IsZero() {
			digest = d.String()
		}
		if size != fetch.SizeUnknown {
			bytes = fmt.Sprintf("  %d bytes", size)
		}
		return fmt.Sprintf("  %-4s  sha256 %s%s", label, digest, bytes)
	}
	lines := []string{
		row("want", e.WantDigest, e.WantSize, ""),
		row("got", e.GotDigest, e.GotSize, "not computed: there is more than was pinned"),
	}
	if e.Response.Status != 0 {
		from := fmt.Sprintf("  %-4s  %s, HTTP %d", "from", host(cmp.Or(e.Response.Asked, e.Response.URL)), e.Response.Status)
		if e.Response.Proxy != "" {
			from += " (by the proxy " + e.Response.Proxy + ")"
		}
		lines = append(lines, from)
	}
	if e.HTML {
		lines = append(lines, "  it is an HTML page, not the file")
	}
	return strings.Join(lines, "\n")
}

// HintTransfer prints hints for the usual causes of a failed download.
func (c *Console) HintTransfer(e *fetch.TransferError) {
	for _, a := range e.Attempts {
		var (
			s         *source.Error
			authority x509.UnknownAuthorityError
			dns       *net.DNSError
		)
		switch {
		case errors.Is(a.Err, fetch.ErrOffline):
			c.Hintf("a fetch with %s and without %s fills the cache", c.option("--cache DIR", "DEPFETCH_CACHE"), c.option("--offline", "DEPFETCH_OFFLINE"))
		case errors.As(a.Err, &authority):
			c.Hintf("give a private CA with %s, as from RUN --mount=type=secret,id=ca,target=/run/secrets/ca.pem", c.option("--cacert FILE", "SSL_CERT_FILE"))
			if errors.As(a.Err, &s) && s.Proxy != "" && s.NoBundle {
				c.Hintf("BuildKit's proxy network adds its CA only to a bundle that the image has, and this one has none: install ca-certificates, or COPY a bundle to /etc/ssl/certs/ca-certificates.crt")
			}
		case errors.Is(a.Err, source.ErrNoCipher):
			c.Hintf("most often the server offers nothing but RSA key exchange (TLS_RSA_…), which has no forward secrecy: enable ECDHE there, with TLS 1.2 or later; until then GODEBUG=tlsrsakex=1 in the environment allows it")
		case !errors.As(a.Err, &s):
		case s.Status == http.StatusProxyAuthRequired || s.ProxyStatus == http.StatusProxyAuthRequired:
			c.Hintf("a proxy's login stands in its address, as https_proxy=http://USER:PASSWORD@HOST:PORT, with %%40 for an @ in it")
		case strings.HasPrefix(s.Proxy, "socks") && strings.Contains(s.Err.Error(), " authentication "): // as net/http words it
			c.Hintf("a proxy's login stands in its address, as https_proxy=socks5h://USER:PASSWORD@HOST:PORT, with %%40 for an @ in it")
		case s.ProxyStatus != 0 || s.Proxy != "" && s.Status == http.StatusForbidden:
			c.Hintf("ask those who run the proxy to allow the host; or name it in no_proxy if it can be reached without one")
		case denied(s) && source.InRegistry(a.URL):
			c.Hintf("logins to registries are read from the config.json of docker login: %s, or RUN --mount=type=secret,id=config.json", c.option("--registry-auth FILE", "DOCKER_CONFIG, its directory"))
		case denied(s) && s.Authorized:
			c.Hintf("the server has refused the credentials that the netrc or headers file has for it")
		case denied(s):
			c.Hintf("credentials are read from a netrc file: %s, or RUN --mount=type=secret,id=netrc; tokens from a file of header fields: %s, or id=headers.toml",
				c.option("--netrc FILE", "NETRC"), c.option("--headers FILE", "DEPFETCH_HEADERS"))
		case s.Strayed:
			c.Hintf("a rule of --rewrite or $DEPFETCH_REWRITE leads to %s, which redirects to %s, for which there is no rule; add one", host(a.Asked), host(s.URL))
			return
		case a.Asked != "":
			c.Hintf("%s; %s", leads(a.Asked), ruleHint(e, a))
			return
		case errors.As(a.Err, &dns) && dns.IsNotFound && s.Proxy == "":
			c.Hintf("%s is not known here: look at its name and at the network; where a company has a proxy, name it in https_proxy, or give DEPFETCH_REWRITE a rule for the host (a RUN has each by an ARG)", dns.Name)
		case a.Source == fetch.SourceOrigin && (s.Status == http.StatusNotFound || s.Status == http.StatusGone):
			if e.Artifact.Digest == (fetch.Digest{}) { // it is about to be locked
				c.Hintf("look at the address: nothing is there")
				break
			}
			place := "[deps." + e.Artifact.Name + "]"
			if lineOf(e.Artifact) {
				place = "its line of urls"
			}
			c.Hintf("upstream no longer has it; another address of the same bytes can be added to mirrors of %s", place)
		}
	}
}

// NetworkHint says what to do about the failure of a request that is no download, or is
// empty: a certificate that is not trusted, or a host that is not known.
func NetworkHint(err error) string {
	var (
		authority x509.UnknownAuthorityError
		dns       *net.DNSError
	)
	switch {
	case errors.As(err, &authority):
		return "give a private CA with --cacert FILE"
	case errors.As(err, &dns) && dns.IsNotFound:
		return "if " + dns.Name + " can be reached by a proxy alone, name that in https_proxy"
	}
	return ""
}

// option returns what a hint names: an option of the program, or, where that stands in for
// curl or wget and has their options alone, the variable of the environment.
func (c *Console) option(option, variable string) string {
	if strings.Contains(c.Program, " ") {
		return variable
	}
	return option
}

// ruleHint says what to do about a rule that has led an attempt elsewhere.
func ruleHint(e *fetch.TransferError, a fetch.Attempt) string {
	for _, other := range e.Attempts {
		if other.URL == a.URL && other.Asked == "" {
			return "correct it" // the address itself has been asked too
		}
	}
	return correctRule
}

const correctRule = "correct it, or let upstream be asked too with --origin-fallback or DEPFETCH_ORIGIN_FALLBACK=1"

// RuleHint says what to do where a rule has led to what is not there, or is something else.
func RuleHint(asked string) string { return leads(asked) + "; " + correctRule }

// PageHint says what to do where a rule has led to a web page.
func PageHint(asked string) string {
	return leads(asked) + "; does it want a login (--netrc, --headers)? Otherwise correct it"
}

// host returns the host and port of an address.
func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "?"
	}
	return u.Host
}

// leads says why an address was asked that nobody has named.
func leads(asked string) string {
	return source.Redact(asked) + " is where a rule of --rewrite or $DEPFETCH_REWRITE leads"
}

// denied reports whether a server requires other credentials.
func denied(e *source.Error) bool {
	return e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden
}

func (c *Console) hintDestination(e *fetch.DestinationError) int {
	elsewhere := "place the files below another directory with --root DIR"
	if e.OfDocument() {
		elsewhere = "name another file"
	}
	switch {
	case errors.Is(e, fetch.ErrNoPath):
		c.Hintf(`add path = "/…" to [deps.%s], or name the dependencies to fetch`, e.Artifact.Name)
		return exit.Usage
	case e.InCache && errors.Is(e, fs.ErrPermission):
		c.Hintf("whoever shares a cache must be able to write in all of its directories, as those that depfetch makes have the permissions of the cache's own: chmod them; or name another cache with --cache DIR")
	case e.InCache:
		c.Hintf("name another cache with --cache DIR")
	case errors.Is(e, document.ErrForeign):
		c.Hintf("name another file, or remove this one")
	case errors.Is(e, fs.ErrPermission):
		c.Hintf("run as a user who may write there, or %s", elsewhere)
	case errors.Is(e, syscall.EROFS):
		c.Hintf("the file system is read-only; %s", elsewhere)
	case errors.Is(e, syscall.ENOSPC):
		c.Hintf("free some space there, or %s", elsewhere)
	}
	return exit.Failure
}
