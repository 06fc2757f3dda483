# Two commands to know: `make demo` and `make test`. Each installs first what it needs.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
RUNS := $(VENV)/.runs
TESTS := $(VENV)/.tests

# The first Python that is new enough; `make PYTHON=/path/to/python` chooses another.
CHECK := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	$$p -c '$(CHECK)' >/dev/null 2>&1 && { command -v $$p; break; }; done)
UV := $(shell uv --version >/dev/null 2>&1 && echo uv)
INSTALL := $(if $(UV),uv pip install --compile-bytecode --python $(BIN)/python,$(BIN)/python -m pip install --disable-pip-version-check) --quiet

.PHONY: help install tools lock lint types imports pytest test test-long test-web test-live test-observe test-languages test-cluster test-kill test-kill-web test-sabotage test-kill-sink test-mutants \
	test-integration soak soak-sink bench newcomer browser compose prometheus dashboards docs pictures demo up down clean

help:
	@echo "make demo       run it all on a simulated market, with a page, until Ctrl-C"
	@echo "make up         run it all in containers (PROFILES=\"demo observe\" for a made-up market, Grafana)    make down   end it"
	@echo "make test       everything that must hold before a change is taken"
	@echo "make lint       style          make types    types"
	@echo "make imports    who may import whom"
	@echo "make pytest     the tests alone"
	@echo "make test-long  the tests that take minutes"
	@echo "make test-live  the whole pipeline live: replays, malformed messages, secured clusters, whole instances (20 minutes)"
	@echo "make test-web   the page in a browser and the API, on a running demo (35 minutes)"
	@echo "make test-observe  dashboards and alerts, on a running demo and a real Prometheus (5 minutes)"
	@echo "make test-kill  a hundred kills of workers, gate and broker (20 minutes)"
	@echo "make test-languages  every client of docs/languages.md trades, and a real registry and AsyncAPI's parser (25 minutes)"
	@echo "make test-cluster  three brokers and the workers are killed, cut off and started again (10 minutes)"
	@echo "make test-sabotage  the protocol with one rule left out is found out (12 minutes)"
	@echo "make test-kill-sink  a hundred kills of the sink and of ClickHouse, 8 million rows (8 minutes)"
	@echo "make test-kill-web  each part is killed while a browser watches (5 minutes)"
	@echo "make test-mutants  small changes of the engine that a test must see (an hour at most; TARGET=guard, SEED=2)"
	@echo "make test-integration  Kafka, ClickHouse and all parts in containers; installs Docker on Debian (5 minutes; 10 the first time)"
	@echo "make soak       an hour under load, with a kill every five minutes"
	@echo "make soak-sink  an hour of rows into ClickHouse: memory and lag"
	@echo "make bench      measure speed"
	@echo "make newcomer BOX=python:3.12  how long \`make demo\` takes in an empty container (needs Docker); BOX=\"--wheel …\" installs the package"
	@echo "make compose    build Docker's compose command with Go, where no package has it"
	@echo "make browser    install Chromium, which the tests of the report need (Debian, Ubuntu)"
	@echo "make prometheus install Prometheus, which the tests of alerts need (Debian, Ubuntu)"
	@echo "make dashboards make Grafana's dashboards of the files that describe them"
	@echo "make docs       the site of the documentation, in build/site/html"
	@echo "make pictures   pictures of every page of the dashboard, in out/pictures"
	@echo "make install    prepare $(VENV); the others do it first"
	@echo "make tools      what tests and checks need besides; those who need it do it first"
	@echo "make lock       pin the newest dependencies (needs uv)"
	@echo "make clean      remove what these commands made"

install: $(RUNS)

tools: $(TESTS)

# What it takes to run Ghostfill, and nothing that only its tests use.
$(RUNS): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" && "$(PYTHON)" -c '$(CHECK)' || { \
		echo "Ghostfill needs Python 3.11 or later; install one, or name it: make PYTHON=/path/to/python3.11 install" >&2; \
		exit 1; }
	@$(BIN)/python -c '$(CHECK)' >/dev/null 2>&1 || { \
		echo "Making $(VENV) with $(PYTHON)"; \
		rm -rf $(VENV); \
		if [ -n "$(UV)" ]; then uv venv --quiet --python "$(PYTHON)" $(VENV); \
		else "$(PYTHON)" -m venv $(VENV) || { \
			echo "This Python cannot make a virtual environment; on Debian or Ubuntu: apt install python3-venv" >&2; \
			rm -rf $(VENV); exit 1; }; fi; }
	@echo "Installing the $$(grep -c == requirements.lock) packages of requirements.lock: a minute or two the first time"
	@$(INSTALL) --require-hashes --no-deps -r requirements.lock
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(TESTS): requirements-dev.lock $(RUNS)
	@echo "Installing the tools for tests: requirements-dev.lock"
	@$(INSTALL) --require-hashes --no-deps -r requirements-dev.lock
	@touch $@

