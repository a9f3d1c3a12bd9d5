# `make try` shows Coach at work, `make test` checks it; both install what they need into .venv.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
ARGS ?=

# Waiting threads sleep instead of spinning: several times faster on a busy machine.
export OMP_WAIT_POLICY := passive
export GOMP_SPINCOUNT := 0

.PHONY: install try test test-slow

install: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("Coach needs Python 3.11 or newer: make install PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[try,dev]'
	@touch $@

try: install
	$(BIN)/coach try $(ARGS)

test: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -m "not slow" $(ARGS)

test-slow: install
	$(BIN)/pytest -m slow $(ARGS)
