package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	gosync "sync"

	"golang.org/x/sync/errgroup"

	"depfetch/cmd/internal/console"
	"depfetch/fetch"
	"depfetch/fetch/source"
	"depfetch/lock"
	"depfetch/lock/content"
	"depfetch/lock/release"
	"depfetch/lock/sync"
	"depfetch/lock/update"
)

// hintRecord is the way out where sync does not know what a call gets.
const hintRecord = "deplock record -- docker build …"

// locking asks for addresses and makes the lines of a lockfile of the answers.
type locking struct {
	*command
	flags  syncFlags
	client *update.Client
	config source.Config // that client is made of
	book   *pins
	policy lock.Policy
}

// answer is what a request has got.
type answer struct {
	request  *sync.Request
	client   *fetch.Client // that has asked
	unasked  error         // why it was not asked
	measured fetch.Measurement
	trust    lock.Trust
	err      error // that the bytes are not those that somebody says they are
}

// lock asks for what requests want, all at the same time, and books the answers in
// the order of the requests.
func (l *locking) lock(ctx context.Context, wants []*sync.Request) error {
	var answers []*answer
	for _, r := range wants {
		asked := cmp.Or(l.client.Fetch.Source.Rewrite(r.URL), r.URL)
		switch {
		case r.Local && !l.flags.allowHTTP:
			l.served(r)
		case asked != r.URL && strings.HasPrefix(asked, "http://") && !l.flags.allowHTTP:
			l.misled(r, fetch.ShowAddress(r.URL, asked)+" would come over plain http", "give the rule an https TO; or, if there is none, deplock sync --allow-http")
		case strings.HasPrefix(asked, "http://") && !l.flags.allowHTTP:
			l.book.leave(r, source.Redact(asked)+" comes over plain http", "use the https address; or, if there is none, deplock sync --allow-http")
		default:
			answers = append(answers, &answer{request: r})
		}
	}
	if err := l.ask(ctx, answers); err != nil {
		return err
	}
	var group errgroup.Group
	group.SetLimit(max(l.client.Fetch.Jobs, 1))
	for _, a := range answers {
		if a.unasked == nil && a.measured.Err == nil && !a.redirected() && !a.page() && a.instead() == content.None {
			group.Go(func() error {
				if a.err = compareSum(a.client.Cache, a.request, a.measured); a.err == nil {
					a.trust, a.err = l.client.PublishedTrust(ctx, a.client, a.request.URL, a.measured)
				}
				return nil
			})
		}
	}
	group.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	for _, a := range answers {
		l.enter(a)
	}
	return nil
}

func (l *locking) served(r *sync.Request) {
	l.book.leave(r, source.Redact(r.URL)+" is served by the build itself", "deplock sync --allow-http, if it can be asked from here too; else deplock record -- docker build …")
}

// misled leaves what a rule of the network has led astray: that is a failure of this
// machine, like a download that fails, and says nothing about the Dockerfile.
func (l *locking) misled(r *sync.Request, what, hint string) {
	l.book.failed++
	l.console.Errorf("%s", what)
	l.console.Hintf("%s", hint)
	l.book.leave(r, what, hint)
}

// ask fills in what was measured: with one client for all that are asked for alike,
// since header fields are a client's.
func (l *locking) ask(ctx context.Context, answers []*answer) error {
	alike := make(map[manner][]*answer)
	for _, a := range answers {
		m := mannerOf(a.request.URL, a.request.Header)
		alike[m] = append(alike[m], a)
	}
	var (
		asking gosync.WaitGroup
		mu     gosync.Mutex
		errs   []error
	)
	for _, some := range alike {
		asking.Go(func() {
			err := l.askAlike(ctx, some)
			mu.Lock()
			defer mu.Unlock()
			errs = append(errs, err)
		})
	}
	asking.Wait()
	return errors.Join(errs...)
}

