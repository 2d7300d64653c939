# Every target is one line that calls a tool or `estuaire`; `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PY := .venv/bin/python
UV_VERSION := 0.13.9
LOCKS := requirements.lock requirements-java.lock requirements-node.lock shared/web/package-lock.json
TEMPLATES := $(shell find services shared -name '*.html' -not -path '*/node_modules/*' 2>/dev/null) $(shell find services shared -name '*.po' 2>/dev/null)

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.prepared ## Install everything into this folder (needs Python 3.11 or later, make, git)

.venv/.installed: requirements.lock
	@test -x $(PY) || { echo "Estuaire: making .venv"; python3 -m venv .venv; }
	@test -x .venv/bin/uv || { echo "Estuaire: installing uv $(UV_VERSION)"; $(PY) -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION); }
	@echo "Estuaire: installing Python packages"
	@.venv/bin/uv pip install --python $(PY) --compile-bytecode --require-hashes -r requirements.lock
	@.venv/bin/uv pip install --python $(PY) --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.prepared: .venv/.installed $(LOCKS) $(TEMPLATES)
	@echo "Estuaire: preparing Kafka and the browser files"
	@$(PY) -m services prepare
	@touch $@

demo: setup ## Run seven instances on a local Kafka (CHECK=1 verifies and stops, RESET=1 starts anew)
	@$(PY) -m services demo $(if $(CHECK),--check) $(if $(RESET),--reset)

run: setup ## Run one instance with the settings of .env
	@$(PY) -m services serve

kafka: setup ## Start a local Kafka that stays up (make kafka-stop ends it)
	@$(PY) -m services kafka start

kafka-stop: ## Stop the local Kafka
	@$(PY) -m services kafka stop

test: setup ## Run the whole test suite on a real Kafka
	@$(PY) -m pytest -n 2 --no-loadscope-reorder

chaos: setup ## Break a territory on purpose (SEED=… PROFILE=smoke|full|quick LAYOUT=single|trio|secured DB=sqlite|postgres; PLANTED=1)
	@$(PY) -m tests.chaos $(if $(SEED),--seed $(SEED)) $(if $(PROFILE),--profile $(PROFILE)) $(if $(LAYOUT),--layout $(LAYOUT)) $(if $(DB),--db $(DB)) $(if $(PLANTED),--planted)

bench: setup ## Take the figures of the backbone beside their floors (PROFILE=1, GROW=1, ONLY=relay, JSON=file)
	@$(PY) -m tests.bench $(if $(PROFILE),--profile) $(if $(GROW),--grow) $(if $(ONLY),--only $(ONLY)) $(if $(JSON),--json $(JSON))

check: setup ## Format, lint, types, walls, migrations, contracts: what CI refuses
	@.venv/bin/ruff format --check . && .venv/bin/ruff check . && .venv/bin/mypy && .venv/bin/lint-imports --no-cache && $(PY) -m services contracts check && $(PY) -m pytest -q -p no:randomly tests/architecture

fix: setup ## Format and mend what tools can mend
	@.venv/bin/ruff check --fix . ; .venv/bin/ruff format .

migration: setup ## Write the next revision: make migration DB=projects MSG="add …"
	@$(PY) -m services migration $(DB) "$(MSG)"

migrate: setup ## Bring the databases of this instance up to date
	@$(PY) -m services migrate

contracts: setup ## Write the published schemas and the AsyncAPI document
	@$(PY) -m services contracts write

lock: ## Resolve the dependencies again into requirements.lock
	@.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --extra demo --extra tracing --group dev --no-header --no-annotate pyproject.toml -o requirements.lock

clean: ## Remove what setup and runs made
	@rm -rf .venv .data shared/web/node_modules shared/web/static/vendor tests/browser/node_modules tests/contracts/asyncapi/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis

.PHONY: help setup demo run kafka kafka-stop test chaos bench check fix migration migrate contracts lock clean
