# Python 3.11 to 3.13 and make are all that is needed; everything else is installed into .venv and .sandbox.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
SOURCES := __main__.py infra handlers sandbox bench pictures tests
# Which tests to run: files or folders. All of them, if none is named.
TESTS ?=

.DEFAULT_GOAL := help
.PHONY: help setup tools demo sandbox test coverage check format bench pictures lock clean

help: ## Show this help
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: ## Install the program and the sandbox
	@$(PYTHON) sandbox/environments.py $(VENV)

tools: ## Install the tools of tests and checks as well
	@$(PYTHON) sandbox/environments.py $(VENV) --tools

demo: setup ## See the whole journey of one request, without an AWS account
	@$(BIN)/python -m sandbox demo

sandbox: setup ## Run it all on this machine until Ctrl-C, with an inbox to click in
	@$(BIN)/python -m sandbox serve

test: tools ## Run the tests
	@$(BIN)/python -m pytest $(TESTS)

coverage: tools ## Run them and show the branches that none of them takes
	@$(BIN)/python -m pytest --cov --cov-report=term-missing:skip-covered $(TESTS)

check: tools ## Check format, lint and types
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/mypy

format: tools ## Format the code and fix what lint can fix
	@$(BIN)/ruff format $(SOURCES)
	@$(BIN)/ruff check --fix $(SOURCES)

bench: setup ## Measure it against the plain pattern, and write docs/performance.md
	@$(BIN)/python -m bench

pictures: tools ## Take the pictures of docs/images anew (needs chromium and graphviz)
	@$(BIN)/python -m pictures

UV_LOCK := $(BIN)/uv pip compile --quiet --generate-hashes --no-header --no-annotate --universal --python-version 3.11
lock: setup ## Write the pinned requirements anew from pyproject.toml
	@$(UV_LOCK) pyproject.toml -o requirements.txt
	@$(UV_LOCK) -c requirements.txt --group sandbox -o sandbox/requirements.txt
	@$(UV_LOCK) -c requirements.txt -c sandbox/requirements.txt --group dev -o requirements-dev.txt
	@$(UV_LOCK) -c sandbox/requirements.txt --group lambda -o sandbox/requirements-lambda.txt
	@$(UV_LOCK) --group emulator -o sandbox/requirements-emulator.txt
	@$(UV_LOCK) --group uv -o sandbox/requirements-uv.txt

clean: ## Remove everything that was installed or made
	@rm -rf .venv .venv-* .sandbox .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
