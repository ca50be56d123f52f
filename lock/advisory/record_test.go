package advisory

import (
	"encoding/json"
	"fmt"
	"testing"
)

func TestRanges(t *testing.T) {
	for _, test := range []struct{ purl, affected, want string }{
		{"pkg:npm/a@1.0.1", `"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.0.2"}]}]`, "true 1.0.2"},
		{"pkg:npm/a@1.0.2", `"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.0.2"}]}]`, "false "},
		{"pkg:npm/a@1.0.2-rc.1", `"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.0.2"}]}]`, "true 1.0.2"},
		{"pkg:npm/a@1.0.1", `"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]`, "true "},
		{"pkg:npm/a@3.1.0", `"ranges":[{"type":"SEMVER","events":[{"fixed":"3.2.5"},{"introduced":"3.0.0"},{"fixed":"1.0.2"},{"introduced":"1.0.0"}]}]`, "true 3.2.5"},
		{"pkg:npm/a@2.0.0", `"ranges":[{"type":"SEMVER","events":[{"introduced":"1.0.0"},{"fixed":"1.0.2"},{"introduced":"3.0.0"},{"fixed":"3.2.5"}]}]`, "false "},
		{"pkg:npm/a@1.0.0", `"ranges":[{"type":"SEMVER","events":[{"introduced":"1.0.0"},{"fixed":"1.0.2"}]},{"type":"SEMVER","events":[{"introduced":"1.0.2"},{"fixed":"1.0.3"}]}]`, "true 1.0.3"},
		{"pkg:npm/a@2.1.214", `"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"last_affected":"2.1.214"}]}]`, "true "},
		{"pkg:npm/a@2.1.215", `"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"last_affected":"2.1.214"}]}]`, "false "},
		{"pkg:npm/a@2.0.0", `"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"limit":"1.5.0"}]}]`, "false "},
		{"pkg:npm/a@1.0.0", `"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"limit":"1.5.0"}]}]`, "true "},
		{"pkg:npm/a@2.0.0", `"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"limit":"*"}]}]`, "true "},
		{"pkg:npm/a@1.0.0", `"ranges":[{"type":"GIT","repo":"https://example.com/a","events":[{"introduced":"0"},{"fixed":"0123"}]}]`, "false "},
		{"pkg:npm/a@1.0.0", `"versions":["0.9.0","1.0.0"]`, "true "},
		{"pkg:npm/a@1.0", `"versions":["1.0.0"]`, "false "},
		{"pkg:pypi/a@1.0.post1", `"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"1.0"},{"fixed":"1.0.1"}]}]`, "true 1.0.1"},
		{"pkg:pypi/a@1.0rc1", `"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"1.0"},{"fixed":"1.0.1"}]}]`, "false "},
		{"pkg:maven/g/a@2.0-alpha", `"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"2.0"}]}]`, "true 2.0"},
		{"pkg:gem/a@2.0.0.rc1", `"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"2.0.0"}]}]`, "true 2.0.0"},
		{"pkg:cargo/a@0.1.2", `"ranges":[{"type":"SEMVER","events":[{"introduced":"0.0.0-0"},{"fixed":"0.1.3"}]}]`, "true 0.1.3"},
		{"pkg:golang/e.com/a@v0.0.0-20200101000000-0123456789ab", `"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"0.0.0-20210101000000-0123456789ab"}]}]`, "true 0.0.0-20210101000000-0123456789ab"},
		{"pkg:golang/e.com/a@v2.0.0%2Bincompatible", `"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"2.0.1+incompatible"}]}]`, "true 2.0.1+incompatible"},
		{"pkg:golang/stdlib@1.22rc1", `"ranges":[{"type":"SEMVER","events":[{"introduced":"1.22.0-0"},{"fixed":"1.22.3"}]}]`, "true 1.22.3"},
		{"pkg:golang/stdlib@1.20", `"ranges":[{"type":"SEMVER","events":[{"introduced":"1.20.0"},{"fixed":"1.20.1"}]}]`, "true 1.20.1"},
		{"pkg:npm/a@latest", `"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.0.2"}]}]`, "error"},
		{"pkg:npm/a@1.0.0", `"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"soon"}]}]`, "error"},
	} {
		s := Subject{Name: "a", PURL: test.purl}
		target, why := targetOf(s)
		if why != "" {
			t.Fatal(test.purl, why)
		}
		name, _ := json.Marshal(target.name)
		r, err := parseRecord(fmt.Appendf(nil, `{"id":"X-1","affected":[{"package":{"ecosystem":%q,"name":%s},%s},{"package":{"ecosystem":"other","name":"a"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]}]}`,
			target.ecosystem.name, name, test.affected))
		if err != nil {
			t.Fatal(err)
		}
		in, err := r.includes(target)
		got := fmt.Sprintf("%t %s", in, fix(target, []*record{r}))
		if err != nil {
			got = "error"
		}
		if got != test.want {
			t.Errorf("%s in %s: %s (%v), want %s", test.purl, test.affected, got, err, test.want)
		}
	}
}
