# Python 3.11 to 3.13 and make are all that is needed; everything else is installed into .venv and .sandbox.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
SOURCES := __main__.py infra component handlers operate sandbox bench pictures examples tests
# Which tests to run: files or folders. All of them, if none is named.
TESTS ?=

# What a shell says of Python elsewhere, such as PYTHONPATH, is not for this project's own; what it says of the terminal is.
unexport $(filter-out PYTHONIOENCODING PYTHONUTF8 PYTHONCOERCECLOCALE,$(filter PYTHON%,$(.VARIABLES)))

.DEFAULT_GOAL := help
.PHONY: help python setup tools demo sandbox test coverage check check-workflows check-links docs format bench endings pictures lock clean

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# What is said to those who have no Python, too old a one, or the wrong system: docs/troubleshooting.md.
python:
	@command -v $(PYTHON) >/dev/null || { \
	  printf '%s\n' 'There is no $(PYTHON) here. Name a Python 3.11 to 3.13:' \
	    '  make <target> PYTHON=python3.13' >&2; exit 1; }
	@$(PYTHON) sandbox/pythons.py

setup: python ## Install the program and the sandbox
	@$(PYTHON) sandbox/environments.py $(VENV)

tools: python ## Install the tools of tests and checks as well
	@$(PYTHON) sandbox/environments.py $(VENV) --tools

demo: setup ## See the whole journey of one request, without an AWS account
	@$(BIN)/python -m sandbox demo

sandbox: setup ## Run it all on this machine until Ctrl-C, with a live page
	@$(BIN)/python -m sandbox serve

test: tools ## Run the tests
	@$(BIN)/python -m pytest $(TESTS)

coverage: tools ## Run them and show the branches that none of them takes
	@$(BIN)/python -m pytest --cov --cov-report=term-missing:skip-covered $(TESTS)

check: tools check-workflows check-links ## Check format, lint, types, workflows and links
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/mypy

check-workflows: tools
	@$(BIN)/zizmor --offline --quiet --persona=pedantic .github
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(BIN)/check-jsonschema --quiet --builtin-schema custom.github-workflows-require-timeout .github/workflows/*.yml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/[!c]*.yml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.renovate renovate.json

check-links: tools
	@$(BIN)/python -m pytest -n 0 -q tests/docs

# Annotations stay as they are written, such as pulumi.Input[str]: pdoc cannot resolve them, which is no fault.
# The configuration's models are left out: docs/configuration.md is their reference.
docs: tools ## Write the API reference of the components into build/api
	@$(BIN)/python -W error::UserWarning -W "ignore:Error parsing type annotation:UserWarning" \
	    -m pdoc --no-show-source --output-directory build/api infra '!infra.config'
	@echo "Open build/api/index.html"

format: tools ## Format the code and fix what lint can fix
	@$(BIN)/ruff format $(SOURCES)
	@$(BIN)/ruff check --fix $(SOURCES)

bench: setup ## Measure it against the plain pattern, and write docs/performance.md
	@$(BIN)/python -m bench

endings: setup ## End 2,000 runs at once, under AWS's quota
	@$(BIN)/python -m bench.endings

pictures: tools ## Take the pictures of docs/images anew (needs chromium and graphviz)
	@$(BIN)/python -m pictures

# Renovate reads each file's header and runs that command again: options with values need their `=`, it knows few others.
# The order is that of the constraints in requirements-dev.in and sandbox/*.in.
LOCK := $(BIN)/uv pip compile --quiet --generate-hashes --universal --python-version=3.11
lock: setup ## Pin what is asked for, with UPGRADE=1 in the newest versions
	@$(LOCK) $(if $(UPGRADE),--upgrade) --output-file=requirements.txt pyproject.toml
	@for name in sandbox/requirements requirements-dev sandbox/requirements-lambda \
	    sandbox/requirements-emulator sandbox/requirements-uv operate/requirements; do \
	  $(LOCK) $(if $(UPGRADE),--upgrade) --output-file=$$name.txt $$name.in || exit 1; \
	done

clean: ## Remove everything that was installed or made
	@rm -rf .venv .venv-* .sandbox build .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
