package advisory

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"depfetch/lock/release"
)

// DefaultAPI is the base URL of OSV's API.
const DefaultAPI = "https://api.osv.dev"

const (
	perBatch   = 1000 // queries that the API takes at once
	maxPages   = 100  // of what it has about one of them
	maxRecords = 20_000
	inFlight   = 8 // requests for records
)

// Client asks OSV's API: POST /v1/querybatch, and GET /v1/vulns/ID for each entry that
// it names. It is safe for concurrent use.
type Client struct {
	API     string // its base URL; default DefaultAPI
	HTTP    *release.Client
	Retries int // of what may succeed later
	// Sleep waits before a retry. Nil waits for real.
	Sleep func(context.Context, time.Duration) error
}

func (c *Client) base() string {
	if c.API == "" {
		return DefaultAPI
	}
	return strings.TrimRight(c.API, "/")
}

type (
	// query is one of a batch. Package and version, which are what a package URL says, leave
	// nothing to how that is read. A commit stands in their place.
	query struct {
		Commit    string       `json:"commit,omitempty"`
		Package   *packageName `json:"package,omitempty"`
		Version   string       `json:"version,omitempty"`
		PageToken string       `json:"page_token,omitempty"`
	}
	batch struct {
		Queries []query `json:"queries"`
	}
	batchAnswer struct {
		Results []struct {
			Vulns []struct {
				ID string `json:"id"`
			} `json:"vulns"`
			NextPageToken string `json:"next_page_token"`
		} `json:"results"`
	}
)

func (c *Client) find(ctx context.Context, targets []target) ([]answer, error) {
	ids := make([][]string, len(targets))
	start := 0
	for some := range slices.Chunk(targets, perBatch) {
		if err := c.batch(ctx, some, ids[start:start+len(some)]); err != nil {
			return nil, err
		}
		start += len(some)
	}
	records, err := c.records(ctx, ids)
	if err != nil {
		return nil, err
	}
	answers := make([]answer, len(targets))
	for i := range targets {
		for _, id := range ids[i] {
			r := records[id]
			// Tags are matched loosely.
			other := targets[i].ecosystem.name == git && targets[i].commit == "" && !r.includesTag(targets[i])
			if r.Withdrawn == "" && !other {
				answers[i].records = append(answers[i].records, r)
			}
		}
	}
	return answers, nil
}

// batch asks for the ids of what affects targets, page by page.
func (c *Client) batch(ctx context.Context, targets []target, ids [][]string) error {
	var queries []query
	var of []int // the target of each query
	for i, t := range targets {
		for _, name := range t.names() {
			q := query{Commit: t.commit}
			if t.commit == "" {
				q = query{Package: &packageName{t.ecosystem.name, name}, Version: t.version}
			}
			queries = append(queries, q)
			of = append(of, i)
		}
	}
	type affected struct {
		target int
		id     string
	}
	known := make(map[affected]bool)
	address := c.base() + "/v1/querybatch"
	for page := 0; len(queries) > 0; page++ {
		if page == maxPages {
			return &release.AnswerError{URL: address, Err: fmt.Errorf("the answer has more than %d pages", maxPages)}
		}
		body, err := json.Marshal(batch{queries})
		if err != nil {
			return err
		}
		var got batchAnswer
		if err := c.ask(ctx, address, body, func(data []byte) error { return json.Unmarshal(data, &got) }); err != nil {
			return err
		}
		if len(got.Results) != len(queries) {
			return &release.AnswerError{URL: address, Err: fmt.Errorf("%d results for %d queries", len(got.Results), len(queries))}
		}
		var again []query
		var next []int
		for i, r := range got.Results {
			for _, v := range r.Vulns {
				if !idForm.MatchString(v.ID) {
					return &release.AnswerError{URL: address, Err: fmt.Errorf("%q is no id of a vulnerability", v.ID)}
				}
				if at := (affected{of[i], v.ID}); !known[at] {
					known[at] = true
					ids[of[i]] = append(ids[of[i]], v.ID)
				}
			}
			if r.NextPageToken != "" {
				q := queries[i]
				q.PageToken = r.NextPageToken
				again, next = append(again, q), append(next, of[i])
			}
		}
		queries, of = again, next
	}
	return nil
}

