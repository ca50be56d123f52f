package lock

import (
	"fmt"

	"depfetch/fetch/spelling"
)

// didYouMean returns "; did you mean …?" with the one of known that is nearest
// to word, written as format says, or "" if none is near.
func didYouMean(word string, known []string, format string) string {
	best := spelling.Nearest(word, known)
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean "+format+"?", best)
}
