package fetch_test

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"depfetch/fetch/fetchtest"
)

// refused is an origin where nothing listens.
const refused = "http://127.0.0.1:1"

// pick returns one of the choices.
func pick[T any](c *chaos, choices ...T) T { return choices[c.rand.IntN(len(choices))] }

// chance is true in so many of a hundred cases.
func (c *chaos) chance(percent int) bool { return c.rand.IntN(100) < percent }

// secret returns a word that may appear in no output.
func (c *chaos) secret() string {
	s := fmt.Sprintf("s3cr3t%016x", c.rand.Uint64())
	c.secrets = append(c.secrets, s)
	return s
}

// script lets s answer a new address with the steps, and notes how often it may
// be asked for each time that a client tries.
func (c *chaos) script(s *fetchtest.Server, path string, perTry int, steps ...fetchtest.Step) string {
	c.uris++
	uri := fmt.Sprintf("%s/%d", path, c.uris)
	if c.chance(20) {
		uri += "?b=2&token=" + c.secret() + "&a"
	}
	return c.scriptAt(s, uri, perTry, steps...)
}

func (c *chaos) scriptAt(s *fetchtest.Server, uri string, perTry int, steps ...fetchtest.Step) string {
	c.scripted = append(c.scripted, scripted{s, uri, perTry})
	address := s.Script(uri, steps...)
	c.stalling[address] = c.stalls
	return address
}

// stepsOf returns what s says when it is asked for body. A reliable source has
// it within the retries of the client, whatever else happens.
func (c *chaos) stepsOf(s *fetchtest.Server, body string, reliable bool) []fetchtest.Step {
	var steps []fetchtest.Step
	c.stalls = 0
	if reliable {
		if c.chance(50) {
			for range c.rand.IntN(c.client.Retries + 1) {
				steps = append(steps, c.passing(body))
			}
		}
		return append(steps, c.right(s, body))
	}
	for range 1 + c.rand.IntN(4) {
		switch n := c.rand.IntN(10); {
		case n < 1:
			steps = append(steps, c.right(s, body))
		case n < 6:
			steps = append(steps, c.passing(body))
		default:
			steps = append(steps, c.lasting(s, body))
		}
	}
	return steps
}

// right returns a step with which s serves body.
func (c *chaos) right(s *fetchtest.Server, body string) fetchtest.Step {
	etag := pick(c, `"one"`, `"two"`, `W/"one"`)
	switch c.rand.IntN(12) {
	case 0, 1, 2:
		return fetchtest.Ranged(etag, body)
	case 3:
		return fetchtest.Slow(body, len(body)/4+1, time.Duration(c.rand.IntN(3000))*time.Microsecond)
	case 4:
		return fetchtest.Labelled(pick(c, "gzip", "br", "deflate"), body)
	case 5:
		return fetchtest.Hinted(fetchtest.Body(body))
	case 6:
		if len(body) < 1<<10 {
			return fetchtest.Chunked(body)
		}
	case 7:
		if s != c.secure {
			return fetchtest.Undeclared(body, len(body))
		}
	case 8, 9:
		return c.redirect(s, body, c.rand.IntN(4))
	case 10:
		if c.password != "" {
			return fetchtest.BasicAuth("user", c.password, fetchtest.Body(body))
		}
	}
	return fetchtest.Body(body)
}

// redirect returns a redirect from s to where body is, with so many in between.
func (c *chaos) redirect(s *fetchtest.Server, body string, more int) fetchtest.Step {
	to := pick(c, s, c.secure)
	if s != c.secure && !c.policed && c.chance(40) {
		to = c.elsewhere
	}
	next := fetchtest.Body(body)
	if more > 0 {
		next = c.redirect(to, body, more-1)
	}
	address := c.script(to, "/hop", 1, next)
	if to != s {
		// What was given for the first origin is not for this one.
		c.hops = append(c.hops, c.scripted[len(c.scripted)-1])
	}
	return fetchtest.Redirect(pick(c, 301, 302, 303, 307, 308), address+pick(c, "", "#fragment"))
}

