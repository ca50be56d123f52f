// Package epoch reads the time that a build says it is, for what must come out the same
// whenever it is built (https://reproducible-builds.org/specs/source-date-epoch/).
package epoch

import (
	"strconv"
	"strings"
	"time"

	"depfetch/cmd/internal/console"
)

// last is the last second of the year 9999, behind which documents have no way to write a
// time, and no build is: a number of milliseconds was meant.
const last = 253402300799

// Parse reads the value of SOURCE_DATE_EPOCH. It is zero if that is empty.
func Parse(value string) (time.Time, error) {
	value = strings.TrimSpace(value)
	if value == "" {
		return time.Time{}, nil
	}
	seconds, err := strconv.ParseInt(value, 10, 64)
	if err != nil || seconds < 0 {
		return time.Time{}, console.Usagef("", "SOURCE_DATE_EPOCH %q is not a number of seconds", value)
	}
	if seconds > last {
		return time.Time{}, console.Usagef("it is in seconds, not milliseconds: date +%s", "SOURCE_DATE_EPOCH %q is behind the year 9999", value)
	}
	return time.Unix(seconds, 0).UTC(), nil
}
