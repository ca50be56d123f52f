package fetch

// DefaultConnections is how many connections a run may use when files come in segments,
// unless a caller says otherwise.
const DefaultConnections = 16

// hostConnections is how many of them may be to one host.
const hostConnections = 8

// addExtra reports whether one more connection to the host of a lease may be opened. If
// so, removeExtra is to be called. Nothing that comes of it counts for the breaker.
func (l *lease) addExtra() bool {
	l.limiter.mu.Lock()
	defer l.limiter.mu.Unlock()
	b := l.breaker
	if b.noExtras || b.failures > 0 || l.crowded(1) {
		return false
	}
	b.extras++
	l.limiter.extras++
	return true
}

// removeExtra ends what addExtra allowed. refused says that the host does not serve
// segments, or not over so many connections: no more are opened in this run.
func (l *lease) removeExtra(refused bool) {
	l.limiter.mu.Lock()
	defer l.limiter.mu.Unlock()
	b := l.breaker
	b.extras--
	l.limiter.extras--
	b.noExtras = b.noExtras || refused
}

// mayStay reports whether an extra connection may stay, or has to make room for others.
func (l *lease) mayStay() bool {
	l.limiter.mu.Lock()
	defer l.limiter.mu.Unlock()
	return !l.crowded(0)
}

// crowded reports whether there is no room for n more connections.
func (l *lease) crowded(n int) bool {
	b := l.breaker
	here := b.inFlight + b.extras + n
	return here > hostConnections || b.limit > 0 && here > b.limit || l.limiter.leases+l.limiter.extras+n > l.limiter.connections
}
