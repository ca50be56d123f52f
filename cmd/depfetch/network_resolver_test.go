package main

import (
	"encoding/binary"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// The response codes of RFC 1035, section 4.1.1, one for no response, and one for
// a response that comes a little later than others.
const (
	dnsAnswer   = 0
	dnsServfail = 2
	dnsNXDomain = 3
	dnsSilence  = -1
	dnsLate     = 16
)

// The types of RFC 1035, section 3.2.2, and RFC 3596.
const (
	dnsA    = 1
	dnsAAAA = 28
)

// resolver is a DNS server over UDP, to which every name of its zone has the
// address 127.0.0.1 and no IPv6 address.
type resolver struct {
	// zone says how the server answers questions of a type for a name: the
	// first with the first code, and so on, the last one from then on.
	zone map[string]map[uint16][]int

	mu   sync.Mutex
	seen map[question]int
}

type question struct {
	name string
	kind uint16
}

// startResolver listens on an address until t ends.
func startResolver(t *testing.T, address string, zone map[string]map[uint16][]int) *resolver {
	t.Helper()
	c, err := net.ListenPacket("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	r := &resolver{zone: zone, seen: make(map[question]int)}
	done := make(chan struct{})
	t.Cleanup(func() { c.Close(); <-done })
	go func() {
		defer close(done)
		for buf := make([]byte, 1500); ; {
			n, from, err := c.ReadFrom(buf)
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if answer, after := r.answer(buf[:n]); answer != nil {
				time.AfterFunc(after, func() { c.WriteTo(answer, from) })
			}
		}
	}()
	return r
}

// count returns how often the server was asked for an IPv4 address of a name.
func (r *resolver) count(name string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen[question{name, dnsA}]
}

// code is how a question is answered.
func (r *resolver) code(q question) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.seen[q]
	r.seen[q]++
	codes, ok := r.zone[q.name][q.kind]
	if !ok {
		return dnsNXDomain
	}
	return codes[min(n, len(codes)-1)]
}

// answer returns the response to a query of one question, or nil for none, and
// after how long to send it.
func (r *resolver) answer(query []byte) (response []byte, after time.Duration) {
	const header = 12
	if len(query) < header {
		return nil, 0
	}
	var labels []string
	i := header
	for i < len(query) && query[i] != 0 {
		end := i + 1 + int(query[i])
		if end >= len(query) {
			return nil, 0
		}
		labels = append(labels, string(query[i+1:end]))
		i = end
	}
	if i+5 > len(query) {
		return nil, 0
	}
	q := question{strings.ToLower(strings.Join(labels, ".")), binary.BigEndian.Uint16(query[i+1:])}
	code := r.code(q)
	if code == dnsSilence {
		return nil, 0
	}
	if code == dnsLate {
		code, after = dnsAnswer, 100*time.Millisecond
	}
	var answers uint16
	if code == dnsAnswer && q.kind == dnsA {
		answers = 1
	}
	response = append([]byte{}, query[:2]...)                               // the ID
	response = binary.BigEndian.AppendUint16(response, 0x8180|uint16(code)) // QR, RD, RA
	response = append(response, 0, 1, 0, byte(answers), 0, 0, 0, 0)         // counts of sections
	response = append(response, query[header:i+5]...)                       // the question
	if answers > 0 {
		response = append(response, 0xc0, header)                     // its name
		response = append(response, 0, dnsA, 0, 1, 0, 0, 0, 60, 0, 4) // type, class, TTL, length
		response = append(response, 127, 0, 0, 1)
	}
	return response, after
}
