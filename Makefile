# make demo   set up and run the demonstration city until interrupted
# make test   set up and run every test
# make lint   formatting, lint, types
# make docs   the documentation as a site, with a reference made from the code
# make bench NAME=flood   measure; one JSON line a figure
# make conformance [NAME=features|tiles|sta]   OGC's own test suites; one JSON line each
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
WEB := api/web/app
WEB_STAMP := api/web/dist/index.html
WEB_SOURCES := $(shell find $(WEB) -type f -not -path '*/node_modules/*' 2>/dev/null)

.PHONY: demo test lint web clean bench conformance docs

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(STAMP): pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet -e .
	touch $@

$(DEV_STAMP): $(STAMP)
	$(BIN)/python -m pip install --quiet --group dev
	touch $@

$(WEB_STAMP): $(WEB_SOURCES) | $(VENV)/bin/python
	PATH="$(CURDIR)/$(BIN):$$PATH" sh $(WEB)/build.sh "$(CURDIR)/$(BIN)/python"

web: $(WEB_STAMP)

demo: $(STAMP) $(WEB_STAMP)
	$(BIN)/python -m api.demo

test: $(DEV_STAMP) $(WEB_STAMP)
	$(BIN)/python tests/services.py
	$(BIN)/python -m pytest
	PATH="$(CURDIR)/$(BIN):$$PATH" sh $(WEB)/check.sh test

lint: $(DEV_STAMP) $(WEB_STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	PATH="$(CURDIR)/$(BIN):$$PATH" sh $(WEB)/check.sh lint

bench: $(STAMP)
	@test -n "$(NAME)" -a -f "benchmarks/$(NAME).py" || { echo "make bench NAME=… with one of: $(patsubst benchmarks/%.py,%,$(wildcard benchmarks/*.py))" >&2; exit 2; }
	@PYTHONPATH=. $(BIN)/python benchmarks/$(NAME).py

conformance: $(STAMP)
	@PYTHONPATH=. $(BIN)/python tests/conformance/run.py $(NAME)

docs: $(DEV_STAMP)
	PYTHONPATH=. $(BIN)/python docs/site/reference.py build/docs
	$(BIN)/zensical build --strict --clean --config-file build/mkdocs.yml
	@echo "docs: build/site/index.html"

clean:
	rm -rf $(VENV) build api/web/dist $(WEB)/node_modules
