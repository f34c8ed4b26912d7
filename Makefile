# Two commands are enough: `make run` and `make test`. `make help` lists the others.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.SUFFIXES:

CACHE := $(or $(TACHO_CACHE),$(if $(XDG_CACHE_HOME),$(XDG_CACHE_HOME)/tacho,$(HOME)/.cache/tacho))
ifdef CI
export CARGO_TARGET_DIR ?= $(CACHE)/target
endif
TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)
TACHO := $(TARGET_DIR)/release/tacho
WEB_INPUTS := $(shell find web -path web/node_modules -prune -o -path web/dist -prune -o -type f -print 2>/dev/null)
RUN_FLAGS ?= --demo --num-vehicles 1000

SECONDS ?= 600

.PHONY: bench bench-map build chdb deny drill fmt fuzz help lint run score test test-tools tools-check web

help: ## show this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

tools-check:
	@tools/check-toolchain.sh

chdb: tools-check ## fetch the ClickHouse library (once, into the cache)
	@tools/fetch-chdb.sh >/dev/null

web/node_modules/.installed: web/package-lock.json | tools-check
	cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

web/dist/.built: web/node_modules/.installed $(WEB_INPUTS)
	cd web && npm run --silent build
	@touch $@

web: web/dist/.built ## build the dashboard

build: tools-check chdb web ## build the binary: $CARGO_TARGET_DIR/release/tacho (default: target)
	cargo build --release --locked --package tacho

run: build ## build everything and start it with a simulated fleet on http://127.0.0.1:8080
	$(TACHO) up $(RUN_FLAGS)

test: build test-tools ## every test; ends with `N passed, N failed`
	@tools/run-tests.sh

test-tools:
	@tools/install-test-tools.sh

lint: tools-check web/node_modules/.installed web ## formatting, clippy, tidy, TypeScript, ESLint, Prettier, cargo deny
	cargo fmt --all --check
	cargo clippy --release --locked --workspace --all-targets -- -D warnings
	cargo xtask tidy
	RUSTDOCFLAGS="-D warnings" cargo doc --release --locked --workspace --no-deps --quiet
	cd web && npm run --silent check
	$(MAKE) --no-print-directory deny

fmt: ## format Rust and TypeScript
	cargo fmt --all
	cd web && npm run --silent format

deny: ## licences, banned crates and sources of all dependencies
	@tools/cargo-deny.sh

fuzz: ## fuzz each target (or TARGET=name) for SECONDS=600; KEEP=1 adds what it learned to the kept corpus
	@SECONDS_PER_TARGET=$(SECONDS) TARGET="$(TARGET)" tools/fuzz.sh

bench: build ## measure the whole system, or ONLY=throughput,paced,latency,recovery,vehicles,stored; appends to bench/history.jsonl
	@bench/run.sh

bench-map: build ## frame time and CPU of a browser with VEHICLES="2000 10000" on its map
	@tools/bench-map.sh

drill: build ## kill, stop and starve the system under load, compare with a calm run: ROUNDS=n SEED=s KINDS=a,b DRILL=store-away MINUTES=m, or check its numbers in SQL: DRILL=recompute VEHICLES=n HOURS=h
	@tools/drill.sh

score: build ## play every scenario, clean and with faults, and compare with its truth: SCENARIOS="a b" FAULTS=... SEED=1
	@tools/score.sh
