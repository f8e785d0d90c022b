# Python >= 3.11 and make are all that is needed; everything else is installed into .venv and .sandbox.
PYTHON ?= python3
BIN := .venv/bin
SOURCES := __main__.py infra handlers sandbox tests

.DEFAULT_GOAL := help
.PHONY: help setup demo sandbox test check format lock clean

help: ## Show this help
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.venv/.installed: requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python >= 3.11 is needed, $(PYTHON) is " + sys.version.split()[0])'
	@echo "Installing into .venv (once, about a minute)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt -r requirements-dev.txt
	@touch $@

setup: .venv/.installed ## Install the program, the sandbox and the tools
	@$(BIN)/python -c 'from sandbox.environments import ensure, log; ensure(log)'

demo: setup ## See the whole journey of one request, without an AWS account
	@$(BIN)/python -m sandbox demo

sandbox: setup ## Run it all on this machine until Ctrl-C, with an inbox to click in
	@$(BIN)/python -m sandbox serve

test: setup ## Run the tests
	@$(BIN)/python -m pytest

check: setup ## Check format, lint and types
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/mypy

format: setup ## Format the code and mend what lint can mend
	@$(BIN)/ruff format $(SOURCES)
	@$(BIN)/ruff check --fix $(SOURCES)

UV_LOCK := $(BIN)/uv pip compile --quiet --generate-hashes --no-header --no-annotate --universal --python-version 3.11
lock: setup ## Write the pinned requirements anew from pyproject.toml
	@$(UV_LOCK) pyproject.toml -o requirements.txt
	@$(UV_LOCK) -c requirements.txt --group dev -o requirements-dev.txt
	@$(UV_LOCK) -c requirements-dev.txt --group lambda -o sandbox/requirements-lambda.txt
	@$(UV_LOCK) --group emulator -o sandbox/requirements-emulator.txt

clean: ## Remove everything that was installed or made
	@rm -rf .venv .sandbox .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
