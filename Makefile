# Pulse Mailer. `make` alone explains the targets.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BENCH := .venv-bench
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

.DEFAULT_GOAL := help
.SUFFIXES:

.PHONY: help
help:  ## Explain the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## *' '{printf "  make %-14s %s\n", $$1, $$2}'

.PHONY: install
install: $(VENV)/.dev  ## Make .venv with everything that development and the tests need

.PHONY: demo
demo: $(VENV)/.runtime  ## Do the main job once, in .demo: import an edition, check, send it into the built-in mailbox
	@$(BIN)/pulse-mailer demo

.PHONY: run
run: $(VENV)/.runtime  ## Serve what the demo made, until Ctrl-C: http://127.0.0.1:8025
	@test -d .demo || $(BIN)/pulse-mailer demo
	@PULSE_MAILER_DATA_DIR=.demo $(BIN)/pulse-mailer db upgrade
	@PULSE_MAILER_DATA_DIR=.demo $(BIN)/pulse-mailer serve --link --admin editor@example.org

.PHONY: test
test: lint test-rooms test-browser test-mail  ## Check everything: lint, all tests, the built wheel in an empty environment

.PHONY: test-unit
test-unit: $(VENV)/.dev  ## Run the quick tests: one room at a time, no database, no browser
	$(BIN)/pytest -q tests/unit

.PHONY: test-rooms
test-rooms: $(VENV)/.dev  ## Run all tests that need no browser
	@$(BIN)/python -m scripts.ensure_judges || true
	$(BIN)/pytest -q --ignore tests/browser --ignore tests/mail --ignore tests/mailclient --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

.PHONY: test-browser
test-browser: $(VENV)/.dev  ## Run the tests in a browser; without one they are skipped, or fail in CI
	@$(BIN)/python scripts/ensure_browser.py || true
	$(BIN)/pytest -q tests/browser --numprocesses auto --maxprocesses 2 --dist loadfile --no-loadscope-reorder

.PHONY: test-mail
test-mail: $(VENV)/.dev  ## Hold the mail against independent judges; those that are missing are named
	@$(BIN)/python -m scripts.ensure_judges || true
	$(BIN)/pytest -q tests/mail

.PHONY: test-mailclient
test-mailclient: $(VENV)/.dev  ## Show a sent edition in Thunderbird, on a screen nobody sees; pictures in build/mailclient
	$(BIN)/pytest -q tests/mailclient

.PHONY: judges
judges: $(VENV)/.dev  ## Bring the judges of mail: npm's mjml, html-validate, caniemail, SpamAssassin
	@$(BIN)/python -m scripts.ensure_judges

.PHONY: bench-compose
bench-compose: $(VENV)/.dev  ## Measure composing beside what people would use instead (FLAGS=--quick)
	$(BIN)/python -m benchmarks.compose $(FLAGS)

.PHONY: bench-dispatch
bench-dispatch: $(BENCH)/.bench  ## Compare the dispatcher with other senders (FLAGS=--quick: in a few minutes)
	$(BENCH)/bin/python -m benchmarks.dispatch $(FLAGS)

.PHONY: bench-faults
bench-faults: $(VENV)/.runtime  ## Send through faults and kills, and count (FLAGS=--quick: in a few minutes)
	$(BIN)/python -m benchmarks.faults $(FLAGS)

.PHONY: bench-pages
bench-pages: $(VENV)/.dev  ## Ask staff's pages again and again with years of history (FLAGS=--quick: in a minute)
	$(BIN)/python -m benchmarks.pages $(FLAGS)

.PHONY: coverage
coverage: $(VENV)/.dev  ## Show the lines and branches that no test reaches, browser tests aside
	$(BIN)/pytest -q --ignore tests/browser --ignore tests/test_packaging.py --cov --cov-report term:skip-covered

.PHONY: browser
browser: $(VENV)/.dev  ## Find a Chromium for the tests, or bring one
	$(BIN)/python scripts/ensure_browser.py

