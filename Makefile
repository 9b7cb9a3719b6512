# The only definition of each job. `make` lists them.
SHELL := /bin/bash
WEB_SOURCES := $(shell find web/src web/index.html web/vite.config.ts web/package.json -type f 2>/dev/null)
OUTPUT := test-output

.DEFAULT_GOAL := help
.PHONY: help run demo test check unit e2e browser tools web fmt clean

help: ## list the jobs
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: web ## build and start the server on http://127.0.0.1:8080
	cargo run --release --locked -p roomcast-server -- serve

demo: web ## the server and a broadcast of a test picture that shows the time (needs ffmpeg)
	cargo build --release --locked -p roomcast-server
	scripts/demo.sh target/release/roomcast

test: tools check unit e2e browser ## everything that CI runs; installs ffmpeg and chromium when missing and permitted

check: web ## formatting, lints and types
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	npm --prefix web run check
	node --check tests/browser/*.mjs

unit: web ## unit and property tests
	cargo test --workspace --locked --exclude roomcast-tests
	npm --prefix web test

e2e: web ## a real server process, over real sockets
	cargo build --locked -p roomcast-server
	cargo test --locked -p roomcast-tests

browser: web tests/browser/node_modules ## calls and broadcasts in real Chromium, with real H.264 from ffmpeg
	cargo build --locked -p roomcast-server
	mkdir -p $(OUTPUT)
	cd tests/browser && ROOMCAST_BIN=$(CURDIR)/target/debug/roomcast ROOMCAST_OUTPUT=$(CURDIR)/$(OUTPUT) \
		node --test --test-concurrency=1 --test-reporter=spec *.test.mjs

tools: ## install what the tests need and this machine lacks
	scripts/tools.sh ffmpeg chromium

web: web/dist/index.html ## build the web page

web/dist/index.html: web/node_modules $(WEB_SOURCES)
	npm --prefix web run build

web/node_modules: web/package-lock.json
	npm --prefix web ci --no-audit --no-fund
	touch $@

tests/browser/node_modules: tests/browser/package-lock.json
	npm --prefix tests/browser ci --no-audit --no-fund
	touch $@

fmt: web/node_modules ## format everything
	cargo fmt --all
	npm --prefix web run format

clean: ## remove everything that was built
	cargo clean
	rm -rf web/dist web/node_modules tests/browser/node_modules $(OUTPUT)
