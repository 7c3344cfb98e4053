# One door for people and for CI. `make help` lists the targets.
SHELL := /bin/bash
NEXTEST := $(shell cargo nextest --version >/dev/null 2>&1 && echo yes)
# Programs are built by name in the whole workspace, never by package: another set of features would compile the libraries twice.
TARGET := $(or $(CARGO_TARGET_DIR),target)
RUN_TESTS := $(if $(NEXTEST),cargo nextest run --workspace,cargo test --workspace)

.PHONY: help demo build web test soak check bench generate
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: build ## build and start the demo: embedded SQLite, a tenant with two years of data
	$(TARGET)/release/armature demo

build: web ## target/release/armature
	cargo build --release --bin armature

web: web/graphiql/dist/index.html ## GraphiQL, bundled for offline use
web/graphiql/dist/index.html: web/graphiql/package-lock.json $(shell find web/graphiql/src web/graphiql/index.html -type f 2>/dev/null)
	cd web/graphiql && npm ci --no-audit --no-fund --loglevel=error && npm run build --silent

test: web ## every test, on SQLite and on a temporary PostgreSQL cluster
	@scripts/need-postgres
	@scripts/need-chromium
	cd tests/browser && npm ci --no-audit --no-fund --loglevel=error
	cargo build --workspace --all-targets
	$(TARGET)/debug/test-cluster $(RUN_TESTS)

soak: web ## the proofs about permissions and paging, for as long as it takes: ROUNDS=5000 SEED=1 ROWS=100000
	@scripts/need-postgres
	cargo build --workspace --all-targets
	ARMATURE_PROOF_ROUNDS=$(or $(ROUNDS),3000) ARMATURE_PROOF_SEED=$(or $(SEED),1) $(TARGET)/debug/test-cluster cargo test --workspace --test proof
	ARMATURE_PAGING_ROWS=$(or $(ROWS),100000) $(TARGET)/debug/test-cluster cargo test --workspace --test api paging

check: ## formatting, lints, architecture
	cargo fmt --all -- --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo test -q --workspace --test architecture

generate: ## rewrite what is generated and committed: JSON Schemas, reference pages
	UPDATE_SCHEMAS=1 cargo test -q -p metadata
	UPDATE_REFERENCE=1 cargo test -q -p expr --test reference
	UPDATE_REFERENCE=1 cargo test -q -p script --test reference

bench: web ## the server beside a hand-written floor; writes bench/RESULTS.md
	@scripts/need-postgres
	cargo build --release --bin armature --bin bench --bin test-cluster
	$(TARGET)/release/test-cluster $(TARGET)/release/bench
