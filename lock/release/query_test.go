package release

import (
	"testing"

	"depfetch/lock"
)

// A lockfile's own query is one here.
var _ = Query(lock.Latest{})

func TestQueryCheck(t *testing.T) {
	for want, q := range map[string]Query{
		"a query names a repository on GitHub or a URL":           {},
		"a query names a repository on GitHub or a URL, not both": {GitHub: "o/r", URL: "https://host.example/", Regex: "x"},
		`"o" is not a repository on GitHub: want owner/name`:      {GitHub: "o"},
		`"o/.." is not a repository on GitHub: want owner/name`:   {GitHub: "o/.."},
		`"o/r/x" is not a repository on GitHub: want owner/name`:  {GitHub: "o/r/x"},
		`"o/r?x" is not a repository on GitHub: want owner/name`:  {GitHub: "o/r?x"},
		"a regex goes with a URL":                                 {GitHub: "o/r", Regex: "x"},
		"an age is not negative":                                  {GitHub: "o/r", MinAge: -1},
		"a URL needs a regex that finds the versions":             {URL: "https://host.example/"},
		"tags are those of a repository on GitHub":                {URL: "https://host.example/", Regex: "x", Tags: true},
		"a URL gives no dates, so a minimum age cannot be held":   {URL: "https://host.example/", Regex: "x", MinAge: 1},
		"regex: error parsing regexp: missing closing ): `(`":     {URL: "https://host.example/", Regex: "("},
	} {
		_, err := (&Client{}).Latest(t.Context(), q, "1.0.0")
		if err == nil || err.Error() != want {
			t.Errorf("%+v:\n got %v\nwant %s", q, err, want)
		}
	}
}
