package shim

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"

	"depfetch/cmd/internal/exit"
	"depfetch/fetch"
	"depfetch/fetch/cmdline"
	"depfetch/fetch/source"
)

// Failures that have exit codes, besides the faults of a command line.
const (
	onResolve = iota + cmdline.Exists + 1
	onConnect
	onPart
	onHTTP
	onAuth
	onTLS
	onRedirects
	onCertificate
	onInterrupt
	onRoots
	onProxy     // it could not be resolved
	onHandshake // the connection failed while TLS was agreed on
	onEmpty     // no answer
	onReply     // the answer cannot be read
	onReceive   // the connection failed later, or a proxy has refused it
	onSocks
	onNext // no other program to hand over to
)

// codes are the exit codes of a program, by kind of failure.
type codes [onNext + 1]byte

var (
	curlCodes = codes{
		cmdline.Usage: 2, cmdline.URL: 3, cmdline.Scheme: 1, cmdline.Read: 26,
		cmdline.Output: 23, cmdline.Timeout: 28, cmdline.Size: 63, cmdline.Exists: 23,
		onResolve: 6, onConnect: 7, onPart: 18, onHTTP: 22, onAuth: 22, onTLS: 35,
		onRedirects: 47, onCertificate: 60, onInterrupt: 42, onRoots: 77, onNext: 127,
		onProxy: 5, onHandshake: 35, onEmpty: 52, onReply: 8, onReceive: 56, onSocks: 97,
	}
	wgetCodes = codes{
		cmdline.Usage: 2, cmdline.URL: 1, cmdline.Scheme: 1, cmdline.Read: 3,
		cmdline.Output: 3, cmdline.Timeout: 4, cmdline.Size: 3, cmdline.Exists: 1,
		onResolve: 4, onConnect: 4, onPart: 4, onHTTP: 8, onAuth: 6, onTLS: 5,
		onRedirects: 8, onCertificate: 5, onInterrupt: 1, onRoots: 5, onNext: 127,
		onProxy: 4, onHandshake: 4, onEmpty: 4, onReply: 4, onReceive: 4, onSocks: 4,
	}
	busyboxCodes = codes{
		cmdline.Usage: 1, cmdline.URL: 1, cmdline.Scheme: 1, cmdline.Read: 1,
		cmdline.Output: 1, cmdline.Timeout: 1, cmdline.Size: 1, cmdline.Exists: 1,
		onResolve: 1, onConnect: 1, onPart: 1, onHTTP: 1, onAuth: 1, onTLS: 1,
		onRedirects: 1, onCertificate: 1, onInterrupt: 1, onRoots: 1, onNext: 127,
		onProxy: 1, onHandshake: 1, onEmpty: 1, onReply: 1, onReceive: 1, onSocks: 1,
	}
)

const curlExits = `Exit codes:
  0  every transfer is done, and is what the lockfile pins
  1  the URL's scheme is not fetched, or not allowed by --proto
  2  wrong usage, or a bad or stale lockfile
  3  the URL cannot be read
  5  the proxy could not be resolved
  6  the host could not be resolved
  7  could not connect
  8  the answer cannot be read
 18  the file came in part
 22  refused: the URL is not pinned, the server said no, or the bytes are not
     those pinned
 23  the output could not be written
 26  a file of the command line could not be read
 28  a time limit was reached
 35  TLS failed
 42  interrupted
 47  too many redirects
 52  the server sent nothing
 56  the connection failed while receiving, or the proxy refused it
 60  the certificate could not be verified
 63  the file is larger than --max-filesize
 77  the certificate authorities could not be read
 97  the SOCKS proxy refused, or failed
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

// of returns the exit code for err. general is the exit code that depfetch has for it.
func (c *codes) of(err error, general int) int {
	var (
		fault    *cmdline.Error
		dest     *fetch.DestinationError
		transfer *fetch.TransferError
	)
	on := cmdline.Usage
	switch {
	case errors.Is(err, context.Canceled):
		on = onInterrupt
	case errors.As(err, &fault):
		on = fault.Fault
	case errors.As(err, &dest):
		on = cmdline.Output
	case general == exit.Refused || general == exit.WrongBytes:
		on = onHTTP
	case errors.As(err, &transfer):
		on = ofAttempts(transfer.Attempts)
	}
	return int(c[on])
}

// ofAttempts returns the kind of failure of the last attempt at the origin, or of the
// last attempt if there was none at the origin.
func ofAttempts(attempts []fetch.Attempt) cmdline.Fault {
	var err error
	for i, a := range attempts {
		if i == 0 || a.Source == fetch.SourceOrigin {
			err = a.Err
		}
	}
	var (
		answer   *source.Error
		redirect *source.RedirectError
		dns      *net.DNSError
		cert     *tls.CertificateVerificationError
		host     x509.HostnameError
		record   tls.RecordHeaderError
		alert    tls.AlertError
		timed    net.Error
	)
	switch {
	case errors.As(err, &answer) && (answer.Status == http.StatusUnauthorized || answer.Status == http.StatusProxyAuthRequired):
		return onAuth
	case answer != nil && answer.Status != 0, errors.Is(err, os.ErrNotExist):
		return onHTTP
	case errors.As(err, &dns):
		if answer != nil && strings.HasPrefix(answer.Proxy, "http") {
			return onProxy // which resolves the host itself
		}
		return onResolve
	case errors.As(err, &cert), errors.As(err, &host):
		return onCertificate
	case errors.As(err, &record), errors.As(err, &alert):
		return onTLS
	case errors.As(err, &timed) && timed.Timeout(), errors.Is(err, source.ErrStalled):
		return cmdline.Timeout
	case errors.Is(err, source.ErrTruncated):
		return onPart
	case errors.As(err, &redirect):
		return onRedirects
	}
	return ofConnection(err, answer)
}

// ofConnection returns the kind of failure of a connection. answer may be nil.
func ofConnection(err error, answer *source.Error) cmdline.Fault {
	op, failed := errors.AsType[*net.OpError](err)
	inner := failed
	if failed && op.Op == "socks connect" {
		if op, inner = errors.AsType[*net.OpError](op.Err); !inner || op.Op != "dial" {
			return onSocks
		}
	}
	switch received := inner && op.Op == "read" || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, source.ErrNoAnswer) || errors.Is(err, source.ErrNotHTTP); {
	case answer == nil:
		return onConnect
	case answer.ProxyStatus != 0:
		return onReceive
	case !received:
		return onConnect
	case !answer.Answered && answer.Proxy == "" && strings.HasPrefix(answer.URL, "https:"):
		return onHandshake
	case errors.Is(err, source.ErrNoAnswer) && !strings.HasPrefix(answer.URL, "https:"):
		return onEmpty
	case errors.Is(err, source.ErrNotHTTP) && !answer.Answered && !strings.HasPrefix(answer.URL, "https:"):
		return onReply
	}
	return onReceive
}
