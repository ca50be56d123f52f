package frontend

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/subrequests/lint"
)

// TestBuilderCheck holds what a check says: what a build would refuse, and what it would
// leave, in the stages that it needs.
func TestBuilderCheck(t *testing.T) {
	for _, test := range []struct {
		name, dockerfile, lockfile, want string
		opts                             map[string]string
	}{{
		name:       "all is locked",
		dockerfile: "FROM debian\nRUN curl -fO https://e.example/a\nADD https://e.example/b /\n",
		lockfile:   locking("https://e.example/a", "https://e.example/b"),
	}, {
		name:       "some is not",
		dockerfile: "FROM debian\nRUN curl -fO https://e.example/a\nADD https://e.example/b /\nRUN /usr/bin/wget https://e.example/a\nRUN my-retry curl https://e.example/b\n",
		lockfile:   locking("https://e.example/c"),
		want: "2 DepfetchNotPinned Dockerfile:2:5: https://e.example/a is not pinned (deplock sync)\n" +
			"3 DepfetchNotPinned Dockerfile:3:5: https://e.example/b is not pinned (deplock sync)\n" +
			"4 DepfetchLeft Dockerfile:4:5: /usr/bin/wget is called by its path, past depfetch (call it as wget)\n" +
			"5 DepfetchLeft Dockerfile:5:5: my-retry may run curl, in a way that is not known (call curl without it, or deplock record -- docker build …)",
	}, {
		name:       "on another platform",
		dockerfile: "FROM debian\nARG TARGETARCH\nRUN curl -fO https://e.example/$TARGETARCH\n",
		lockfile:   locking("https://e.example/amd64"),
		opts:       map[string]string{"platform": "linux/amd64,linux/arm64"},
		want:       "3 DepfetchNotPinned Dockerfile:3:5: https://e.example/arm64 is not pinned (deplock sync)",
	}, {
		name:       "not what the target does without",
		dockerfile: "FROM debian AS a\nRUN curl -fO https://e.example/a\nFROM debian AS b\nRUN curl -fO https://e.example/b\nFROM debian AS c\nCOPY --from=b /b /\n",
		opts:       map[string]string{"target": "c"},
		want:       "4 DepfetchNotPinned Dockerfile:4:5: https://e.example/b is not pinned (deplock sync)",
	}, {
		name:       "ONBUILD",
		dockerfile: "FROM debian AS a\nONBUILD RUN curl -fO https://e.example/a\nFROM debian\nONBUILD RUN curl -fO https://e.example/a\nFROM a\n",
		want:       "2 DepfetchLeft Dockerfile:2:1: ONBUILD downloads in each stage and build that begins with this one (move it there)",
	}, {
		name:       "a rule that is turned off, beside one of BuildKit",
		dockerfile: "# check=skip=DepfetchLeft\nFROM debian\nMAINTAINER me\nRUN /usr/bin/wget https://e.example/a\nRUN curl -fO https://e.example/a\n",
		want: "3 MaintainerDeprecated Maintainer instruction is deprecated in favor of using label\n" +
			"5 DepfetchNotPinned Dockerfile:5:5: https://e.example/a is not pinned (deplock sync)",
	}, {
		name:       "what the lockfile places",
		dockerfile: "FROM scratch\nCOPY --from=deps / /\n",
		want:       "2 DepfetchNotPinned Dockerfile:2:13: the stage deps holds what the lockfile places, and the build context has no deps.lock.toml (deplock init)",
	}, {
		name:       "an address that only the build knows, where that is no fault",
		dockerfile: "FROM debian\nRUN --network=none curl -fO https://e.example/$(cat /a)\nRUN curl -fO https://e.example/$(cat /a)\nADD https://e.example/r.git#0123456789012345678901234567890123456789 /r\n",
		want:       "3 DepfetchLeft Dockerfile:3:5: an address is not known: only the build has the file /a (give ARGs with --build-arg, or deplock record -- docker build …)",
	}} {
		t.Run(test.name, func(t *testing.T) {
			f := &fake{files: map[string]string{"Dockerfile": test.dockerfile}, opts: map[string]string{"requestid": "frontend.lint"}}
			for k, v := range test.opts {
				f.opts[k] = v
			}
			if test.lockfile != "" {
				f.files[lockName] = test.lockfile
			}
			res, err := Build(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			var results lint.LintResults
			if err := json.Unmarshal(res.Metadata["result.json"], &results); err != nil || results.Error != nil {
				t.Fatal(err, results.Error)
			}
			var got []string
			for _, w := range results.Warnings {
				got = append(got, fmt.Sprint(w.Location.Ranges[0].Start.Line, " ", w.RuleName, " ", w.Detail))
			}
			if all := strings.Join(got, "\n"); all != test.want {
				t.Errorf("it finds\n%s\nwant\n%s", all, test.want)
			}
			if status := string(res.Metadata["result.statuscode"]); (status == "0") != (test.want == "") {
				t.Errorf("the status is %s", status)
			}
			if len(f.built) > 0 {
				t.Errorf("it builds %d", len(f.built))
			}
		})
	}
}
