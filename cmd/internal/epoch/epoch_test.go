package epoch

import (
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	for value, want := range map[string]string{
		"":             "0001-01-01T00:00:00Z",
		"0":            "1970-01-01T00:00:00Z",
		" 1000000000 ": "2001-09-09T01:46:40Z",
		"253402300799": "9999-12-31T23:59:59Z",
		"253402300800": `SOURCE_DATE_EPOCH "253402300800" is behind the year 9999`,
		// Of 2026, in milliseconds.
		"1796040000000":       `SOURCE_DATE_EPOCH "1796040000000" is behind the year 9999`,
		"9223372036854775808": `SOURCE_DATE_EPOCH "9223372036854775808" is not a number of seconds`,
		"-1":                  `SOURCE_DATE_EPOCH "-1" is not a number of seconds`,
		"1.5":                 `SOURCE_DATE_EPOCH "1.5" is not a number of seconds`,
	} {
		at, err := Parse(value)
		got := at.Format(time.RFC3339)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", value, got, want)
		}
	}
}
