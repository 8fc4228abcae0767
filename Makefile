# Everything from a clean clone, with Python 3.11+ and make alone: a virtual environment in .venv, locked dependencies.
# Which Python it is to be made of; by default .ci/venv chooses.
PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
.DELETE_ON_ERROR:

.PHONY: demo test audit asyncapi setup lock lint docs site recordings bench chaos soak fuzz clean

demo: setup
	$(BIN)/relay demo

test: $(VENV)/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/relay schemas check
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec docker-compose.yml
	$(BIN)/python -m pytest -n 3 --dist worksteal

setup: $(VENV)/embedded

# Known vulnerabilities of the locked packages; needs the network, and says so where it has none.
audit: $(VENV)/dev
	$(BIN)/python .ci/audit.py

# AsyncAPI's own parser reads the document and says what it finds; `make test` does the same where Node.js is.
PARSER := tests/reference/asyncapi_parser
asyncapi:
	npm ci --silent --no-audit --no-fund --ignore-scripts --prefix $(PARSER)
	node $(PARSER)/parse.mjs docs/asyncapi.json

# The relay beside Benthos and FastStream services, and what it costs alone; writes docs/performance.md. Needs a quiet machine.
bench: $(VENV)/dev
	$(BIN)/python -m bench $(ARGS)

# Each target of tests/fuzz for so long, guided by coverage; a finding ends it and is kept in its corpus.
SECONDS ?= 60
fuzz: $(VENV)/fuzz
	for target in $$(ls tests/fuzz/corpus); do PYTHONPATH=. $(BIN)/python tests/fuzz/fuzz.py $$target $(SECONDS) || exit 1; done

# Rounds of random faults under load; docs/reliability.md tells of them. BROKERS=3 for a cluster, SEED to repeat a run.
ROUNDS ?= 100
BROKERS ?= 1
chaos: $(VENV)/dev
	$(BIN)/python -m tests.chaos --rounds $(ROUNDS) --brokers $(BROKERS) $(if $(SEED),--seed $(SEED)) $(ARGS)

# Even load and random faults for so long, and what becomes of a process's memory and open files meanwhile.
MINUTES ?= 30
soak: $(VENV)/dev
	$(BIN)/python -m tests.chaos.soak --minutes $(MINUTES) $(if $(SEED),--seed $(SEED)) $(ARGS)

lint: $(VENV)/dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/mypy

# The pages that are made from the code: events, metrics, log lines, providers, the list of decisions. Tests hold that they are fresh.
docs: $(VENV)/dev
	$(BIN)/relay schemas write
	$(BIN)/python -m tests.reference

# docs/ as a site in .relay/site. SITE_URL and REPOSITORY_URL say where both are published; without them it can be read all the same.
site: $(VENV)/dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

# Plays the demo, and keeps its end and a `relay explain` as pictures in docs/images; takes a minute.
recordings: $(VENV)/dev
	$(BIN)/python -m tests.reference.recordings

# What the locks hold comes first, with hashes, the build tool included; the project itself adds nothing to it.
$(VENV)/embedded: requirements/embedded.txt pyproject.toml | $(BIN)/pip
	$(BIN)/pip install --quiet --require-hashes --requirement requirements/embedded.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/dev: requirements/dev.txt pyproject.toml | $(BIN)/pip
	$(BIN)/pip install --quiet --require-hashes --requirement requirements/dev.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/fuzz: requirements/fuzz.txt $(VENV)/dev
	$(BIN)/pip install --quiet --require-hashes --requirement requirements/fuzz.txt
	touch $@

$(BIN)/pip:
	@sh .ci/venv $(VENV) $(PYTHON)

UV_COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" pyproject.toml
lock:
	$(UV_COMPILE) --extra otel --output-file requirements/relay.txt
	$(UV_COMPILE) --extra embedded --extra otel --group build --output-file requirements/embedded.txt
	$(UV_COMPILE) --extra embedded --extra otel --group build --group dev --output-file requirements/dev.txt
	$(filter-out pyproject.toml,$(UV_COMPILE)) --group fuzz --output-file requirements/fuzz.txt

clean:
	rm -rf $(VENV) .relay .pytest_cache .mypy_cache .ruff_cache .hypothesis examples/node_kafkajs/node_modules $(PARSER)/node_modules
