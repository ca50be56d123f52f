//go:build bench

package bench

import (
	"context"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	idleShare = 0.9                    // of all cores, for the machine to count as idle
	idleProbe = 200 * time.Millisecond // how long it is watched
	idleLimit = 3 * time.Second        // how long it is waited for
	idleTotal = 2 * time.Minute        // how long a whole benchmark waits
)

// waitIdle waits until other programs leave the machine alone, and reports
// whether they did. Where /proc does not tell, it does not wait.
func (b *Bench) waitIdle(ctx context.Context) bool {
	began := time.Now()
	defer func() { b.waited += time.Since(began) }()
	end := began.Add(max(min(idleLimit, idleTotal-b.waited), idleProbe))
	for time.Now().Before(end) {
		idle, all, ok := cpuTicks()
		if !ok {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(idleProbe):
		}
		idleNow, allNow, _ := cpuTicks()
		if float64(idleNow-idle) >= idleShare*float64(allNow-all) {
			return true
		}
	}
	return false
}

// cpuTicks returns the time that the cores have been idle, and all time, since
// the machine was started (proc(5), /proc/stat).
func cpuTicks() (idle, all int64, ok bool) {
	data, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0, false
	}
	line, _, _ := strings.Cut(string(data), "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return 0, 0, false
	}
	// user, nice, system, idle, iowait, irq, softirq, steal; what follows is
	// contained in user and nice.
	for i, f := range fields[1:9] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, 0, false
		}
		all += n
		if i == 3 || i == 4 {
			idle += n
		}
	}
	return idle, all, true
}