# Locks for Python 3.11 and later on every platform: the same numbers everywhere. The second has all of the first.
LOCK := uv pip compile pyproject.toml --group build --universal --python-version 3.11 --fork-strategy fewest \
	--generate-hashes --no-header --no-annotate --quiet --upgrade --no-emit-index-url

lock:
	$(LOCK) --output-file requirements.lock
	$(LOCK) --group dev --constraints requirements.lock --output-file requirements-dev.lock

lint: tools
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: tools
	$(BIN)/mypy

imports: tools
	$(BIN)/lint-imports

pytest: tools
	$(BIN)/pytest -n 2 --dist worksteal -m "not long and not bench and not live and not kill and not sabotage and not integration and not cluster and not languages and not web"
	$(BIN)/pytest -m "smoke and not long" tests/web

test: lint types imports pytest

test-long: tools
	$(BIN)/pytest -n 2 -m "long and not web"

test-web: tools
	$(BIN)/pytest -m "web and not bench and not kill" tests/web

test-live: tools
	$(BIN)/pytest -m "live" tests/live tests/shell tests/local

test-observe: tools prometheus
	@if command -v npm >/dev/null; then npm install --prefix tests/infra/schema --no-package-lock --no-audit --no-fund --silent; \
	else echo "npm is not here: the dashboards are not held against Grafana's types" >&2; fi
	$(BIN)/pytest tests/infra

test-kill: tools
	$(BIN)/pytest -m "kill" tests/pipeline

test-cluster: tools
	$(BIN)/pytest -m "cluster" -s tests/cluster

test-languages: tools
	$(BIN)/pytest -m "languages" -s tests/languages

test-sabotage: tools
	$(BIN)/pytest -m "sabotage" tests/pipeline

test-kill-web: tools
	$(BIN)/pytest -m "kill" tests/web

test-kill-sink: tools
	$(BIN)/pytest -m "kill" -s tests/sinks

test-integration: tools
	infra/docker
	$(BIN)/pytest -m "integration" -s tests/integration

TARGET := engine
SEED := 1

test-mutants: tools
	$(BIN)/python -m tests.mutants.run $(TARGET) --seed $(SEED)

soak: tools
	$(BIN)/python -m tests.soak.run

soak-sink: tools
	$(BIN)/python -m tests.soak.sink

bench: tools
	$(BIN)/pytest -m "bench" -s tests/bench tests/web

demo: install
	$(BIN)/ghostfill demo

up:
	@PROFILES="$(PROFILES)" infra/up

down:
	@docker compose --profile demo --profile observe down $(VOLUMES)

# BOX: what `docker run` needs, at its end an image with Python and make: BOX="-v ~/.cache/pip:/root/.cache/pip python:3.12".
newcomer: tools
	$(BIN)/python -m tests.bench.newcomer $(BOX)

browser:
	@for name in chromium chromium-browser google-chrome; do \
		command -v $$name >/dev/null && exit 0; done; \
	if [ "$$(id -u)" = 0 ]; then apt-get update && apt-get install -y chromium; \
	else echo "Install Chromium: sudo apt-get install chromium" >&2; exit 1; fi

compose:
	@infra/compose

prometheus:
	@command -v prometheus >/dev/null && command -v promtool >/dev/null && exit 0; \
	if [ "$$(id -u)" = 0 ]; then apt-get update && apt-get install -y prometheus; \
	else echo "Install Prometheus: sudo apt-get install prometheus" >&2; exit 1; fi

dashboards: install
	$(BIN)/python -m infra.grafana.dashboards

docs: tools
	@$(BIN)/python -m infra.site.build

pictures: tools
	$(BIN)/python -m tests.web.pictures

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist *.egg-info
	rm -rf tests/infra/schema/node_modules
	find ghostfill infra schemas streams sinks tests -name __pycache__ -type d -prune -exec rm -rf {} +
