package lock

import (
	"fmt"
	"strings"

	"depfetch/fetch/spelling"
)

// didYouMean returns "; did you mean …?" with the one of known that is nearest
// to word, written as format says, or "" if none is near.
func didYouMean(word string, known []string, format string) string {
	best, least := "", 3
	for _, k := range known {
		d := spelling.Distance(strings.ToLower(word), strings.ToLower(k), least)
		if d < least && d < len(word) {
			best, least = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean "+format+"?", best)
}