// passing returns a step after which the same request may succeed.
func (c *chaos) passing(body string) fetchtest.Step {
	n := c.rand.IntN(len(body) + 1)
	etag := pick(c, `"one"`, `"two"`, `W/"one"`)
	kind := c.rand.IntN(16)
	if n == len(body) && kind < 9 {
		kind = 15 // the whole body is no fault
	}
	switch kind {
	case 0, 1:
		return fetchtest.Truncated(body, n)
	case 2, 3:
		return fetchtest.Reset(body, n)
	case 4:
		return fetchtest.RangedCut(etag, body, n)
	case 5:
		return fetchtest.CutChunks(body, n)
	case 6:
		return fetchtest.BadChunk(body, n)
	case 7:
		if c.chance(10) {
			c.stalls++
			return c.plain.Stalled(body, n)
		}
	case 8:
		return fetchtest.Declared(body[:n], len(body))
	case 9:
		c.closes = true
		return fetchtest.Raw("")
	case 10:
		return fetchtest.Raw(pick(c, "garbage", "\x00\xff\x1b[31m\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
			"HTTP/1.1 200 OK\r\nno colon", "SSH-2.0-OpenSSH\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx"))
	case 11:
		if c.chance(10) {
			return fetchtest.Status(http.StatusForbidden, "Retry-After", "1")
		}
	}
	code := pick(c, 408, 425, 429, 500, 502, 503, 504, 599)
	switch after := pick(c, "", "0", "soon", "-3", "Sun, 06 Nov 1994 08:49:37 GMT", "1"); {
	case after == "1" && !c.chance(10):
		return fetchtest.Status(code)
	default:
		return fetchtest.Status(code, "Retry-After", after)
	}
}

// lasting returns a step of a source that has something else than body, or not
// for us.
func (c *chaos) lasting(s *fetchtest.Server, body string) fetchtest.Step {
	switch c.rand.IntN(16) {
	case 0:
		return fetchtest.Body(body + "more")
	case 1:
		return fetchtest.Page("<!DOCTYPE html><title>Sign in</title>")
	case 2:
		if len(body) > 0 {
			return fetchtest.Corrupt(body, c.rand.IntN(len(body)))
		}
	case 3:
		if len(body) > 0 {
			return fetchtest.Declared(body, c.rand.IntN(len(body)))
		}
	case 4:
		return fetchtest.Undeclared(body, c.rand.IntN(len(body)+1))
	case 5:
		return fetchtest.Declared(body+"more", len(body)+4)
	case 6: // a loop
		c.uris++
		uri := fmt.Sprintf("/loop/%d?sig=%s", c.uris, c.secret())
		return fetchtest.Redirect(302, c.scriptAt(s, uri, 11, fetchtest.Redirect(302, uri)))
	case 7: // a downgrade, or with credentials, or to where nobody may go
		to := pick(c, "http://user:%s@"+c.plain.Host()+"/", "ftp://127.0.0.1/%s", "http://%%zz/%s", "http://127.0.0.1:port%s/", "//[%s", "http:%s",
			"file:///etc/%s", refused+"/?x=%s")
		return fetchtest.Redirect(302, fmt.Sprintf(to, c.secret()))
	case 8:
		address := c.script(c.elsewhere, "/lost", 1, fetchtest.Page("lost"))
		c.hops = append(c.hops, c.scripted[len(c.scripted)-1])
		return fetchtest.Redirect(302, address)
	case 9:
		return fetchtest.LyingRange(`"one"`, body, 1+c.rand.IntN(9))
	case 10:
		return fetchtest.ShiftedRange(`"one"`, body, c.rand.IntN(9)-4)
	case 11:
		if len(body) > 0 {
			return fetchtest.Body(strings.Repeat("x", len(body)))
		}
	}
	return fetchtest.Status(pick(c, 201, 204, 206, 300, 302, 304, 400, 401, 403, 404, 410, 451))
}
