package shim

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"os"
	"strings"

	"depfetch/cmd/internal/exit"
	"depfetch/fetch"
	"depfetch/fetch/cmdline"
	"depfetch/fetch/source"
)

// codes are the exit codes of a program. The first are those of the faults of a
// command line.
type codes [19]byte

// What codes holds besides.
const (
	onResolve = iota + int(cmdline.Exists) + 1
	onConnect
	onPart
	onHTTP
	onAuth
	onTLS
	onRedirects
	onCertificate
	onInterrupt
	onRoots
	onNext // there is none to hand over to
)

var (
	curlCodes = codes{2, 3, 1, 26, 23, 28, 63, 23, 6, 7, 18, 22, 22, 35, 47, 60, 42, 77, 127}
	wgetCodes = codes{2, 1, 1, 3, 3, 4, 3, 1, 4, 4, 4, 8, 6, 5, 8, 5, 1, 5, 127}

	// Busybox has one code for all.
	busyboxCodes = codes{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 127}
)

const curlExits = `Exit codes:
  0  every transfer is done, and is what the lockfile pins
  1  the URL's scheme is not fetched, or not allowed by --proto
  2  wrong usage, or a bad or stale lockfile
  3  the URL cannot be read
  6  the host could not be resolved
  7  could not connect, or failed while receiving
 18  the file came in part
 22  refused: the URL is not pinned, the server said no, or the bytes are not
     those pinned
 23  the output could not be written
 26  a file of the command line could not be read
 28  a time limit was reached
 35  TLS failed
 42  interrupted
 47  too many redirects
 60  the certificate could not be verified
 63  the file is larger than --max-filesize
 77  the certificate authorities could not be read
127  the URL is unpinned, and there is no other curl in PATH
`

const wgetExits = `Exit codes:
  0  every file is there, and is what the lockfile pins
  1  the URL cannot be read or its scheme is not fetched, a file is there that
     --no-clobber keeps, or any other failure
  2  wrong usage, or a bad or stale lockfile
  3  a file could not be read or written
  4  the network failed
  5  TLS failed, or the certificate could not be verified
  6  the server wants other credentials
  8  refused: the URL is not pinned, the server said no, or the bytes are not
     those pinned
127  the URL is unpinned, and there is no other wget in PATH
Where the next wget in PATH is busybox's, files get no time, and all of these are 1
but for the last.
`

// faultError is an error with what has happened as codes holds it.
type faultError struct {
	on int
	error
}

func (e *faultError) Unwrap() error { return e.error }

// of returns the code for err, whose code in depfetch is general.
func (c *codes) of(err error, general int) int {
	var (
		fault    *cmdline.Error
		dest     *fetch.DestinationError
		transfer *fetch.TransferError
		happened *faultError
	)
	on := int(cmdline.Usage)
	switch {
	case errors.Is(err, context.Canceled):
		on = onInterrupt
	case errors.As(err, &happened):
		on = happened.on
	case errors.As(err, &fault):
		on = int(fault.Fault)
	case errors.As(err, &dest):
		on = int(cmdline.Output)
	case general == exit.Refused || general == exit.WrongBytes:
		on = onHTTP
	case errors.As(err, &transfer):
		on = ofAttempts(transfer.Attempts)
	}
	return int(c[on])
}

// ofAttempts returns what has happened to the last attempt at the origin, or the
// last one at all.
func ofAttempts(attempts []fetch.Attempt) int {
	var err error
	for i, a := range attempts {
		if i == 0 || a.Source == fetch.SourceOrigin {
			err = a.Err
		}
	}
	var (
		answer *source.Error
		dns    *net.DNSError
		cert   *tls.CertificateVerificationError
		host   x509.HostnameError
		record tls.RecordHeaderError
		alert  tls.AlertError
		timed  net.Error
	)
	begins := func(s string) bool { return err != nil && strings.HasPrefix(err.Error(), s) }
	switch {
	case errors.As(err, &answer) && (answer.Status == http.StatusUnauthorized || answer.Status == http.StatusProxyAuthRequired):
		return onAuth
	case answer != nil && answer.Status != 0, errors.Is(err, os.ErrNotExist):
		return onHTTP
	case errors.As(err, &dns):
		return onResolve
	case errors.As(err, &cert), errors.As(err, &host):
		return onCertificate
	case errors.As(err, &record), errors.As(err, &alert):
		return onTLS
	case errors.As(err, &timed) && timed.Timeout(), begins("stalled"):
		return int(cmdline.Timeout)
	case begins("truncated"):
		return onPart
	case begins("more than"), begins("redirect"):
		return onRedirects
	}
	return onConnect
}
