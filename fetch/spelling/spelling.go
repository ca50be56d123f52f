// Package spelling computes how far apart two words are, for suggestions.
package spelling

import "strings"

// Nearest returns the one of known that word is likely to be meant for: at most two letters
// apart, whatever their case. It is "" if there is none.
func Nearest(word string, known []string) string {
	best, least := "", 3
	for _, k := range known {
		d := Distance(strings.ToLower(word), strings.ToLower(k), least)
		if d < least && d < len(word) {
			best, least = k, d
		}
	}
	return best
}

// Distance returns how many bytes have to be inserted, removed or replaced to turn a
// into b, or some number greater than limit if that exceeds limit.
func Distance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner, least := row[0], i+1
		row[0] = i + 1
		for j := range len(b) {
			cost := corner
			if a[i] != b[j] {
				cost = min(corner, row[j], row[j+1]) + 1
			}
			corner, row[j+1] = row[j+1], cost
			least = min(least, cost)
		}
		if least > limit {
			return limit + 1
		}
	}
	return row[len(b)]
}