.PHONY: lint
lint: $(VENV)/.dev  ## Check style, types, floors, compose file and Dockerfile
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec docker-compose.yml
	$(BIN)/compose-lint --quiet --no-env --fail-on low --skip-suppressed docker-compose.yml
	$(BIN)/hadolint Dockerfile

.PHONY: format
format: $(VENV)/.dev  ## Put the code in its form
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.PHONY: lock
lock: $(VENV)/.dev  ## Choose the newest versions that pyproject.toml allows
	$(LOCK) --upgrade pyproject.toml --output-file requirements/runtime.lock
	$(LOCK) --upgrade pyproject.toml --group dev --constraint requirements/runtime.lock --output-file requirements/dev.lock
	$(LOCK) pyproject.toml --extra celery --constraint requirements/dev.lock --output-file requirements/celery.lock
	$(LOCK) --upgrade pyproject.toml --group bench --constraint requirements/runtime.lock --output-file requirements/bench.lock

.PHONY: migration
migration: $(VENV)/.dev  ## Write a migration from what the models say: make migration NAME="add a thing"
	@test -n "$(NAME)" || { echo 'Name it: make migration NAME="add a thing"'; exit 2; }
	$(BIN)/python scripts/new_migration.py "$(NAME)"

.PHONY: screens
screens: $(VENV)/.dev browser  ## Take the pictures that README and the docs show
	$(BIN)/python -m scripts.screens

.PHONY: dist
dist: $(VENV)/.dev  ## Build wheel and sdist into dist/
	rm -rf dist
	$(BIN)/uv build --quiet --out-dir dist

.PHONY: clean
clean:  ## Remove all that can be made again: environment, demo, builds, caches
	rm -rf $(VENV) $(BENCH) benchmarks/peers/node_modules tests/mail/tools/node_modules frontend/node_modules pulse_mailer/web/static .demo dist build .coverage htmlcov .cache .*_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One environment, filled in two steps: what runs first, so that the demo need not wait for the tests' tools.
# A lock names everything, so that pip need resolve nothing: its resolver would stumble over a package's extra (such as
# coverage[toml]) as soon as a newer version of that package appears than the lock names.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo 'Pulse Mailer needs Python 3.11 or newer. Name one: make PYTHON=/path/to/python3.12'; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
	  || { echo 'Python cannot make environments here; on Debian and Ubuntu: apt install python3-venv'; exit 1; }

# Installing ourselves bundles the pages' scripts as well, whenever their sources are other than those of the bundle.
SCRIPTS := hatch_build.py $(wildcard frontend/*.json frontend/*.mjs frontend/src/*)
$(VENV)/.runtime: requirements/runtime.lock pyproject.toml $(SCRIPTS) | $(BIN)/python
	@echo 'Installing what Pulse Mailer needs into $(VENV) ...'
	@$(PIP) install --no-deps --require-hashes --requirement requirements/runtime.lock
	@$(PIP) install --no-deps --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.lock $(VENV)/.runtime
	@echo 'Installing what development needs into $(VENV) ...'
	@$(PIP) install --no-deps --require-hashes --requirement requirements/dev.lock
	@touch $@

# The peers of the benches, apart from what development needs; nodemailer only where there is npm.
$(BENCH)/.bench: requirements/bench.lock benchmarks/peers/package-lock.json pyproject.toml
	@test -x $(BENCH)/bin/python || $(PYTHON) -m venv $(BENCH)
	@echo 'Installing what the benches compare with into $(BENCH) ...'
	@$(BENCH)/bin/python -m pip --disable-pip-version-check --quiet --quiet install --no-deps --require-hashes --requirement requirements/bench.lock
	@$(BENCH)/bin/python -m pip --disable-pip-version-check --quiet --quiet install --no-deps --editable .
	@if command -v npm >/dev/null; then npm ci --silent --prefix benchmarks/peers; else echo 'No npm here: nodemailer is left out.'; fi
	@touch $@