// records gets the entries of ids, each once.
func (c *Client) records(ctx context.Context, ids [][]string) (map[string]*record, error) {
	wanted := distinct(ids)
	if len(wanted) > maxRecords {
		return nil, &release.AnswerError{URL: c.base() + "/v1/querybatch", Err: fmt.Errorf("%d vulnerabilities, more than %d", len(wanted), maxRecords)}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		mu      sync.Mutex // guards records
		records = make(map[string]*record)
		workers sync.WaitGroup
		queue   = make(chan string)
	)
	for range inFlight {
		workers.Go(func() {
			for id := range queue {
				r, err := c.record(ctx, id)
				if err != nil {
					cancel(err)
				}
				mu.Lock()
				records[id] = r
				mu.Unlock()
			}
		})
	}
	for id := range wanted {
		queue <- id
	}
	close(queue)
	workers.Wait()
	return records, context.Cause(ctx)
}

// distinct returns a set of all ids.
func distinct(ids [][]string) map[string]bool {
	set := make(map[string]bool)
	for _, some := range ids {
		for _, id := range some {
			set[id] = true
		}
	}
	return set
}

// record gets an entry.
func (c *Client) record(ctx context.Context, id string) (r *record, err error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	err = c.ask(ctx, c.base()+"/v1/vulns/"+id, nil, func(data []byte) error {
		if r, err = parseRecord(data); err == nil && r.ID != id {
			err = fmt.Errorf("the answer is about %s", r.ID)
		}
		return err
	})
	return r, err
}

// ask gets an answer and gives it to read. What may succeed later is tried again.
func (c *Client) ask(ctx context.Context, address string, body []byte, read func([]byte) error) error {
	for try := 0; ; try++ {
		status, header, data, err := c.HTTP.Exchange(ctx, address, body)
		switch {
		case err == nil && status == http.StatusOK:
			if err = read(data); err != nil {
				err = &release.AnswerError{URL: address, Err: unreadable(data, err)}
			}
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err == nil:
			err = refusal(address, status, data)
			if !temporary(status) {
				return err
			}
		case !unanswered(err):
			return err
		}
		if try >= c.Retries {
			return err
		}
		if sleepErr := c.sleep(ctx, pause(try, header)); sleepErr != nil {
			return sleepErr
		}
	}
}

// unreadable says why an answer is of no use.
func unreadable(data []byte, err error) error {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("<")) {
		return errors.New("a web page in place of JSON; is this the base URL of OSV's API?")
	}
	return fmt.Errorf("the answer cannot be read: %w", err)
}

// refusal makes the error of an answer that is none. OSV says why in its message.
func refusal(address string, status int, data []byte) error {
	e := &release.AnswerError{URL: address, Status: status}
	var said struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(data, &said) == nil && said.Message != "" {
		const enough = 200
		message := []rune(said.Message)
		e.Err = fmt.Errorf("HTTP %d: %s", status, string(message[:min(len(message), enough)]))
	}
	return e
}

func temporary(status int) bool {
	return status == http.StatusRequestTimeout || status == http.StatusTooEarly || status == http.StatusTooManyRequests || status >= http.StatusInternalServerError
}

// unanswered reports whether err means that no whole answer came, though there was time.
func unanswered(err error) bool {
	e, ok := errors.AsType[*release.AnswerError](err)
	return !ok || e.Status == 0 && !errors.Is(err, release.ErrSlow)
}

// maxPause limits the Retry-After that is followed.
const maxPause = time.Minute

// pause returns how long to wait before the retry behind a try.
func pause(try int, header http.Header) time.Duration {
	wait := min(500*time.Millisecond<<min(try, 10), maxPause/2)
	if n, err := strconv.ParseUint(header.Get("Retry-After"), 10, 32); err == nil {
		wait = max(wait, min(time.Duration(n)*time.Second, maxPause))
	}
	return wait
}

func (c *Client) sleep(ctx context.Context, d time.Duration) error {
	if c.Sleep != nil {
		return c.Sleep(ctx, d)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
