package frontend

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/frontend/subrequests/lint"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"depfetch/lock"
	"depfetch/lock/dockerfile"
	"depfetch/lock/sync"
)

// The rules of checks. `# check=skip=NAME` in a Dockerfile turns one off.
var (
	notPinned = linter.LinterRule[func()]{Name: "DepfetchNotPinned", Description: "What a build downloads should be in the lockfile: it is refused otherwise"}
	left      = linter.LinterRule[func()]{Name: "DepfetchLeft", Description: "What depfetch leaves downloads whatever the server sends"}
)

// lint adds to the answer of a check, which BuildKit's own frontend gives, what this one
// would refuse or warn of. It downloads nothing: scripts that a RUN downloads and runs are
// not looked into.
func (t *target) lint(ctx context.Context, answer *client.Result) (*client.Result, error) {
	var results lint.LintResults
	if err := json.Unmarshal(answer.Metadata["result.json"], &results); err != nil || results.Error != nil {
		return answer, nil // there is no build to speak of
	}
	text, _, _, _ := parser.ParseDirective("check", t.build.source.Data)
	config, err := linter.ParseLintOptions(text)
	if t.build.ui.LinterConfig != nil {
		copied := *t.build.ui.LinterConfig
		config, err = &copied, nil
	}
	if err != nil {
		return answer, nil // it has said so
	}
	source := results.AddSource(t.build.source.SourceMap)
	config.Warn = func(rule, description, url, msg string, at []parser.Range) {
		results.AddWarning(rule, description, url, msg, source, at)
	}
	k := &check{linter: linter.New(config), said: make(map[string]bool)}
	specs := t.build.ui.TargetPlatforms
	if len(specs) == 0 {
		specs = []ocispecs.Platform{t.spec}
	}
	for _, spec := range specs {
		one, err := newTarget(t.build, spec, t.build.opts)
		if err != nil {
			return nil, err
		}
		one.bases = t.bases
		if err := one.read(ctx); err != nil {
			return nil, err
		}
		k.target = one
		k.stages()
	}
	return results.ToResult(nil)
}

// check reports what is wrong on one platform after the other.
type check struct {
	*target
	linter *linter.Linter
	said   map[string]bool
}

// report reports a reason at an instruction, once.
func (k *check) report(rule *linter.LinterRule[func()], r *sync.Reading, in *dockerfile.Instruction, reason sync.Reason) {
	msg := shownReason(r, reason)
	if reason.Hint != "" {
		msg += " (" + reason.Hint + ")"
	}
	if k.said[msg] {
		return
	}
	k.said[msg] = true
	line := r.File.Position(in.Start).Line
	k.linter.Run(rule, []parser.Range{{Start: parser.Position{Line: line}, End: parser.Position{Line: line}}}, msg)
}

// stages reports what is wrong in the stages that may be built.
func (k *check) stages() {
	r := k.own[0]
	target := k.opts["target"]
	reached := r.File.Reached(target)
	for _, s := range r.File.Stages {
		if !reached[s] {
			continue
		}
		k.deps(r, s)
		for _, in := range s.Instructions {
			switch in.Command.(type) {
			case *instructions.RunCommand:
				k.run(in)
			case *instructions.AddCommand:
				k.add(r, in)
			}
		}
	}
	for _, reason := range r.Left {
		for _, s := range r.File.Stages {
			for _, in := range append([]*dockerfile.Instruction{s.From}, s.Instructions...) {
				if reached[s] && in.Start == r.File.Start(reason.At) && reason.What != sync.OnbuildElsewhere {
					k.report(&left, r, in, reason)
				}
			}
		}
	}
}

// run reports what is wrong with a RUN: see change.run.
func (k *check) run(in *dockerfile.Instruction) {
	var (
		reading *sync.Reading
		run     *sync.Run
		v       sync.Verdict
	)
	for _, readings := range [][]*sync.Reading{k.own, k.others} {
		for _, r := range readings {
			i := slices.IndexFunc(r.Runs, func(run *sync.Run) bool { return run.Instruction.Start == in.Start })
			if i < 0 {
				continue
			}
			if reading, run = r, r.Runs[i]; run.Judge(k.pins).Adopt {
				return
			}
		}
		if run != nil && run.Stage.Root().Platform == "" {
			break
		}
	}
	if run == nil || run.Adopted() && run.LockPath != k.build.lockPath {
		return
	}
	v = run.Judge(k.pins)
	command, _ := in.Command.(*instructions.RunCommand)
	all := v.Unknown && (k.build.strict || instructions.GetNetwork(command) == instructions.NetworkNone)
	rule := &left
	switch {
	case v.Lacks && !onlyLocal(run, k.pins):
		rule = &notPinned
	case all, run.Adopted():
		return
	}
	for _, reason := range v.Reasons {
		k.report(rule, reading, in, reason)
	}
}

var namesCommit = regexp.MustCompile(`#[0-9a-f]{40}\b|[?&]checksum=`)

// add reports what is wrong with an ADD: see change.add.
func (k *check) add(r *sync.Reading, in *dockerfile.Instruction) {
	for _, a := range r.Adds {
		if a.Instruction.Start != in.Start {
			continue
		}
		v := a.Judge(k.pins)
		rule := &left
		if v.Lacks {
			rule = &notPinned
		}
		if a.Request == nil && namesCommit.Match(r.File.Data[in.Start:in.End]) {
			continue
		}
		for _, reason := range v.Reasons {
			k.report(rule, r, in, reason)
		}
	}
}

// deps reports that a stage takes what the lockfile places and does not have.
func (k *check) deps(r *sync.Reading, s *dockerfile.Stage) {
	if !k.takes(r.File, depsName) {
		return
	}
	for _, image := range r.File.ImagesFor(k.platform) {
		if image.Stage != s || image.Ref.Text != depsName {
			continue
		}
		reason := sync.Reason{At: image.At}
		if k.build.locked == nil {
			reason.What, reason.Hint = "the stage deps holds what the lockfile places, and the build context has no "+lockName, "deplock init"
		} else if _, err := k.build.file.Artifacts(k.platform, lock.Selection{}); err != nil {
			reason.What = err.Error()
		} else {
			continue
		}
		k.report(&notPinned, r, &dockerfile.Instruction{Start: r.File.Start(image.At)}, reason)
	}
}
