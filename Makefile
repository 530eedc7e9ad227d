# Tickwell's commands. `make help` lists them.

PYTHON ?= python3
PORT ?= 8000
DATA_DIR ?= ./data
export PORT DATA_DIR
export AWS_DEFAULT_REGION ?= us-east-1
export SAM_CLI_TELEMETRY ?= 0
export PIP_DISABLE_PIP_VERSION_CHECK ?= 1

BIN := .venv/bin
SAM := .venv-sam/bin/sam
# --no-deps: the lock is complete, and pip has nothing left to resolve.
INSTALL := -m pip install --quiet --no-deps --require-hashes -r
# The Python of template.yaml, which `sam build` and the local AWS need beside any other.
LAMBDA_PYTHON = $(shell infra/find-python 3.13)
WITH_LAMBDA_PYTHON = PATH="$(dir $(LAMBDA_PYTHON)):$$PATH"

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

run: .venv/runtime.stamp ## start the whole system on this machine, at http://127.0.0.1:8000 (PORT, DATA_DIR)
	@exec $(BIN)/python -m tickwell.local

# Four processes on any machine: many tests wait for the real time of a limit or a lease. They keep what they compile,
# also where the environment forbids it: else each of them, and each server that a test starts, compiles all modules anew.
test: .venv/dev.stamp ## run the unit, contract, integration and template tests
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 4 --dist worksteal tests/unit tests/contract tests/integration tests/template

check: .venv/dev.stamp .venv-sam/stamp ## lint, types, imports, template, generated files: all that CI checks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python infra/lock.py --check
	$(BIN)/python -m tickwell.http.openapi --check docs/openapi.json
	$(BIN)/python -m tickwell.tasks.readme --check README.md
	$(SAM) validate
	$(SAM) validate --lint
	$(SAM) validate --lint --template examples/own_tasks/template.yaml

browser: .venv/dev.stamp ## use the dashboard in Chromium, as people do (CHROMIUM=); needs Debian's chromium, and npm for axe-core
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 2 --dist worksteal tests/browser

screenshots: .venv/dev.stamp ## pictures of every page, narrow to wide, light and dark, into build/screenshots
	$(BIN)/python -m tests.browser.screenshots

e2e: .venv/dev.stamp .venv-sam/stamp .venv-ministack/stamp ## build with SAM, deploy to a local AWS, run the flows there
	@infra/find-python 3.13 > /dev/null
	$(WITH_LAMBDA_PYTHON) $(BIN)/python -m pytest tests/e2e -m e2e

chaos: .venv/dev.stamp .venv-sam/stamp .venv-ministack/stamp .venv-checkov/stamp ## try to break it, and print what was lost: nothing (SEED=, SHORT=1, ONLY=)
	@infra/find-python 3.13 > /dev/null
	$(WITH_LAMBDA_PYTHON) $(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED)) $(if $(SHORT),--short) $(if $(ONLY),--only $(ONLY))

bench: .venv/dev.stamp .venv-sam/stamp .venv-ministack/stamp ## measure, beside peers that it installs under build/ (ONLY=, QUICK=1); tables, and build/bench.json
	@infra/find-python 3.13 > /dev/null
	$(WITH_LAMBDA_PYTHON) $(BIN)/python -m tests.bench $(if $(ONLY),--only $(ONLY)) $(if $(QUICK),--quick)

format: .venv/dev.stamp ## let ruff format and mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

build: .venv-sam/stamp ## build functions and layer with SAM
	@infra/find-python 3.13 > /dev/null
	$(WITH_LAMBDA_PYTHON) $(SAM) build

deploy: build ## deploy to your AWS account, asking what it needs to know
	$(SAM) deploy --guided

openapi: .venv/dev.stamp ## write docs/openapi.json anew
	$(BIN)/python -m tickwell.http.openapi docs/openapi.json

readme: .venv/dev.stamp ## write the table of tasks in README.md anew
	$(BIN)/python -m tickwell.tasks.readme README.md

lock: .venv/dev.stamp ## resolve the dependencies of pyproject.toml anew (UPGRADE=1: to the newest versions)
	$(BIN)/python infra/lock.py $(if $(UPGRADE),--upgrade)

clean: ## remove environments, caches and build results; ./data stays
	rm -rf .venv .venv-sam .venv-ministack .venv-checkov .aws-sam build .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

# Stamps decide what is installed: nothing is done twice, and a second `make run` starts at once.

.venv/stamp:
	@infra/require-python "$(PYTHON)"
	$(PYTHON) -m venv .venv
	@touch $@

.venv/runtime.stamp: requirements/runtime.txt pyproject.toml | .venv/stamp
	$(BIN)/python $(INSTALL) requirements/runtime.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/dev.stamp: requirements/dev.txt .venv/runtime.stamp
	$(BIN)/python $(INSTALL) requirements/dev.txt
	@touch $@

.venv-sam/stamp: requirements/sam.txt
	@infra/require-python "$(PYTHON)"
	$(PYTHON) -m venv .venv-sam
	.venv-sam/bin/python $(INSTALL) requirements/sam.txt
	@touch $@

.venv-ministack/stamp: requirements/ministack.txt
	@infra/find-python 3.13 > /dev/null
	$(LAMBDA_PYTHON) -m venv .venv-ministack
	.venv-ministack/bin/python $(INSTALL) requirements/ministack.txt
	@touch $@

.venv-checkov/stamp: requirements/checkov.txt
	@infra/require-python "$(PYTHON)"
	$(PYTHON) -m venv .venv-checkov
	.venv-checkov/bin/python $(INSTALL) requirements/checkov.txt
	@touch $@

.PHONY: help run test check browser screenshots e2e chaos bench format build deploy openapi readme lock clean
