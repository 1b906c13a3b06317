# Every target does its own set-up: a virtual environment in .venv and an editable install into it.
# The stamp files .venv/.core and .venv/.dev make repeat runs quick.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PYTEST ?= $(BIN)/pytest -n 2
MINUTES ?= 10
SCALE ?= 1.0
MEASURED := -m "not browser and not nightly" --cov=splmini --cov-branch
FLOOR := 95
SOURCES := splmini tests benchmarks examples docs

KILLS ?= 1000

.PHONY: help demo test coverage nightly lint format bench fuzz kills docs notebooks test-browser clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "splmini needs Python 3.10 or newer; run make with PYTHON=python3.12, say" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.core: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ $(VENV)/.core

demo: $(VENV)/.core ## run the example detection over the example events
	@$(BIN)/splmini detect examples/detect_regsvcs/detection.yml examples/detect_regsvcs/events.xml

lint: $(VENV)/.dev ## ruff, its formatter, and mypy
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy

format: $(VENV)/.dev ## let ruff fix what it can, and lay the code out
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

test: lint ## lint, then the tests but those of the night and of a browser; lines and branches taken must be enough
	$(PYTEST) $(MEASURED) --cov-report= --cov-fail-under=$(FLOOR)

coverage: $(VENV)/.dev ## run the tests and show how many lines and branches of each module they take
	$(PYTEST) $(MEASURED) --cov-report=term

nightly: $(VENV)/.dev ## the tests that take too long for make test
	$(PYTEST) -m nightly

bench: $(VENV)/.dev ## measure, and print the table of ratios: make bench SCALE=0.1
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[bench]'
	$(BIN)/python -m benchmarks --scale $(SCALE)

fuzz: $(VENV)/.dev ## fuzz every kind of input, MINUTES for each, and the property tests: make fuzz MINUTES=10
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[fuzz]' || \
		echo "atheris does not install here: inputs are changed at random" >&2
	PYTHONPATH=.:tests $(BIN)/python -m fuzz --minutes $(MINUTES) $(TARGETS)
	SPLMINI_FUZZ_MINUTES=$(MINUTES) $(PYTEST) tests/property -p no:cacheprovider

kills: $(VENV)/.dev ## kill writers and workers at random moments, and look whether anything is lost: make kills KILLS=100
	PYTHONPATH=.:tests $(BIN)/python -m trust.kills --writers $(KILLS) --workers $$(($(KILLS) / 10))

docs: $(VENV)/.dev ## build the documentation into site/
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[docs]'
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

notebooks: $(VENV)/.dev ## the example notebooks run, and stored with what they show
	$(BIN)/python examples/notebooks/store_outputs.py

test-browser: $(VENV)/.dev ## a notebook in JupyterLab under headless Chromium; screenshots in build/screenshots
	$(BIN)/python -m pip install --quiet --disable-pip-version-check playwright jupyterlab
	@command -v chromium >/dev/null || $(BIN)/python -m playwright install chromium || apt-get install -y chromium
	SPLMINI_SCREENSHOTS=build/screenshots $(BIN)/pytest -n 0 -m browser tests/browser

clean: ## remove the virtual environment and what the tools leave
	rm -rf $(VENV) build dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