// askAlike asks for what has the same header fields.
func (l *locking) askAlike(ctx context.Context, answers []*answer) error {
	first := answers[0].request
	client, err := withHeader(l.client.Fetch, l.config, first.URL, first.Header)
	if err != nil {
		for _, a := range answers {
			a.unasked = err
		}
		return nil
	}
	var artifacts []fetch.Artifact
	for _, a := range answers {
		a.client = client
		artifacts = append(artifacts, fetch.Artifact{Name: source.Redact(a.request.URL), Platform: lock.Any.String(), URL: a.request.URL, Size: fetch.SizeUnknown})
	}
	measured, err := client.Measure(ctx, artifacts)
	if err != nil {
		return err
	}
	for i, a := range answers {
		a.measured = measured[i]
	}
	return nil
}

// redirected reports whether the call would have got the page of a redirect.
func (a *answer) redirected() bool {
	return !a.request.Follow && a.measured.Response.URL != a.request.URL
}

// page reports whether it is a web page in the place of a file.
func (a *answer) page() bool {
	return a.measured.HTML && !strings.HasSuffix(strings.ToLower(a.request.URL), ".html")
}

// instead returns what was served in the place of the file, if it was.
func (a *answer) instead() content.Substitute {
	return content.Instead(a.request.URL, a.measured.Head, a.measured.Size)
}

// enter makes the line of an answer, or says why there is none.
func (l *locking) enter(a *answer) {
	r, m, book := a.request, a.measured, l.book
	shown := source.Redact(r.URL)
	var refused *source.Error
	switch answered := errors.As(m.Err, &refused); {
	case a.unasked != nil:
		book.leave(r, shown+" is asked for with a header that depfetch does not send: "+a.unasked.Error(), hintRecord)
		if !book.old[r.URL] {
			book.differ(r)
		}
		return
	case answered && refused.Refused:
		book.refused++
		book.leave(r, shown+" is refused: "+refused.Error(), "if the host may be trusted with it, add it to hosts in [policy] of the lockfile")
		return
	case m.Err != nil && r.Local && (!answered || refused.Status == 0):
		l.served(r)
		return
	case m.Err != nil:
		book.failed++
		l.console.Report(fmt.Errorf("%s: %w", shown, m.Err))
		book.leave(r, shown+" could not be downloaded", "the error says how it failed; deplock sync again, once it can be had")
		return
	case a.redirected():
		book.leave(r, shown+" answers with a redirect, which the call does not follow: it gets the page of the redirect", "add -L")
		if !book.old[r.URL] {
			book.differ(r)
		}
		return
	case a.page() && m.Asked != "":
		l.misled(r, fetch.ShowAddress(r.URL, m.Asked)+" is a web page", console.PageHint(m.Asked))
		return
	case a.page():
		book.leave(r, shown+" is a web page", "ask for the file itself")
		return
	case a.instead() != content.None:
		book.leave(r, shown+" is "+string(a.instead())+", and its address names an archive or a program", "look at what the address serves")
		return
	case a.err != nil:
		book.wrong[r.Form] = true
		l.console.Report(explain(a.err))
		return
	case book.old[r.URL]:
		if book.lines[r.URL].Digest != m.Digest {
			book.differ(r)
		}
		return
	case a.trust < l.policy.Trust:
		book.refused++
		book.leave(r, fmt.Sprintf("%s is not pinned: its trust would be %s, and policy.trust demands %s", shown, a.trust, l.policy.Trust),
			"upstream publishes no sum beside it; a dependency (deplock add) can name another list in sums")
		return
	}
	pin := lock.Pin{URL: r.URL, Digest: m.Digest, Size: m.Size, Modified: m.Response.Modified, Trust: a.trust}
	if had, ok := book.lines[r.URL]; ok || book.twofold[r.URL] != nil {
		if !ok || had.Digest != pin.Digest {
			book.differ(r)
		}
		return
	}
	book.lines[r.URL], book.source[r.URL] = pin, r
	fmt.Fprintf(l.stdout, "locked %s  %d bytes  %s\n", shown, m.Size, pin.Trust)
	l.warnSecret(pin.URL)
	if release.OnDemand(r.URL) {
		fmt.Fprintf(l.stdout, "    an archive that the forge makes when it is asked: its bytes are not promised to stay\n")
	}
}
